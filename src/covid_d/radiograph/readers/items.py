"""What a DICOM file would take once parsed: eight bytes of it may take hundreds, and some seconds.

Whoever parses files that somebody else made asks here before: the reader of films and the node.
"""

from __future__ import annotations

from io import BytesIO
from struct import unpack_from
from typing import Final

from pydicom.filereader import _read_file_meta_info
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)
from pydicom.values import converters

from covid_d.radiograph.readers.sound import inflated
from covid_d.radiograph.readers.walk import Content, Walk

ENDING: Final = 16
"""Bytes that are looked at behind the last element, for which eight are needed at least (7.1)."""
NOT_DEFLATED: Final = (0, b"")
_PREAMBLE: Final = 128
_PREFIX: Final = b"DICM"
_LONGEST_HEAD: Final = 12  # of an element
_ALL: Final = 1 << 62
_BIG: Final = 1024  # the group of an element of big endian, read as one of little endian


def require_few(content: bytes) -> tuple[int, bytes]:
    """Refuse a DICOM file that would take far more memory or time, once parsed, than it looks like.

    Its elements, items and fragments are counted on its bytes, before anything of it is parsed,
    and a deflated data set is inflated piece by piece: pydicom knows no limit, and takes what is
    left of a stream that ends early or late.

    Parameters
    ----------
    content
        The file (PS3.10), or a bare data set.

    Returns
    -------
    Size and last bytes of its data set, inflated; :data:`NOT_DEFLATED` where it is not deflated.

    Raises
    ------
    RadiographError
        ``TOO_LARGE`` if it would.
    InvalidDicomError, ValueError, zlib.error
        If its head cannot be parsed, or its deflate stream is not whole.

    Source: PS3.5 7.1, 7.5 and A.5; PS3.10 7.1. The steps are those of ``dcmread``.
    """
    headed = content[_PREAMBLE : _PREAMBLE + len(_PREFIX)] == _PREFIX
    start = _PREAMBLE + len(_PREFIX) if headed else 0
    walk = Walk(Content(content))
    end = walk.data_set(start, implicit=False, little=True, group=2)
    head = BytesIO(content[start : end + _LONGEST_HEAD])
    # As dcmread does: where another reading of the head saw no syntax, this one had no limit.
    syntax = _read_file_meta_info(head).get("TransferSyntaxUID")
    at = walk.data_set(start + head.tell(), implicit=True, little=True, group=0)
    if syntax == DeflatedExplicitVRLittleEndian:
        return _require_few_inflated(content[at:], walk.steps)
    if at < len(content):
        implicit, little = _written(content, at, syntax)
        walk.data_set(at, implicit=implicit, little=little)
    return NOT_DEFLATED


def require_few_elements(data: bytes, written: UID) -> None:
    """Refuse a data set alone, as a message over the network holds one.

    Parameters
    ----------
    data
        Its bytes.
    written
        The transfer syntax that was agreed on.

    Raises
    ------
    RadiographError
        ``TOO_LARGE`` if it would take far more, once parsed, than it looks like.
    """
    if written.is_deflated:
        _require_few_inflated(data, 0)
        return
    implicit, little = written.is_implicit_VR, written.is_little_endian
    Walk(Content(data)).data_set(0, implicit=implicit, little=little)


def _written(content: bytes, at: int, syntax: object) -> tuple[bool, bool]:
    """Return whether a data set is written without representations, and in little endian."""
    if syntax is not None:
        return syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    if at + 6 > len(content):
        return True, True
    group, letters = unpack_from("<H2x2s", content, at)
    explicit = letters.decode("latin-1") in converters
    return not explicit, not (explicit and group >= _BIG)


def _require_few_inflated(deflated: bytes, steps: int) -> tuple[int, bytes]:
    content = Content(bytearray(), inflated(deflated, raw=True))
    walk = Walk(content)
    walk.steps = steps
    walk.data_set(0, implicit=False, little=True)
    return content.reach(_ALL), bytes(content.data[-ENDING:])
