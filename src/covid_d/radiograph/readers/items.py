"""What a DICOM file would take once parsed: its items, eight bytes each there, take hundreds.

Whoever parses files that somebody else made asks here before: the reader of films and the node.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final

import numpy as np
from pydicom.filereader import _read_file_meta_info, read_preamble
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from covid_d.radiograph.readers.limits import MAX_BYTES
from covid_d.radiograph.readers.sound import inflated
from covid_d.radiograph.refusal import RadiographError, RefusalCode

MOST_ITEMS: Final = 100_000
"""Of all sequences together: no film has nearly as many."""
ITEM_BYTES: Final = 8
ENDING: Final = 16
"""Bytes that are looked at behind the last element, for which eight are needed at least (7.1)."""
NOT_DEFLATED: Final = (0, b"")
_ITEM: Final = 0xE000FFFE  # four bytes, read as a number of little endian
_ITEM_BIG: Final = 0x00E0FEFF
_AT_ONCE: Final = 1 << 16  # bytes that the processor keeps at hand


def require_few(content: bytes) -> tuple[int, bytes]:
    """Refuse a DICOM file that would take far more memory, once parsed, than it has bytes.

    Its items are counted as bytes, before anything of it is parsed, and a deflated data set is
    inflated piece by piece: pydicom knows no limit, and takes what is left of a stream that ends
    early or late.

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

    Source: PS3.5 7.5 and A.5.
    """
    # Fewer bytes hold too few, whatever they are; unless they are deflated.
    large = len(content) >= ITEM_BYTES * MOST_ITEMS
    if large:
        _require_few(items_in(content))  # the head's among them
    stream = BytesIO(content)
    syntax = _syntax_of(stream)
    if syntax == DeflatedExplicitVRLittleEndian:
        return _require_inflatable(stream.read())
    # Where no syntax is stated, a data set's first bytes tell pydicom.
    if large and syntax in (None, ExplicitVRBigEndian):
        _require_few(items_in(content, big=True))
    return NOT_DEFLATED


def items_in(piece: bytes, *, big: bool = False) -> int:
    """Return how often the tag of an item stands in some bytes, fast also for a white film.

    Parameters
    ----------
    piece
        Of a data set, parsed or not.
    big
        Whether it is written in big endian.
    """
    tag, count = _ITEM_BIG if big else _ITEM, 0
    for start in range(0, len(piece) - 3, _AT_ONCE):
        for at in range(start, min(start + 4, len(piece) - 3)):
            tags = min(_AT_ONCE, len(piece) - at) // 4
            count += int(np.count_nonzero(np.frombuffer(piece, "<u4", tags, at) == tag))
    return count


def _require_few(items: int) -> None:
    if items > MOST_ITEMS:
        raise RadiographError.of(RefusalCode.TOO_LARGE, f"> {MOST_ITEMS} DICOM items")


def _syntax_of(stream: BytesIO) -> str | None:
    """Return the transfer syntax that a file states; the stream stands at its data set then."""
    read_preamble(stream, force=True)
    # As dcmread does: where another reading of the head saw no syntax, this one had no limit.
    stated = _read_file_meta_info(stream).get("TransferSyntaxUID")
    return None if stated is None else str(stated)


def _require_inflatable(deflated: bytes) -> tuple[int, bytes]:
    size, items, ending = 0, 0, b""
    for piece in inflated(deflated, raw=True):
        size, ending = size + len(piece), (ending + piece[-ENDING:])[-ENDING:]
        items += items_in(piece)
        _require_few(items)
        if size > MAX_BYTES:
            raise RadiographError.of(RefusalCode.TOO_LARGE, f"> {MAX_BYTES >> 20} MB")
    return size, ending
