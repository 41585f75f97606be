"""DICOM files that are cheap to send and dear to parse, for tests of every room that takes films.

Made of bytes, apart from pydicom and from what counts them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Final

import numpy as np
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

import films

UNDEFINED: Final = 0xFFFFFFFF
_PIXELS: Final = struct.pack("<HH", 0x7FE0, 0x0010)


def explicit(group: int, element: int, vr: bytes, value: bytes, order: str = "<") -> bytes:
    """An element whose representation takes a length of four bytes."""
    return struct.pack(order + "HH2sHI", group, element, vr, 0, len(value)) + value


def short(group: int, element: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH2sH", group, element, vr, len(value)) + value


def implicit(group: int, element: int, value: bytes) -> bytes:
    return struct.pack("<HHI", group, element, len(value)) + value


def open_ended(group: int, element: int, vr: bytes, order: str = "<") -> bytes:
    """The head of an element of undefined length."""
    return struct.pack(order + "HH2sHI", group, element, vr, 0, UNDEFINED)


def item(content: bytes = b"", order: str = "<", element: int = 0xE000) -> bytes:
    return struct.pack(order + "HHI", 0xFFFE, element, len(content)) + content


def end(order: str = "<") -> bytes:
    """The delimiter of a sequence."""
    return struct.pack(order + "HHI", 0xFFFE, 0xE0DD, 0)


def empty_elements(count: int, vr: bytes = b"LO", first: int = 0x7FE1, order: str = "<") -> bytes:
    """So many empty elements, eight bytes each, with tags that rise; no VR (``00``): implicit."""
    heads = np.zeros((count, 4), order + "u2")
    at = np.arange(count)
    heads[:, 0], heads[:, 1] = first + 2 * (at >> 16), at & 0xFFFF
    heads[:, 2] = np.frombuffer(vr, order + "u2")[0]
    return heads.tobytes()


def film(syntax: str | None = None) -> bytes:
    """A small sound film of 12 bits; explicit little endian unless another syntax is named."""
    made = films.dataset(films.grey16(bits=12))
    if syntax is not None:
        made.file_meta.TransferSyntaxUID = UID(syntax)
    if syntax == ExplicitVRBigEndian:
        made.PixelData = np.frombuffer(made.PixelData, "<u2").astype(">u2").tobytes()
    return films.part10(made)


def parts(whole: bytes) -> tuple[bytes, bytes]:
    """A film's head and its data set."""
    (length,) = struct.unpack_from("<I", whole, 140)
    return whole[: 144 + length], whole[144 + length :]


def before_pixels(whole: bytes, elements: bytes) -> bytes:
    at = whole.index(_PIXELS)
    return whole[:at] + elements + whole[at:]


def deflated(data_set: bytes) -> bytes:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head, _ = parts(film(DeflatedExplicitVRLittleEndian))
    return head + squeeze.compress(data_set) + squeeze.flush()


def _coded(value: bytes) -> bytes:
    """View Code Sequence, of stated length: reading asks for it."""
    return explicit(0x0054, 0x0220, b"SQ", value)


def _plain(count: int) -> bytes:
    return film() + empty_elements(count)


def _headless(count: int) -> bytes:
    return parts(film(ImplicitVRLittleEndian))[1] + empty_elements(count, b"\0\0")


def _implicit(count: int) -> bytes:
    return film(ImplicitVRLittleEndian) + empty_elements(count, b"\0\0")


def _big(count: int) -> bytes:
    return film(ExplicitVRBigEndian) + empty_elements(count, order=">")


def _deflated(count: int) -> bytes:
    return deflated(parts(film())[1] + empty_elements(count))


def _in_the_head(count: int) -> bytes:
    head, rest = parts(film())
    own = b"".join(struct.pack("<HH2sH", 2, 0x1000 + at % 0xE000, b"LO", 0) for at in range(count))
    return head + own + rest


def _of_commands(count: int) -> bytes:
    head, rest = parts(film())
    return head + struct.pack("<HHI", 0, 0x0110, 0) * count + rest


def _in_an_item(count: int) -> bytes:
    return before_pixels(film(), _coded(item(empty_elements(count, first=0x0009))))


def _in_an_open_item(count: int) -> bytes:
    opened = struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED)
    closed = struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
    inner = opened + empty_elements(count, first=0x0009) + closed
    return before_pixels(film(), open_ended(0x0054, 0x0220, b"SQ") + inner + end())


def _private(count: int) -> bytes:
    value = item(empty_elements(count, first=0x0009))
    return before_pixels(film(), explicit(0x0055, 0x1010, b"UN", value))


def _private_open(count: int) -> bytes:
    value = item(empty_elements(count, b"\0\0", first=0x0009))
    return before_pixels(film(), open_ended(0x0055, 0x1010, b"UN") + value + end())


