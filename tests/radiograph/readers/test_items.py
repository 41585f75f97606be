"""Items of sequences: eight bytes each in a file, hundreds once parsed: counted before."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers import items
from covid_d.radiograph.readers.items import ITEM_BYTES, MOST_ITEMS, items_in

ITEM = struct.pack("<HHI", 0xFFFE, 0xE000, 0)
ITEM_BIG = struct.pack(">HHI", 0xFFFE, 0xE000, 0)
MB = 1 << 20


def sequence(count: int, order: str = "<") -> bytes:
    """Return a private sequence of so many empty items, to be the last element of a film."""
    item = ITEM if order == "<" else ITEM_BIG
    head = struct.pack(order + "HH2sHI", 0x7FE1, 0x0010, b"SQ", 0, 0xFFFFFFFF)
    return head + item * count + struct.pack(order + "HHI", 0xFFFE, 0xE0DD, 0)


def plain(count: int) -> bytes:
    return films.dicom(films.grey16(bits=12)) + sequence(count)


def headless(count: int) -> bytes:
    """Without preamble and group 2: implicit, little endian."""
    film = films.dataset(films.grey16(bits=12))
    whole = films.part10(film)
    (length,) = struct.unpack_from("<I", whole, 140)
    return whole[144 + length :] + sequence(count)


def big(count: int) -> bytes:
    film = films.dataset(films.grey16(bits=12))
    film.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    return films.part10(film) + sequence(count, ">")


def deflated(count: int) -> bytes:
    film = films.dataset(films.grey16(bits=12))
    whole = films.part10(film)
    (length,) = struct.unpack_from("<I", whole, 140)
    elements = whole[144 + length :] + sequence(count)
    film.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    packed = films.part10(film)
    (length,) = struct.unpack_from("<I", packed, 140)
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packed[: 144 + length] + squeeze.compress(elements) + squeeze.flush()


def bare_deflated(count: int) -> bytes:
    """Without preamble and prefix: pydicom inflates it all the same."""
    return deflated(count)[132:]


def far(film: bytes) -> bytes:
    """Return a film with so much in its head that it states its syntax behind it."""
    version = struct.pack("<HH2sHI", 0x0002, 0x0001, b"OB", 0, 6000) + bytes(6000)
    (length,) = struct.unpack_from("<I", film, 140)
    return film[:140] + struct.pack("<I", length + len(version)) + version + film[144:]


def in_the_head(count: int) -> bytes:
    whole = films.dicom(films.grey16(bits=12))
    (length,) = struct.unpack_from("<I", whole, 140)
    head = struct.pack("<HH2sHI", 0x0002, 0x0102, b"SQ", 0, 0xFFFFFFFF)
    own = head + ITEM * count + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return whole[: 144 + length] + own + whole[144 + length :]


WAYS: dict[str, Callable[[int], bytes]] = {
    "plain": plain,
    "headless": headless,
    "big endian": big,
    "deflated": deflated,
    "deflated, bare": bare_deflated,
    "big endian, far behind": lambda count: far(big(count)),
    "deflated, far behind": lambda count: far(deflated(count)),
    "in the head": in_the_head,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_more_items_than_any_film_has_are_refused_before_they_are_parsed(
    way: Callable[[int], bytes],
) -> None:
    bomb = way(10 * MOST_ITEMS)
    tracemalloc.start()
    try:
        with pytest.raises(RadiographError) as error:
            read(bomb)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert error.value.refusal.code is RefusalCode.TOO_LARGE
    assert f"{MOST_ITEMS} DICOM items" in str(error.value)
    assert most < 200 * MB  # parsed, they took some 850 MB


@pytest.mark.parametrize("way", [plain, deflated, bare_deflated])
def test_some_items_are_no_harm(way: Callable[[int], bytes]) -> None:
    sound = read(films.dicom(films.grey16(bits=12)))
    np.testing.assert_array_equal(read(way(300)).pixels, sound.pixels)


@pytest.mark.parametrize("before", range(4))
def test_items_are_counted_wherever_they_begin(before: int) -> None:
    assert items_in(bytes(before) + ITEM * 7) == 7
    assert items_in(bytes(before) + ITEM_BIG * 7, big=True) == 7
    assert items_in(bytes(before) + ITEM_BIG * 7) == 0


def test_items_are_counted_across_the_pieces_that_they_are_counted_in() -> None:
    count = 20_000
    for before in range(9):
        assert items_in(bytes(before) + ITEM * count) == count


def test_a_file_without_room_for_too_many_items_is_not_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def counted(piece: bytes, *, big: bool = False) -> int:
        asked.append(len(piece))
        return 0

    monkeypatch.setattr(items, "items_in", counted)
    small = films.dicom(films.grey16(bits=12))
    assert items.require_few(small) == items.NOT_DEFLATED
    assert asked == []
    large = small + bytes(ITEM_BYTES * MOST_ITEMS)
    items.require_few(large)
    assert asked == [len(large)]  # once: it states that it is no big endian


def test_an_inflated_data_set_tells_its_size_and_its_end() -> None:
    film = deflated(3)
    (length,) = struct.unpack_from("<I", film, 140)
    whole = zlib.decompress(film[144 + length :], -zlib.MAX_WBITS)
    assert items.require_few(film) == (len(whole), whole[-items.ENDING :])


def test_what_pydicom_writes_is_counted() -> None:
    film = films.dataset(films.grey16(bits=12))
    film.RequestAttributesSequence = Sequence([Dataset() for _ in range(23)])
    assert items_in(films.part10(film)) == 23


def test_too_little_for_the_tag_of_an_item_holds_none() -> None:
    assert items_in(b"") == items_in(ITEM[:3]) == 0
