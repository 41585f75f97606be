"""What a JPEG, JPEG-LS or JPEG 2000 stream declares of itself, read without decoding it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from struct import unpack_from
from typing import Final

from covid_d.radiograph.refusal import RadiographError, RefusalCode

_J2K_START: Final = b"\xff\x4f\xff\x51"  # SOC, then SIZ: ISO/IEC 15444-1 A.4.1 and A.5.1
_JPEG_START: Final = b"\xff\xd8"
# Start-of-frame markers: ISO/IEC 10918-1 table B.1 and, for JPEG-LS, ISO/IEC 14495-1 C.1.1.
FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_LOSSLESS: Final = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
JPEG_LS: Final = 0xF7
# Markers without a length: TEM, RST0-7, SOI.
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
SCAN: Final = 0xDA
_END: Final = 0xD9
# Apart from stuffing, fill bytes and restarts.
_MARKERS: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]", re.DOTALL)
_BLOCK: Final = 8
MOST_SEGMENTS: Final = 10_000
"""Of a JPEG, with fill bytes: films have some twenty, and hundreds with much told of a picture."""


class Coding(Enum):
    """How a stream codes its samples."""

    DCT = "JPEG"
    LOSSLESS = "JPEG lossless"
    JPEG_LS = "JPEG-LS"
    JPEG_2000 = "JPEG 2000"


@dataclass(frozen=True, slots=True)
class Codestream:
    """The frame header of a compressed image.

    Parameters
    ----------
    rows, columns
        Size in pixels.
    components
        Samples a pixel.
    precision
        Bits a sample.
    coding
        Which of the codings.
    signed
        Whether samples may be negative; in JPEG 2000 alone.
    unit
        Height and width in pixels of what a JPEG codes together.
    """

    rows: int
    columns: int
    components: int
    precision: int
    coding: Coding
    signed: bool = False
    unit: tuple[int, int] = (_BLOCK, _BLOCK)

    @classmethod
    def of(cls, stream: bytes) -> Codestream:
        """Read the frame header.

        Raises
        ------
        ValueError
            If the stream is neither JPEG, JPEG-LS nor JPEG 2000, or ends before its header does.
        """
        start = stream.find(_J2K_START, 0, 4096)  # behind the boxes of a JP2 file, if any
        if stream.startswith(_JPEG_START):
            return cls._of_jpeg(stream)
        if start < 0 or len(stream) < start + 43:
            raise ValueError(f"no JPEG or JPEG 2000 stream starts with {stream[:4].hex()}")
        # SIZ: marker, length, capabilities, grid size, grid offset, tile size, tile offset, count.
        width, height, left, top = unpack_from(">4I", stream, start + 8)
        (components,) = unpack_from(">H", stream, start + 40)
        precision = (stream[start + 42] & 0x7F) + 1
        signed = bool(stream[start + 42] & 0x80)
        return cls(height - top, width - left, components, precision, Coding.JPEG_2000, signed)

    @classmethod
    def _of_jpeg(cls, stream: bytes) -> Codestream:
        found = None
        for marker, at in segments(stream):  # all, so that they are counted
            if found is None and marker in FRAMES:
                precision, rows, columns, components = unpack_from(">BHHB", stream, at)
                unit = _unit(stream[at + 7 : at + 6 + 3 * components : 3])
                found = cls(rows, columns, components, precision, _coding(marker), unit=unit)
        if found is None:
            raise ValueError("a JPEG stream without a frame header")
        return found


def segments(stream: bytes) -> Iterator[tuple[int, int]]:
    """Yield the markers of a JPEG before its first scan, and where what they hold begins.

    Raises
    ------
    ValueError
        Where there is no marker.
    RadiographError
        ``TOO_LARGE`` with far more of them than any film has.
    """
    at, steps = 2, 0
    while at + 10 <= len(stream):
        steps += 1
        if steps > MOST_SEGMENTS:
            raise RadiographError.of(RefusalCode.TOO_LARGE, f"> {MOST_SEGMENTS} JPEG segments")
        if stream[at] != 0xFF:
            raise ValueError(f"no JPEG marker at byte {at}")
        marker = stream[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker in _BARE:
            at += 2
            continue
        if marker in (SCAN, _END):
            return
        yield marker, at + 4
        (length,) = unpack_from(">H", stream, at + 2)
        at += 2 + max(length, 2)


def all_segments(stream: bytes) -> Iterator[tuple[int, int]]:
    """Yield the markers of a JPEG to its end, and where what they hold begins; never one inside it.

    What a segment holds may be a JPEG itself: a camera's thumbnail.
    """
    at = 2
    while (found := _MARKERS.search(stream, at)) is not None:
        at, marker = found.start(), stream[found.start() + 1]
        if marker == _END or at + 4 > len(stream):
            return
        if marker in _BARE:
            at += 2
            continue
        yield marker, at + 4
        (length,) = unpack_from(">H", stream, at + 2)
        at += 2 + max(length, 2)


def _coding(marker: int) -> Coding:
    if marker == JPEG_LS:
        return Coding.JPEG_LS
    return Coding.LOSSLESS if marker in _LOSSLESS else Coding.DCT


def _unit(factors: bytes) -> tuple[int, int]:
    """Return height and width of what is coded together, by each component's sampling factors.

    Source: ISO/IEC 10918-1 A.2.
    """
    if len(factors) < 2:
        return _BLOCK, _BLOCK
    down, across = max(each & 0x0F for each in factors), max(each >> 4 for each in factors)
    return _BLOCK * max(down, 1), _BLOCK * max(across, 1)
