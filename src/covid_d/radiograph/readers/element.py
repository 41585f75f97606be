"""What an element of a DICOM data set is called, as the standard writes it."""

from __future__ import annotations

from pydicom.datadict import dictionary_description
from pydicom.tag import Tag


def named(keyword: str) -> str:
    """Return an element's name and number.

    Examples
    --------
    >>> named("PixelPaddingValue")
    'Pixel Padding Value (0028,0120)'
    """
    tag = Tag(keyword)
    return f"{dictionary_description(tag)} ({tag.group:04x},{tag.element:04x})"