def _private_implicit(count: int) -> bytes:
    value = item(empty_elements(count, b"\0\0", first=0x0009))
    return before_pixels(film(ImplicitVRLittleEndian), implicit(0x0055, 0x1010, value))


def _nested(count: int) -> bytes:
    inner = explicit(0x0009, 0x0010, b"SQ", item(empty_elements(count, first=0x0009)))
    return before_pixels(film(), _coded(item(inner)))


def _items(count: int) -> bytes:
    return film() + open_ended(0x7FE1, 0x0010, b"SQ") + item() * count + end()


def _items_of_no_kind(count: int) -> bytes:
    """Items that have another tag: pydicom takes them all the same."""
    return film() + open_ended(0x7FE1, 0x0010, b"SQ") + item(element=0xE001) * count + end()


def _fragments(count: int) -> bytes:
    return film() + open_ended(0x7FE1, 0x0010, b"OB") + item() * count + end()


def _fragments_again(count: int) -> bytes:
    """Fragments that hold a delimiter and the next value's head: each value goes through all."""
    again = end() + open_ended(0x7FE1, 0x0010, b"OB")
    return film() + open_ended(0x7FE1, 0x0010, b"OB") + item(again) * max(count // 200, 900)


def _without_end(count: int) -> bytes:
    """Values without an end, that is looked for to the end of the file each time."""
    again = struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED) + open_ended(0x7FE1, 0x0010, b"OB")
    many = again * 500
    return film() + open_ended(0x7FE1, 0x0012, b"SQ") + many + bytes(max(8 * count, 4 << 20))


def _character_sets(count: int) -> bytes:
    value = b"X\\" * 32_000
    one = short(0x0008, 0x0005, b"CS", value)
    return before_pixels(film(), one * -(-count // 32_000))


def _numbers_in_text(count: int) -> bytes:
    window = implicit(0x0028, 0x1050, b"1\\" * (4 * count))
    return before_pixels(film(ImplicitVRLittleEndian), window)


def _names(count: int) -> bytes:
    name = implicit(0x0010, 0x0010, b"A=" * (4 * count))
    return before_pixels(film(ImplicitVRLittleEndian), name)


def _words(count: int) -> bytes:
    comments = implicit(0x0020, 0x4000, b"A " * (4 * count))
    return before_pixels(film(ImplicitVRLittleEndian), comments)


def _numbers(count: int) -> bytes:
    rows = implicit(0x0028, 0x0010, b"\1\2" * (4 * max(count, 9_000)))
    return before_pixels(film(ImplicitVRLittleEndian), rows)


OF_COUNT: Final[dict[str, Callable[[int], bytes]]] = {
    name.strip("_").replace("_", " "): make
    for name, make in vars().copy().items()
    if name.startswith("_") and callable(make) and name not in ("_coded",)
}
"""Ways to make a film of so many small parts, by name."""


def deep(levels: int, *, stated: bool = True) -> bytes:
    """A film with so many sequences within each other, of stated length or without."""
    value = b""
    for _ in range(levels):
        if stated:
            value = _coded(item(value))
        else:
            opened = struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED)
            closed = struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
            value = open_ended(0x0054, 0x0220, b"SQ") + opened + value + closed + end()
    return before_pixels(film(), value)


def heap_of(rng: np.random.Generator) -> bytes:
    """A heap of what data sets are made of, in an order that makes no sense."""
    kinds = [
        empty_elements(3),
        empty_elements(3, b"\0\0"),
        short(0x0008, 0x0060, b"CS", b"CR"),
        short(0x0008, 0x0005, b"CS", b"ISO_IR 100"),
        implicit(0x0010, 0x0020, b"1234"),
        explicit(0x0054, 0x0220, b"SQ", item(bytes(16))),
        explicit(0x0054, 0x0220, b"UN", item(bytes(8))),
        implicit(0x0054, 0x0220, item(bytes(24)) * 2),
        open_ended(0x0054, 0x0220, b"SQ"),
        open_ended(0x0055, 0x1010, b"UN"),
        open_ended(0x7FE0, 0x0010, b"OB"),
        struct.pack("<HHI", 0x0054, 0x0220, UNDEFINED),
        struct.pack("<HHI", 0x7FE0, 0x0010, UNDEFINED),
        struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED),
        struct.pack("<HHI", 0xFFFE, 0xE000, int(rng.integers(0, 60))),
        struct.pack("<HHI", 0xFFFE, 0xE001, 8),
        struct.pack("<HHI", 0xFFFE, 0xE00D, 0),
        end(),
        item(b"12345678"),
        b"ZZ\0\0",
        bytes(8),
    ]
    chosen = rng.integers(0, len(kinds), int(rng.integers(2, 40)))
    heap = b"".join(kinds[at] for at in chosen)
    return heap[: len(heap) - int(rng.integers(0, 9))]
