"""Whether a TIFF's parts lie where its directories say: raw pixels carry no other check.

Bytes that slip into the pixels push as many out behind what the directories know of.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from struct import calcsize, unpack_from
from typing import Final, NamedTuple

from covid_d.radiograph.readers.sound import fills_up

# TIFF 6.0, section 2, and BigTIFF: bytes of a value of each type.
_SIZES: Final = {
    **{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8},
    **{13: 4, 16: 8, 17: 8, 18: 8},
}
_CODES: Final = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
# Offsets and lengths: of strips, of tiles, of the preview of an old JPEG in TIFF.
_PARTS: Final = ((273, 279), (324, 325), (513, 514))
_FURTHER: Final = (330, 34665, 34853, 40965)  # directories of directories, EXIF, GPS
_MOST_SPANS: Final = 1 << 16
_MOST_VALUES: Final = 1 << 20


class _Layout(NamedTuple):
    """How a directory is written: classic or BigTIFF, either byte order."""

    entries: str
    entry: str
    offset: str


class _Span(NamedTuple):
    """Bytes [start, stop) of a file that something refers to."""

    start: int
    stop: int


def require_sound_tiff(data: bytes) -> None:
    """Raise unless a TIFF ends where its parts do, and no two strips or tiles overlap.

    Raises
    ------
    ValueError
        If bytes are left behind everything that a directory refers to, if strips share bytes, or
        if a part lies outside the file.
    """
    spans: list[_Span] = []
    for directory in _directories(data, spans):
        for offsets, lengths in _PARTS:
            starts, sizes = directory.get(offsets, ()), directory.get(lengths, ())
            parts = sorted(
                _Span(at, at + size) for at, size in zip(starts, sizes, strict=False) if size
            )
            for one, other in pairwise(parts):
                if other.start < one.stop:
                    raise ValueError(f"strips of a TIFF overlap at byte {other.start}")
            spans += parts
    if len(spans) >= _MOST_SPANS:  # of many pages: no single film, whatever follows
        return
    end = max(span.stop for span in spans)
    if end > len(data):
        raise ValueError(f"a TIFF of {len(data)} bytes refers to byte {end}")
    if not fills_up(data[end:], total=len(data)):
        raise ValueError(f"{len(data) - end} bytes behind everything that a TIFF refers to")


def _directories(data: bytes, spans: list[_Span]) -> Iterator[dict[int, tuple[int, ...]]]:
    """Yield the whole numbers of each directory, by tag; note what bytes all of it takes."""
    order = "<" if data[:2] == b"II" else ">"
    (version,) = unpack_from(order + "H", data, 2)
    if version == 43:  # BigTIFF
        layout, at = _Layout(order + "Q", order + "HHQ", order + "Q"), 8
    else:
        layout, at = _Layout(order + "H", order + "HHI", order + "I"), 4
    waiting, seen = [unpack_from(layout.offset, data, at)[0]], set[int]()
    while waiting:
        at = waiting.pop()
        if not at or at in seen:
            continue
        seen.add(at)
        if len(spans) >= _MOST_SPANS:
            return
        values, following = _directory(data, at, layout, order, spans)
        waiting += [following, *(other for tag in _FURTHER for other in values.get(tag, ()))]
        yield values


def _directory(
    data: bytes, at: int, layout: _Layout, order: str, spans: list[_Span]
) -> tuple[dict[int, tuple[int, ...]], int]:
    """Return the whole numbers of one directory, by tag, and where the next one lies."""
    start = at
    (entries,) = unpack_from(layout.entries, data, at)
    at += calcsize(layout.entries)
    values: dict[int, tuple[int, ...]] = {}
    for _ in range(entries):
        tag, kind, count = unpack_from(layout.entry, data, at)
        at += calcsize(layout.entry)
        room, size = calcsize(layout.offset), _SIZES.get(kind, 0) * count
        where = at
        if size > room:
            (where,) = unpack_from(layout.offset, data, at)
            spans.append(_Span(where, where + size))
        if kind in _CODES and count <= _MOST_VALUES:
            values[tag] = unpack_from(f"{order}{count}{_CODES[kind]}", data, where)
        at += room
    (following,) = unpack_from(layout.offset, data, at)
    spans.append(_Span(start, at + calcsize(layout.offset)))
    return values, following
