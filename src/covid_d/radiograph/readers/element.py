"""Elements of a DICOM data set: what they are called, and the plain words and items they hold."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Final

from pydicom import Dataset
from pydicom.datadict import dictionary_description
from pydicom.dataelem import RawDataElement
from pydicom.sequence import Sequence
from pydicom.tag import Tag

_FOREIGN: Final = re.compile(rb"[^\x00-\x7f]+")
_NO_LETTERS: Final = re.compile(r"[^A-Z0-9?]+", re.ASCII)


def named(keyword: str) -> str:
    """Return an element's name and number.

    Examples
    --------
    >>> named("PixelPaddingValue")
    'Pixel Padding Value (0028,0120)'
    """
    tag = Tag(keyword)
    return f"{dictionary_description(tag)} ({tag.group:04x},{tag.element:04x})"


def plain(dataset: Dataset, keyword: str) -> str:
    """Return an element's words in capitals with single blanks; ``?`` stands for other letters.

    As they lie in the file, byte by byte, so that no character set hides one.
    """
    with suppress(Exception):  # pydicom converts a value when it is asked for
        element = dataset.get_item(keyword)
        value = element.value if element is not None else None
        if not isinstance(element, RawDataElement) and value is not None:
            value = str(value).encode("latin-1", "replace")  # of several values all
        if isinstance(value, bytes):
            ascii_words = _FOREIGN.sub(b"?", value).decode("ascii").upper()
            return _NO_LETTERS.sub(" ", ascii_words).strip()
    return ""


def items_of(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; none where there is none that can be read."""
    with suppress(Exception):  # as above
        items = dataset.get(keyword)
        if isinstance(items, Sequence):
            return list(items)
    return []
