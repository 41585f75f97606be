"""JPEG of many scans that bring nothing: a few bytes each, for all blocks.

Written by hand from ISO/IEC 10918-1, apart from what reads them.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

_BITS: Final = 13
_LONGEST: Final = 14  # an end-of-band run of so many further bits
_FULL: Final = (2 << _LONGEST) - 1


def progressive(side: int, scans: int, *, grain: int = 1) -> bytes:
    """A grey square of so many pixels and scans, with noise in the means of its blocks.

    Of 2 scans to some 800.
    """
    blocks = (-(-side // 8)) ** 2
    rng = np.random.default_rng(grain)
    up = rng.random(blocks) < 0.5
    turned = np.diff(up, prepend=False)  # a block is dark or bright: a step, or none
    means = "".join(np.where(turned, np.where(up, "1011111", "1000000"), "0"))
    head = _segment(0xDB, b"\0" + b"\x10" * 64)
    head += _segment(0xC2, struct.pack(">BHHB3B", 8, side, side, 1, 1, 0x11, 0))
    head += _segment(0xC4, bytes([0x00, 1, 1, *[0] * 14, 0, 5]))
    head += _segment(0xC4, bytes([0x10, 0, 2, *[0] * 14, _LONGEST << 4, 0]))
    nothing = _coded(_ends(blocks))
    # Those of one coefficient each, in as many scans as bits or in one; the last takes the others.
    each = _BITS + 1
    slow, single = divmod(scans - 2, each)
    bits = [(0, _BITS), *((bit, bit - 1) for bit in range(_BITS, 0, -1))]
    chosen = [(at, at, *bit) for at in range(1, slow + 1) for bit in bits]
    chosen += [(at, at, 0, 0) for at in range(slow + 1, slow + single + 1)]
    chosen.append((slow + single + 1, 63, 0, 0))
    body = _scan(0, 0, 0, 0) + _coded(means)
    for scan in chosen:
        body += _scan(*scan) + nothing
    return b"\xff\xd8" + head + body + b"\xff\xd9"


def sequential(side: int, scans: int) -> bytes:
    """A colour JPEG, not progressive, of so many scans; each makes all blocks of one component."""
    head = _segment(0xDB, b"\0" + b"\x10" * 64)
    parts = b"".join(bytes([name, 0x11, 0]) for name in (1, 2, 3))
    head += _segment(0xC0, struct.pack(">BHHB", 8, side, side, 3) + parts)
    for table in (0x00, 0x10):  # one code, 0: no difference of the mean, and end of block
        head += _segment(0xC4, bytes([table, 1, *[0] * 15, 0]))
    blocks = _coded("00" * (-(-side // 8)) ** 2)
    for number in range(scans):
        head += _segment(0xDA, bytes([1, number % 3 + 1, 0, 0, 63, 0])) + blocks
    return b"\xff\xd8" + head + b"\xff\xd9"


def arithmetic(side: int, scans: int = 1) -> bytes:
    """A colour JPEG of arithmetic codes, of which each scan has two bytes and then no more."""
    head = _segment(0xDB, b"\0" + b"\x10" * 64)
    parts = b"".join(bytes([name, 0x11, 0]) for name in (1, 2, 3))
    head += _segment(0xC9, struct.pack(">BHHB", 8, side, side, 3) + parts)
    for number in range(scans):
        head += _segment(0xDA, bytes([1, number % 3 + 1, 0, 0, 63, 0])) + b"\x12\x34"
    return b"\xff\xd8" + head + b"\xff\xd9"


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def _scan(start: int, stop: int, before: int, after: int) -> bytes:
    return _segment(0xDA, bytes([1, 1, 0, start, stop, before << 4 | after]))


def _ends(blocks: int) -> str:
    """Bits that end the band of so many blocks."""
    bits = ""
    while blocks > _FULL // 2:
        run = min(blocks, _FULL)
        bits += f"00{run - (1 << _LONGEST):0{_LONGEST}b}"
        blocks -= run
    return bits + "01" * blocks


def _coded(bits: str) -> bytes:
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
