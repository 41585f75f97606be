"""Our own objects as files (PS3.10): explicit VR, little endian, whole in memory.

pydicom writes whatever a data set holds, with a look at each value's kind and character set; ours
hold a dozen kinds of value in UTF-8, and a third of what an answer cost was that look
(``benchmarks/pacs.py``). Tests hold each object's bytes against what pydicom writes.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import Any, Final

from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileDataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID

# Who wrote the file (PS3.7 D.3.3.2); of our own, so that no library's version is in the bytes.
IMPLEMENTATION: Final = UID("2.25.98047164112290834172301187736294019651")
IMPLEMENTATION_NAME: Final = "COVID-D"

_TEXTS: Final = frozenset(
    {"AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "ST", "TM", "UI", "UT"}
)
_NUMBERS: Final = {"UL": "<I", "US": "<H"}
_LONG: Final = frozenset({"OB", "SQ", "UT"})  # VRs whose length takes four bytes (PS3.5 7.1.2)
_HEAD: Final = struct.Struct("<HH2sH")
_LONG_HEAD: Final = struct.Struct("<HH2sHI")
_ITEM: Final = struct.Struct("<HHI")
_UNKNOWN: Final = 0xFFFFFFFF
_PIXELS: Final = 0x7FE00010


def state(made: Dataset, **elements: Any) -> None:
    """Give a data set elements, written at once: as values pydicom looks at each three times.

    Parameters
    ----------
    made
        Written in explicit VR, little endian, its texts in UTF-8.
    elements
        Texts and whole numbers by keyword; sequences as data sets, or as :func:`items`.
    """
    for keyword, value in elements.items():
        tag, kind = _known(keyword)
        content = _content(kind, value)
        made[tag] = RawDataElement(tag, kind, len(content), content, 0, False, True)


def items(*bodies: bytes) -> bytes:
    """Return data sets, each written already, as the items of a sequence."""
    return b"".join(_in_item(body) for body in bodies)


def element(keyword: str, value: Any) -> bytes:
    """Return one element, as :func:`state` writes it."""
    tag, kind = _known(keyword)
    return _element(tag, kind, _content(kind, value))


@cache
def _known(keyword: str) -> tuple[BaseTag, str]:
    tag = tag_for_keyword(keyword)
    assert tag is not None, keyword  # noqa: S101 - a keyword in our own code
    return Tag(tag), dictionary_VR(tag)


def file_of(made: FileDataset) -> bytes:
    """Return an object as a file.

    Parameters
    ----------
    made
        Its class, UID and transfer syntax as its ``file_meta`` states them.

    Raises
    ------
    ValueError
        If it holds a value of a kind that none of our objects has.
    """
    told = made.file_meta
    head = file_head(
        told.MediaStorageSOPClassUID, told.MediaStorageSOPInstanceUID, told.TransferSyntaxUID
    )
    return head + data_set(made)


def file_head(sop_class: str, sop_instance: str, syntax: str) -> bytes:
    """Return what a file says of its object before the data set (PS3.10 7.1), written by us."""
    meta = b"".join(
        [
            _element(0x00020001, "OB", b"\0\1"),
            _element(0x00020002, "UI", _text("UI", sop_class)),
            _element(0x00020003, "UI", _text("UI", sop_instance)),
            _element(0x00020010, "UI", _text("UI", syntax)),
            _element(0x00020012, "UI", _text("UI", IMPLEMENTATION)),
            _element(0x00020013, "SH", _text("SH", IMPLEMENTATION_NAME)),
        ]
    )
    length = _element(0x00020000, "UL", struct.pack("<I", len(meta)))
    return b"".join((bytes(128), b"DICM", length, meta))


def data_set(made: Dataset) -> bytes:
    """Return a data set's elements, in the order of their tags.

    Raises
    ------
    ValueError
        As :func:`file_of`.
    """
    return b"".join([_written(tag, made.get_item(tag)) for tag in sorted(made.keys(), key=int)])


def _written(tag: int, element: Any) -> bytes:
    kind: str = element.VR
    if isinstance(element, RawDataElement):  # written already (``results.sr``)
        return _element(tag, kind, element.value or b"")
    value = element.value
    if kind == "SQ" or kind in _TEXTS:
        return _element(tag, kind, _content(kind, value))
    if kind in _NUMBERS:
        return _element(tag, kind, struct.pack(_NUMBERS[kind], value))
    if kind == "OB" and tag == _PIXELS:  # packed: items, and the mark of their end (PS3.5 A.4)
        head = _LONG_HEAD.pack(tag >> 16, tag & 0xFFFF, b"OB", 0, _UNKNOWN)
        return b"".join((head, value, _ITEM.pack(0xFFFE, 0xE0DD, 0)))
    if kind == "OB":
        return _element(tag, kind, value)
    raise ValueError(f"{element.keyword} is {kind}, which is not written here")


def _content(kind: str, value: Any) -> bytes:
    if kind != "SQ":
        return _text(kind, value)
    return value if isinstance(value, bytes) else items(*map(data_set, value))


def _text(kind: str, value: Any) -> bytes:
    if value is None:
        return b""
    text = "\\".join(map(str, value)) if isinstance(value, (MultiValue, list)) else str(value)
    content = text.encode("utf-8", "replace")
    return content + (b"\0" if kind == "UI" else b" ") * (len(content) % 2)


def _element(tag: int, kind: str, content: bytes) -> bytes:
    group, element = tag >> 16, tag & 0xFFFF
    if kind in _LONG:
        return _LONG_HEAD.pack(group, element, kind.encode(), 0, len(content)) + content
    return _HEAD.pack(group, element, kind.encode(), len(content)) + content


def _in_item(body: bytes) -> bytes:
    return _ITEM.pack(0xFFFE, 0xE000, len(body)) + body
