"""Items of sequences on the offline page: counted before they are parsed, as in Python."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import ExplicitVRBigEndian

import films
import on_node
from covid_d.radiograph.readers.items import ITEM_BYTES, MOST_ITEMS, items_in
from offline_films import by_page, by_python

pytestmark = pytest.mark.slow  # wants Node

ITEM = struct.pack("<HHI", 0xFFFE, 0xE000, 0)
ITEM_BIG = struct.pack(">HHI", 0xFFFE, 0xE000, 0)


def sequence(count: int, order: str = "<") -> bytes:
    """Return a private sequence of so many empty items, to be the last element of a film."""
    item = ITEM if order == "<" else ITEM_BIG
    head = struct.pack(order + "HH2sHI", 0x7FE1, 0x0010, b"SQ", 0, 0xFFFFFFFF)
    return head + item * count + struct.pack(order + "HHI", 0xFFFE, 0xE0DD, 0)


def nested(count: int) -> bytes:
    """Return a sequence of items that each hold a sequence of one item."""
    inner = struct.pack("<HH2sHI", 0x0009, 0x0010, b"SQ", 0, len(ITEM)) + ITEM
    item = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
    head = struct.pack("<HH2sHI", 0x7FE1, 0x0010, b"SQ", 0, 0xFFFFFFFF)
    return head + item * (count // 2) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def test_the_page_refuses_what_python_refuses(tmp_path: Path) -> None:
    film = films.dicom(films.grey16(bits=12, size=128))
    big = films.dataset(films.grey16(bits=12, size=128))
    big.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    big.PixelData = np.frombuffer(big.PixelData, "<u2").astype(">u2").tobytes()
    (length,) = struct.unpack_from("<I", film, 140)
    bare = film[144 + length :]
    many = MOST_ITEMS + 1
    bombs = {
        "plain": film + sequence(many),
        "nested": film + nested(many + 1),
        "big endian": films.part10(big) + sequence(many, ">"),
        "bare": bare + sequence(many),
        "prefix alone": film[128:] + sequence(many),
    }
    sound = {
        "plain, some": film + sequence(300),
        "big endian, some": films.part10(big) + sequence(300, ">"),
        # Not so many, though large enough to be searched.
        "plain, the most": film + sequence(MOST_ITEMS),
    }
    found = by_page(tmp_path, bombs | sound)
    for name in bombs:
        refusal = {"code": "too_large", "detail": f"> {MOST_ITEMS} DICOM items"}
        assert found[name] == refusal, name
    for name, data in bombs.items():
        assert by_python(data)["code"] == "too_large", name
    for name, data in sound.items():
        assert found[name] == by_python(data), name


def test_items_are_counted_as_in_python(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    pieces = [b"", ITEM[:3], ITEM[:4], ITEM, bytes(3) + ITEM_BIG * 7, ITEM * 9 + ITEM_BIG * 2]
    pieces += [rng.choice(np.frombuffer(ITEM[:4], np.uint8), 5000).tobytes() for _ in range(3)]
    script = """
import { itemsIn } from "@web/radiograph/readers/items.mjs";
export default (pieces) =>
  pieces.map((piece) => [true, false].map((little) => itemsIn(Uint8Array.from(piece), little)));
"""
    counted = on_node.run(tmp_path, script, [list(piece) for piece in pieces])
    assert counted == [[items_in(piece), items_in(piece, big=True)] for piece in pieces]
    assert counted[3:6] == [[1, 0], [0, 7], [9, 2]]


def test_what_is_too_small_is_not_searched(tmp_path: Path) -> None:
    script = """
import { isLarge } from "@web/radiograph/readers/items.mjs";
export default ({ sizes, tables }) =>
  sizes.map((size) => isLarge(new Uint8Array(size), tables));
"""
    least = ITEM_BYTES * MOST_ITEMS
    tables = {"MOST_ITEMS": MOST_ITEMS, "ITEM_BYTES": ITEM_BYTES}
    given = {"sizes": [0, least - 1, least], "tables": tables}
    assert on_node.run(tmp_path, script, given) == [False, False, True]
