"""How a JPEG 2000 codestream is laid out: marker segments and tile-parts, none of it decoded."""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import pack_into, unpack_from
from typing import Final

import numpy as np
import numpy.typing as npt

# ISO/IEC 15444-1, table A.2.
_START: Final = b"\xff\x4f\xff\x51"
_COD, _COC, _SOT, _SOD, _EOC = 0xFF52, 0xFF53, 0xFF90, 0xFF93, 0xFFD9
_PACKED: Final = frozenset({0xFF60, 0xFF61})  # PPM, PPT: packet headers that lie elsewhere
# Table A.19, code-block style. Raw and separately ended passes end by rules of their own.
_PREDICTABLE, _OWN_RULES = 0x10, 0x01 | 0x04
# Table A.13: packets are preceded by SOP, or their headers ended by EPH.
_DELIMITED: Final = 0x02 | 0x04
_DELIMITERS: Final = (0x91, 0x92)
_COMPONENTS_IN_A_BYTE: Final = 257  # a COC names its component in one byte if there are fewer
# Coded data is as good as random: so many equal bytes after one another were never coded.
_RUN, _EVERY = 128, 8
_HIGHEST: Final = 0x8F  # behind 0xFF, anywhere in coded data (D.4.1, B.10.1): more is a marker


@dataclass(frozen=True, slots=True)
class Layout:
    """What the marker segments of a codestream say, and where its coded data lies.

    Parameters
    ----------
    checkable
        The picture with code-blocks that OpenJPEG checks, where their style allows it.
    levels
        Of wavelet decomposition; the fewest of any component and tile.
    plain
        Whether its samples lie on the grid's own points from nought on, and its packets hold their
        own headers.
    closed
        Whether it ends with the marker that ends a codestream, where its last tile-part does.
    delimited
        Whether markers may stand between packets.
    bodies
        First and last byte, that one excluded, of the packets of each tile-part.
    """

    checkable: bytes = field(repr=False)
    levels: int
    plain: bool
    closed: bool
    delimited: bool
    bodies: tuple[tuple[int, int], ...]

    def looks_coded(self) -> bool:
        """Return whether the coded data of all levels could be such, as far as its bytes tell.

        What overwrites a few hundred bytes or more breaks this nearly always: no marker may stand
        in coded data, nor does it repeat one byte. A bit that flips does not.
        """
        return self.closed and all(self._may_be_coded(*body) for body in self.bodies)

    def _may_be_coded(self, first: int, last: int) -> bool:
        body = np.frombuffer(self.checkable, np.uint8)[first:last]
        escapes = np.flatnonzero(body[:-1] == 0xFF) + 1
        markers = body[escapes] > _HIGHEST
        if self.delimited:
            markers &= ~np.isin(body[escapes], _DELIMITERS)
        ended = len(body) > 0 and body[-1] == 0xFF
        return not (markers.any() or ended or _repeats(body))


def _repeats(body: npt.NDArray[np.uint8]) -> bool:
    """Return whether some byte follows itself so often that it cannot be by chance."""
    some = body[::_EVERY]
    alike = np.flatnonzero(some[1:] != some[:-1])
    ends = np.concatenate([[-1], alike, [max(0, len(some) - 1)]])
    return bool(np.diff(ends).max() >= _RUN // _EVERY)


def layout(data: bytes) -> Layout:
    """Walk through a codestream, or the one within a JP2 file.

    Raises
    ------
    ValueError
        If the marker segments, or the lengths of tile-parts, lead nowhere.
    """
    stream = bytearray(data)
    start = stream.find(_START, 0, 4096)  # behind the boxes of a JP2 file, if any
    if start < 0:
        raise ValueError("no JPEG 2000 codestream")
    at, part, components = start + 2, 0, 0
    levels, plain, delimited = 32, True, False
    bodies: list[tuple[int, int]] = []
    closed = False
    while at + 4 <= len(stream):
        marker, length = unpack_from(">HH", stream, at)
        if marker == _EOC:
            closed = True
            break
        if marker == _SOD:
            # The last tile-part may leave its length open.
            if part <= at:
                end = len(stream.rstrip(b"\0"))
                closed = stream[end - 2 : end] == b"\xff\xd9"
                bodies.append((at + 2, end - 2 if closed else len(stream)))
                break
            bodies.append((at + 2, part))
            at = part
            continue
        if marker >> 8 != 0xFF:
            raise ValueError(f"no JPEG 2000 marker at byte {at}")
        if marker == _SOT:
            (size,) = unpack_from(">I", stream, at + 6)
            part = at + size if size else 0
        elif at == start + 2:  # SIZ
            (components,) = unpack_from(">H", stream, at + 38)
            plain = _on_the_grid(stream, at, components)
        elif marker == _COD:
            levels = min(levels, stream[at + 9])
            delimited |= bool(stream[at + 4] & _DELIMITED)
            _mark(stream, at + 12)
        elif marker == _COC:
            wide = 0 if components < _COMPONENTS_IN_A_BYTE else 1
            levels = min(levels, stream[at + 6 + wide])
            _mark(stream, at + 9 + wide)
        elif marker in _PACKED:
            plain = False
        at += 2 + length
    else:
        if stream[at : at + 2] != b"\xff\xd9":
            raise ValueError("a JPEG 2000 codestream without an end")
        closed = True
    return Layout(bytes(stream), levels, plain, closed, delimited, tuple(bodies))


def _on_the_grid(stream: bytearray, at: int, components: int) -> bool:
    """Return whether an image begins at the grid's origin, and no component is thinned (A.5.1)."""
    offset = unpack_from(">2I", stream, at + 14)
    sizes = stream[at + 40 : at + 40 + 3 * components]  # depth, then steps across and down
    thinned = sizes[1::3].strip(b"\1") or sizes[2::3].strip(b"\1")
    return offset == (0, 0) and not thinned


def _mark(stream: bytearray, at: int) -> None:
    if not stream[at] & _OWN_RULES:
        pack_into("B", stream, at, stream[at] | _PREDICTABLE)
