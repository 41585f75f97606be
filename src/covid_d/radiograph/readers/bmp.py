"""Whether a BMP's pixels are as many bytes as its header says: they carry no other check."""

from __future__ import annotations

from struct import unpack_from
from typing import Final

from covid_d.radiograph.readers.sound import fills_up
from covid_d.radiograph.refusal import RadiographError, RefusalCode

_FILE_HEADER: Final = 14  # bytes, before the header of the picture
_OS2: Final = 12  # bytes of the oldest header: sizes of 16 bits, nothing compressed
_WITH_PROFILE: Final = 124
_PLAIN: Final = frozenset({0, 3})  # BI_RGB, BI_BITFIELDS


def require_sound_bmp(data: bytes) -> None:
    """Raise unless a BMP holds the bytes of its pixels and, behind them, of its colour profile.

    Bytes that slip into the pixels push as many out behind them.

    Source: Microsoft's BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER and BITMAPV5HEADER.

    Raises
    ------
    ValueError
        If it holds fewer or more.
    RadiographError
        *unsupported*, if its pixels are compressed: runs may end anywhere.
    """
    stated, _, start, header = unpack_from("<IIII", data, 2)
    at = _FILE_HEADER
    if header == _OS2:
        columns, rows, _, bits = unpack_from("<4H", data, at + 4)
    else:
        columns, rows, _, bits, compression = unpack_from("<iiHHI", data, at + 4)
        if compression not in _PLAIN:
            raise RadiographError.of(RefusalCode.UNSUPPORTED, f"BMP, compression {compression}")
    end = start + (columns * bits + 31) // 32 * 4 * abs(rows)
    if header >= _WITH_PROFILE:
        profile, size = unpack_from("<II", data, at + 112)
        end = max(end, at + profile + size if size else 0)
    if end > len(data):
        raise ValueError(f"a BMP of {len(data)} bytes should have {end}")
    # What fills it up belongs to the size that the file states.
    if len(data) > end and not (len(data) == stated and fills_up(data[end:], total=stated)):
        raise ValueError(f"{len(data) - end} bytes behind the pixels of a BMP")
