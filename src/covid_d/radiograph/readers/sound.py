"""Whether coded pixels are whole: decoders fill in what they cannot read, and hardly say so.

Each check raises ``ValueError`` with what is wrong; the door of the room turns it into *damaged*.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO
from struct import pack, unpack_from
from typing import Final

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image, WebPImagePlugin  # noqa: F401 - registers WebP

from covid_d.radiograph.readers.codestream import FRAMES, JPEG_LS, SCAN, all_segments
from covid_d.radiograph.refusal import RadiographError, RefusalCode

# libjpeg-turbo warns of each of these and goes on; asked strictly, it stops. What it cannot turn
# into grey at all is no damage.
_NO_DAMAGE: Final = "nsupported"
_CMYK: Final = 4
# An eighth of the size: the entropy coded data is read whole all the same.
_SHRUNK: Final = 8

_FRAMES: Final = FRAMES - {JPEG_LS}
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_ARITHMETIC: Final = frozenset(range(0xC9, 0xD0)) - {0xCC}
MOST_SCANS: Final = 64
"""Of a progressive JPEG: programs write some ten. Each goes through all blocks."""
_COEFFICIENTS: Final = 64
_NOT_SENT: Final = 15  # bits of a coefficient that no scan brought

# More rows than end with a run by chance. PS3.5 G.3.1: each row is coded by itself; writers that
# do not heed it exist, and fail at once.
_HEEDED: Final = 8
_LAST_RUN: Final = 128  # the header byte that codes nothing

_BLOCKS: Final = (1, 2, 4, 16, 512)  # bytes: words, lines of memory, sectors

_INFLATED_AT_ONCE: Final = 8 * 1024**2

# A VP8 or VP8L stream ends with at most these bytes that its decoder does not ask for.
_UNASKED: Final = 8


def fills_up(rest: bytes, *, total: int) -> bool:
    """Return whether what lies behind the last pixel of a file of ``total`` bytes only fills it up.

    Zeros up to a whole number of words or blocks. Others are pixels that bytes which slipped in
    have pushed out: a film may well end in black.
    """
    block = next((block for block in _BLOCKS if len(rest) < block), _BLOCKS[-1])
    return not rest.strip(b"\0") and total % block == 0


def require_all_scans(stream: bytes) -> None:
    """Raise where scans of a progressive JPEG are missing, or those of another one repeat.

    A file that was cut between two scans and closed shows a coarse picture, and no decoder warns.
    Its first component, the grey, must have all bits of all its coefficients. In other frames each
    component has one scan; decoders go through as many as there are.

    Source: ISO/IEC 10918-1 B.2.3 and G.1.1.1.

    Raises
    ------
    ValueError
        If it lacks some, or has too many; also where the frame is progressive and holds no scan.
    RadiographError
        ``TOO_LARGE`` with far more scans than any program writes, each some bytes for all blocks;
        ``UNSUPPORTED`` with arithmetic codes, whose decoder takes what lacks or is damaged for
        blocks.
    """
    first, left, scans, components = -1, [_NOT_SENT] * _COEFFICIENTS, 0, 0
    for marker, at in all_segments(stream):
        if marker in _ARITHMETIC:
            raise RadiographError.of(RefusalCode.UNSUPPORTED, "JPEG, arithmetic coding")
        if marker in _PROGRESSIVE and first < 0:
            first = stream[at + 6]
        elif marker in _FRAMES and stream[at + 5] == 1:  # one scan; the decoder takes no more
            return
        elif marker in _FRAMES and first < 0:
            components = stream[at + 5]
        elif marker == SCAN:
            scans += 1
            if components and scans > components:
                raise ValueError(f"a JPEG of {components} components has more scans than that")
            if scans > MOST_SCANS:
                raise RadiographError.of(RefusalCode.TOO_LARGE, f"> {MOST_SCANS} JPEG scans")
            behind = at + 1 + 2 * stream[at]
            named = first >= 0 and first in stream[at + 1 : behind : 2]
            if named and len(stream) > behind + 2:
                start, stop, bits = stream[behind : behind + 3]
                if start <= stop < _COEFFICIENTS:
                    left[start : stop + 1] = [bits & 0x0F] * (stop + 1 - start)
    if first >= 0 and any(left):
        missing = sum(bits > 0 for bits in left)
        raise ValueError(f"a progressive JPEG lacks bits of {missing} of 64 coefficients")


def require_sound_jpeg(stream: bytes, *, components: int) -> None:
    """Raise unless libjpeg-turbo reads a JPEG of 8 bits without a warning.

    Raises
    ------
    ValueError
        With its words: *premature end of data segment*, *extraneous bytes before marker*...
    """
    colours = "CMYK" if components == _CMYK else "GRAY"
    require_all_scans(stream)
    try:
        simplejpeg.decode_jpeg(stream, colours, fastdct=True, min_factor=_SHRUNK, strict=True)
    except ValueError as error:
        if _NO_DAMAGE not in str(error):
            raise


def sound_grey_jpeg(stream: bytes) -> npt.NDArray[np.uint8] | None:
    """Return the samples of a grey JPEG of 8 bits, if libjpeg-turbo reads it without a warning.

    They are those that Pillow gives, by the same library, which need not decode it once more.

    Returns
    -------
    uint8, HxW; ``None`` where the library makes no picture of such a JPEG, damaged or not.

    Raises
    ------
    ValueError
        As :func:`require_sound_jpeg`.
    """
    require_all_scans(stream)
    try:
        samples: npt.NDArray[np.uint8] = simplejpeg.decode_jpeg(stream, "GRAY", strict=True)
    except ValueError as error:
        if _NO_DAMAGE not in str(error):
            raise
        return None
    return samples[:, :, 0]


def require_sound_rle(frame: bytes, *, rows: int, columns: int) -> None:
    """Raise unless each RLE segment codes the pixels of a frame, no more and no fewer.

    Source: PS3.5 Annex G.

    Raises
    ------
    ValueError
        If a segment ends early or late, or leaves the rows that it kept to.
    """
    count, *offsets = unpack_from("<16I", frame)
    ends = [*offsets[1:count], len(frame)]
    for start, stop in zip(offsets[:count], ends, strict=False):
        require_sound_runs(frame[start:stop], rows, columns)


def require_sound_runs(segment: bytes, rows: int, columns: int) -> None:
    """Raise unless runs of bytes (PackBits) make so many rows and columns, and end there.

    Source: TIFF 6.0, section 9; PS3.5 Annex G.

    Raises
    ------
    ValueError
        If they end early or late, or leave the rows that they kept to.
    """
    at, made, row_end, kept = 0, 0, columns, 0
    heeding = True
    while made < rows * columns:
        if at >= len(segment):
            raise ValueError(f"a segment of runs ends after {made} of {rows * columns} bytes")
        header = segment[at]
        if header < _LAST_RUN:
            at, made = at + header + 2, made + header + 1
        elif header > _LAST_RUN:
            at, made = at + 2, made + 257 - header
        else:
            at += 1
        if made >= row_end:
            if heeding and made != row_end:
                if kept >= _HEEDED:
                    raise ValueError(f"a run leaves row {kept} after {kept} rows kept apart")
                heeding = False
            kept, row_end = made // columns, (made // columns + 1) * columns
    # One byte may fill up to an even length.
    if made > rows * columns or at > len(segment) or len(segment) - at > 1:
        raise ValueError(f"a segment of {len(segment)} bytes ends at byte {at}")


def inflated(stream: bytes, *, raw: bool) -> Iterator[bytes]:
    """Inflate a deflate stream; yield it piece by piece.

    Parameters
    ----------
    raw
        Whether it is bare deflate (RFC 1951), else zlib (RFC 1950) with its checksum. Some writers
        put gzip's behind the bare one (RFC 1952: CRC 32 and size); it must be right.

    Raises
    ------
    ValueError
        If it ends before or behind its last block.
    zlib.error
        If it is no such stream.
    """
    inflater = zlib.decompressobj(-zlib.MAX_WBITS if raw else zlib.MAX_WBITS)
    rest, crc, size = stream, 0, 0
    while rest and not inflater.eof:
        piece = inflater.decompress(rest, _INFLATED_AT_ONCE)
        if raw:  # zlib sees to its own
            crc, size = zlib.crc32(piece, crc), size + len(piece)
        yield piece
        rest = inflater.unconsumed_tail
    if not inflater.eof:
        raise ValueError("a deflate stream is cut off")
    behind = inflater.unused_data
    if raw:
        behind = behind.removeprefix(pack("<II", crc, size % 2**32))
    if behind.strip(b"\0"):  # one zero byte may fill up to an even length
        raise ValueError(f"{len(behind)} bytes behind a deflate stream's end")


def require_sound_webp(data: bytes) -> None:
    """Raise when a WebP's coded pixels end before its data does.

    libwebp says where data is missing, but not where some is left over, as it is once the decoder
    has lost its place. So a few bytes less must be missed.

    Source: RFC 9649 (RIFF chunks; VP8 and VP8L).

    Raises
    ------
    ValueError
        If nothing is missed without the last bytes.
    """
    for name, at, size in _webp_chunks(data):
        if name in (b"VP8 ", b"VP8L"):
            kept = size - _UNASKED & ~1
            chunk = name + kept.to_bytes(4, "little") + data[at : at + kept]
            short = b"RIFF" + (4 + len(chunk)).to_bytes(4, "little") + b"WEBP" + chunk
            if _decodes(short):
                raise ValueError(f"a {name.decode().strip()} stream ends before its data does")
            return


def is_lossless_webp(data: bytes) -> bool:
    """Return whether a WebP's first picture is coded without loss (RFC 9649: VP8L)."""
    pictures = (name for name, _, _ in _webp_chunks(data) if name in (b"VP8 ", b"VP8L"))
    return next(pictures, b"") == b"VP8L"


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and size of each chunk of a WebP."""
    at = 12
    while at + 8 <= len(data):
        (size,) = unpack_from("<I", data, at + 4)
        yield data[at : at + 4], at + 8, size
        at += 8 + size + size % 2


def _decodes(data: bytes) -> bool:
    try:
        with Image.open(BytesIO(data), formats=("WEBP",)) as picture:
            picture.load()
    except (OSError, SyntaxError, ValueError):
        return False
    return True
