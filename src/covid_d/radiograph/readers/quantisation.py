"""How coarsely a JPEG keeps the mean of each block: what its quantisation table says."""

from __future__ import annotations

from struct import unpack_from
from typing import Final

from covid_d.radiograph.readers.codestream import FRAMES, segments

_TABLES: Final = 0xDB
_ENTRIES: Final = 64


def mean_step(stream: bytes) -> int:
    """Return by how many eighths of a grey level the mean of a block can step at least.

    The coefficient of a block's mean is eight times the mean, and is kept in multiples of its
    table's first entry. Of several components the coarsest counts.

    Source: ISO/IEC 10918-1 A.3.3, A.3.4, B.2.2 (which table), B.2.4.1 (what it holds).

    Raises
    ------
    ValueError
        If the stream holds no table for its components before its first scan.
    """
    tables: dict[int, int] = {}
    named: set[int] = set()
    for marker, at in segments(stream):
        if marker == _TABLES:
            (length,) = unpack_from(">H", stream, at - 2)
            tables |= _first_entries(stream[at : at - 2 + length])
        elif marker in FRAMES:
            named = set(stream[at + 8 : at + 6 + 3 * stream[at + 5] : 3])
    steps = [tables[name] for name in named if name in tables]
    if not steps or not all(steps):
        raise ValueError("a JPEG stream without its quantisation table")
    return max(steps)


def _first_entries(body: bytes) -> dict[int, int]:
    """Return the first entry of each table of a segment, by the table's number."""
    found = {}
    at = 0
    while at + 3 <= len(body):
        wide, number = body[at] >> 4, body[at] & 0x0F
        found[number] = unpack_from(">H" if wide else ">B", body, at + 1)[0]
        at += 1 + (_ENTRIES << 1 if wide else _ENTRIES)
    return found
