"""Whether each strip or tile of a TIFF is coded whole: libtiff stops once it has its pixels.

What is damaged within a strip makes its codes say more or fewer bytes than the strip holds. Of the
codings without a checksum, only those of which that can be told are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import TiffImagePlugin

from covid_d.radiograph.readers.sound import inflated, require_sound_jpeg, require_sound_runs
from covid_d.radiograph.refusal import RadiographError, RefusalCode

# TIFF 6.0 tags.
_COLUMNS, _ROWS, _BITS, _COMPRESSION, _SAMPLES = 256, 257, 258, 259, 277
_STRIP_STARTS, _STRIP_ROWS, _STRIP_SIZES, _PLANES = 273, 278, 279, 284
_TILE_COLUMNS, _TILE_ROWS, _TILE_STARTS, _TILE_SIZES = 322, 323, 324, 325
_JPEG_TABLES: Final = 347
_APART: Final = 2  # of Planar Configuration: each sample in strips of its own

_RAW, _LZW, _JPEG, _PACK_BITS = 1, 5, 7, 32773
_DEFLATE: Final = frozenset({8, 32946})

# TIFF 6.0, section 13: codes that are no strings, the first that is one, and the largest table.
_CLEAR, _END, _FIRST, _TABLE = 256, 257, 258, 4096
# So many codes of 9 bits follow a clear code, then of 10, 11; the rest have 12.
_RUNS: Final = ((9, 254), (10, 512), (11, 1024), (12, _TABLE - _FIRST + 1 - 254 - 512 - 1024))
_END_BYTES: Final = 2  # an end code and what fills it up; some writers leave it out

# A table is begun anew when it is full, or serves badly over some 10,000 bytes: not more often.
_TABLE_BYTES: Final = 2000

_Numbers = npt.NDArray[np.int64]


class _Strip(NamedTuple):
    """A strip or tile: its coded bytes, how many rows it has, and bytes of each when decoded."""

    coded: bytes
    rows: int
    row_bytes: int


def require_sound_strips(picture: TiffImagePlugin.TiffImageFile, data: bytes) -> None:
    """Raise unless each strip's codes make the bytes that the strip holds.

    Raises
    ------
    ValueError
        If one does not.
    RadiographError
        *unsupported*, if the strips are coded in a way of which nothing tells that.
    """
    tags = dict(picture.tag_v2)
    compression = int(tags.get(_COMPRESSION, _RAW))
    if compression == _JPEG:
        # TIFF Technical Note 2: abbreviated streams without tables, and one of tables alone.
        tables = bytes(tags.get(_JPEG_TABLES, b""))
        for strip in _strips(tags, data):
            stream = tables[:-2] + strip.coded[2 if tables else 0 :]
            require_sound_jpeg(stream, components=len(picture.getbands()))
    elif compression == _LZW:
        for strip in _strips(tags, data):
            require_sound_lzw(strip.coded, size=strip.rows * strip.row_bytes)
    elif compression == _PACK_BITS:
        for strip in _strips(tags, data):
            require_sound_runs(strip.coded, strip.rows, strip.row_bytes)
    elif compression in _DEFLATE:
        for strip in _strips(tags, data):
            size = sum(len(piece) for piece in inflated(strip.coded, raw=False))
            if size != strip.rows * strip.row_bytes:
                raise ValueError(f"a strip of {strip.rows} x {strip.row_bytes} bytes has {size}")
    elif compression != _RAW:
        what = TiffImagePlugin.COMPRESSION_INFO.get(compression, str(compression))
        raise RadiographError.of(RefusalCode.UNSUPPORTED, f"TIFF {what}")


def _strips(tags: dict[int, Any], data: bytes) -> Iterator[_Strip]:
    """Yield the strips or tiles, those of each plane in turn."""
    columns, rows = int(tags[_COLUMNS]), int(tags[_ROWS])
    tiled = _TILE_STARTS in tags
    if tiled:
        starts, sizes = tags[_TILE_STARTS], tags[_TILE_SIZES]
        high, wide = int(tags[_TILE_ROWS]), int(tags[_TILE_COLUMNS])
    else:
        starts, sizes = tags[_STRIP_STARTS], tags[_STRIP_SIZES]
        high, wide = min(int(tags.get(_STRIP_ROWS, rows)), rows), columns
    if high < 1 or wide < 1:
        raise ValueError(f"a TIFF in strips of {high} rows and {wide} columns")
    samples = 1 if tags.get(_PLANES, 1) == _APART else int(tags.get(_SAMPLES, 1))
    row_bytes = (wide * samples * int(tags.get(_BITS, (1,))[0]) + 7) // 8
    down = -(-rows // high)
    for number, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        left = rows - number % down * high
        yield _Strip(data[start : start + size], high if tiled else min(high, left), row_bytes)


def require_sound_lzw(coded: bytes, *, size: int) -> None:
    """Raise unless LZW codes make as many bytes as they should, and end there.

    A code that was changed stands nearly always for a string of another length, and so does every
    string that begins with it.

    Parameters
    ----------
    coded
        Codes of a strip, most significant bit first, each 9 to 12 bits wide.
    size
        Bytes that they should make.

    Source: TIFF 6.0, section 13.

    Raises
    ------
    ValueError
        If they make more or fewer, use a string that is not there yet, or go on behind.
    """
    bits = 8 * len(coded)
    padded = np.frombuffer(coded + bytes(3), np.uint8).astype(np.int64)
    made = at = 0
    for _ in range(2 + size // _TABLE_BYTES):
        codes, ends = _codes(padded, at, bits)
        others = np.flatnonzero((codes == _CLEAR) | (codes == _END))
        count = int(others[0]) if len(others) else len(codes)
        made += _bytes_of(codes[:count])
        reached = int(ends[count - 1]) if count else at
        following = int(codes[count]) if count < len(codes) else _END
        if made == size and (following == _END or bits - reached <= 8 * _END_BYTES):
            return
        if made > size or following == _END:
            raise ValueError(f"LZW codes make {made} of {size} bytes by bit {reached} of {bits}")
        at = int(ends[count])
    raise ValueError(f"LZW codes begin a table for every {_TABLE_BYTES} bytes, or more")


def _codes(padded: _Numbers, at: int, bits: int) -> tuple[_Numbers, _Numbers]:
    """Return the codes from bit ``at`` on, up to a full table, and the bit at which each ends."""
    starts, widths = _places()
    ends = at + starts + widths
    there = int(np.searchsorted(ends, bits, side="right"))
    starts, widths, ends = at + starts[:there], widths[:there], ends[:there]
    first = starts >> 3
    word = padded[first] << 16 | padded[first + 1] << 8 | padded[first + 2]
    return word >> (24 - (starts & 7) - widths) & (1 << widths) - 1, ends


@cache
def _places() -> tuple[_Numbers, _Numbers]:
    """Return at which bit behind a clear code each code begins, and how wide it is."""
    widths = np.concatenate([np.full(count, width) for width, count in _RUNS]).astype(np.int64)
    return np.cumsum(widths) - widths, widths


def _bytes_of(codes: _Numbers) -> int:
    """Return how many bytes the codes of one table make.

    With each code but the first a string comes into the table: that of the code before and a byte.
    """
    if np.any(codes >= _FIRST + np.arange(len(codes))):
        raise ValueError("an LZW code for a string that is not there yet")
    before = np.arange(_FIRST + len(codes))
    before[_FIRST:] = codes
    more = (before != np.arange(len(before))).astype(np.int64)  # bytes beyond those of `before`
    while np.any(more[before]):
        more, before = more + more[before], before[before]
    return int((1 + more[codes]).sum())
