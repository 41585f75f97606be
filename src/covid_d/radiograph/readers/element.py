"""Elements of a DICOM data set: what they are called, and the plain words and items they hold."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, Final

from pydicom import Dataset
from pydicom.datadict import dictionary_description
from pydicom.dataelem import RawDataElement
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import Tag

# Longest stretch of a file's own words that is quoted to a reader.
_TEXT: Final = 32
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


def value_of(dataset: Dataset, keyword: str) -> Any:
    """Return what pydicom makes of an element; ``None`` of one that is malformed."""
    # It converts a value when it is asked for, and raises whatever the conversion meets.
    with suppress(Exception):
        return dataset.get(keyword)
    return None


def text_of(dataset: Dataset, keyword: str) -> str | None:
    """Return an element's words in capitals, of several values all, as the file parts them."""
    value = value_of(dataset, keyword)
    if isinstance(value, MultiValue) and all(isinstance(part, str) for part in value):
        value = "\\".join(value)
    if not isinstance(value, str):
        return None
    # The words are shown to readers and written to logs: no control characters, no novels.
    clean = "".join(letter for letter in value if letter.isprintable()).strip()[:_TEXT]
    return clean.upper() or None


def items_of(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; none where there is none that can be read."""
    items = value_of(dataset, keyword)
    return list(items) if isinstance(items, Sequence) else []
