"""PNG files of every kind, written chunk by chunk: also those that no library writes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# PNG 8.2, Adam7: first column and row of each pass, and its steps.
_PASSES = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
Chunk = tuple[bytes, bytes]


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(
    samples: npt.NDArray[Any],
    *,
    bits: int = 8,
    kind: int = 0,
    before: Iterable[Chunk] = (),
    after: Iterable[Chunk] = (),
    interlaced: bool = False,
    filters: Iterable[int] = (0,),
    pieces: int = 1,
) -> bytes:
    """Return a PNG.

    Parameters
    ----------
    samples
        Whole numbers, HxW or HxWxC.
    bits, kind
        Depth and colour type of the header.
    before, after
        Chunks around the pixels.
    interlaced
        Whether in the seven passes of Adam7.
    filters
        Of the lines, in turn.
    pieces
        So many chunks of pixels.
    """
    samples = samples if samples.ndim == 3 else samples[..., None]
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, interlaced)
    lines = b"".join(_lines(samples, bits, interlaced, tuple(filters)))
    squeezed = zlib.compress(lines)
    step = -(-len(squeezed) // pieces)
    data = [(b"IDAT", squeezed[at : at + step]) for at in range(0, len(squeezed), step)]
    chunks = [(b"IHDR", header), *before, *data, *after, (b"IEND", b"")]
    return SIGNATURE + b"".join(chunk(*part) for part in chunks)


def _lines(
    samples: npt.NDArray[Any], bits: int, interlaced: bool, filters: tuple[int, ...]
) -> Iterator[bytes]:
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    count = 0
    for left, top, across, down in passes:
        part = samples[top::down, left::across]
        if not part.size:
            continue
        back = max(1, part.shape[2] * bits // 8)
        above = None
        for row in part:
            line = _packed(row.ravel(), bits)
            if above is None:
                above = np.zeros_like(line)
            used = filters[count % len(filters)]
            yield bytes([used]) + _filtered(line, above, used, back).tobytes()
            above, count = line, count + 1


def _packed(row: npt.NDArray[Any], bits: int) -> npt.NDArray[np.uint8]:
    if bits == 16:
        return np.frombuffer(row.astype(">u2").tobytes(), dtype=np.uint8)
    if bits == 8:
        return row.astype(np.uint8)
    flags = (row[:, None].astype(np.int64) >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(flags.astype(np.uint8).ravel())


def _filtered(
    line: npt.NDArray[np.uint8], above: npt.NDArray[np.uint8], used: int, back: int
) -> npt.NDArray[np.uint8]:
    here, up = line.astype(np.int64), above.astype(np.int64)
    left = np.concatenate([np.zeros(back, np.int64), here])[: len(here)]
    corner = np.concatenate([np.zeros(back, np.int64), up])[: len(here)]
    if used == 4:
        away = [np.abs(left + up - corner - side) for side in (left, up, corner)]
        nearest = np.where(away[1] <= away[2], up, corner)
        guess = np.where((away[0] <= away[1]) & (away[0] <= away[2]), left, nearest)
    else:
        guess = [np.zeros_like(here), left, up, (left + up) // 2][used]
    return ((here - guess) % 256).astype(np.uint8)
