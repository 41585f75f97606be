"""What is small in a DICOM file and large once parsed is refused before: elements and all else."""

from __future__ import annotations

import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

import dicom_bombs
import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers import items, walk
from covid_d.radiograph.readers.items import require_few, require_few_elements
from covid_d.radiograph.readers.walk import DEEPEST, MOST_ELEMENTS

MB = 1 << 20
_SOUND = dicom_bombs.film()


def far(film: bytes) -> bytes:
    """Return a film with so much in its head that it states its syntax behind it."""
    version = struct.pack("<HH2sHI", 0x0002, 0x0001, b"OB", 0, 6000) + bytes(6000)
    (length,) = struct.unpack_from("<I", film, 140)
    return film[:140] + struct.pack("<I", length + len(version)) + version + film[144:]


def bare(film: bytes) -> bytes:
    """Return a film without preamble and prefix."""
    return film[132:]


@pytest.mark.parametrize("way", dicom_bombs.OF_COUNT)
def test_far_more_than_any_film_has_is_refused(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MOST_ELEMENTS", 5_000)
    read(_SOUND)
    with pytest.raises(RadiographError) as error:
        read(dicom_bombs.OF_COUNT[way](5_001))
    assert error.value.refusal.code is RefusalCode.TOO_LARGE
    assert "5000 DICOM elements" in str(error.value)


def test_it_is_refused_before_it_is_parsed() -> None:
    """Two million empty elements took 38 s and 740 MB."""
    bomb = dicom_bombs.OF_COUNT["plain"](2_000_000)
    read(_SOUND)  # what is imported first takes its time
    began = time.process_time()
    with pytest.raises(RadiographError, match=f"{MOST_ELEMENTS} DICOM elements"):
        read(bomb)
    assert time.process_time() - began < 1
    tracemalloc.start()
    try:
        with pytest.raises(RadiographError):
            require_few(bomb)
        assert tracemalloc.get_traced_memory()[1] < MB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("wrap", [far, bare])
@pytest.mark.parametrize("way", ["plain", "big", "deflated"])
def test_the_head_may_be_far_off_or_lack_its_prefix(
    way: str, wrap: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "MOST_ELEMENTS", 5_000)
    with pytest.raises(RadiographError, match="5000 DICOM elements"):
        read(wrap(dicom_bombs.OF_COUNT[way](5_001)))


@pytest.mark.parametrize(
    "way",
    [
        *("plain", "headless", "implicit", "deflated", "in an item", "in an open item", "private"),
        *("private open", "private implicit", "nested", "items", "fragments"),
    ],
)
def test_some_thousand_parts_are_no_harm(way: str) -> None:
    """As an object of many frames has them."""
    sound = read(_SOUND)
    np.testing.assert_array_equal(read(dicom_bombs.OF_COUNT[way](10_000)).pixels, sound.pixels)


def test_some_thousand_parts_are_no_harm_in_big_endian() -> None:
    sound = read(dicom_bombs.film(ExplicitVRBigEndian))
    found = read(dicom_bombs.OF_COUNT["big"](10_000))
    np.testing.assert_array_equal(found.pixels, sound.pixels)


def test_the_limit_is_the_last_that_is_read() -> None:
    """Counted by pydicom: the elements of head and data set, and those put behind them."""
    film = dcmread(BytesIO(_SOUND))
    looked_at = 2  # the first behind the head, and the first that is no command
    room = MOST_ELEMENTS - len(film.file_meta) - len(film) - looked_at
    require_few(_SOUND + dicom_bombs.empty_elements(room))
    with pytest.raises(RadiographError):
        require_few(_SOUND + dicom_bombs.empty_elements(room + 1))


@pytest.mark.parametrize("stated", [True, False])
def test_sequences_within_sequences_have_a_limit(stated: bool) -> None:
    sound = read(_SOUND)
    some = dicom_bombs.deep(DEEPEST // 2, stated=stated)
    np.testing.assert_array_equal(read(some).pixels, sound.pixels)
    with pytest.raises(RadiographError, match=f"{DEEPEST} DICOM sequences deep") as error:
        read(dicom_bombs.deep(DEEPEST + 1, stated=stated))
    assert error.value.refusal.code is RefusalCode.TOO_LARGE


def test_a_value_longer_than_its_file_is_no_harm() -> None:
    """Four gigabytes are stated; nothing is reserved for them."""
    stated = struct.pack("<HH2sHI", 0x7FE1, 0x0010, b"OB", 0, 0xFFFFFFFE)
    tracemalloc.start()
    try:
        require_few(_SOUND + stated + bytes(100))
        assert tracemalloc.get_traced_memory()[1] < MB
    finally:
        tracemalloc.stop()


def test_long_tables_and_pixels_are_values_of_one_part() -> None:
    table = np.arange(1 << 16, dtype="<u2").tobytes()
    lookup = b"".join(
        (
            dicom_bombs.implicit(0x0028, 0x3002, struct.pack("<HHH", 0, 0, 16)),
            dicom_bombs.implicit(0x0028, 0x3006, table),
        )
    )
    whole = dicom_bombs.implicit(0x0028, 0x3010, dicom_bombs.item(lookup) * 20)
    film = dicom_bombs.before_pixels(dicom_bombs.film("1.2.840.10008.1.2"), whole)
    require_few(film)


def test_private_values_are_asked_for_by_nobody() -> None:
    text = dicom_bombs.short(0x0011, 0x1001, b"DS", b"1\\" * 32_000)
    require_few(dicom_bombs.before_pixels(_SOUND, text * 20))


def test_a_deflated_file_is_inflated_no_further_than_its_elements() -> None:
    """Zeros are elements without a tag, eight bytes each, a thousandth of that deflated."""
    bomb = dicom_bombs.deflated(dicom_bombs.parts(_SOUND)[1] + bytes(200 * MB))
    tracemalloc.start()
    try:
        with pytest.raises(RadiographError, match="DICOM elements"):
            require_few(bomb)
        assert tracemalloc.get_traced_memory()[1] < 40 * MB
    finally:
        tracemalloc.stop()


def test_what_inflates_beyond_all_limits_is_refused() -> None:
    value = struct.pack("<HH2sHI", 0x7FE1, 0x0010, b"OB", 0, 300 * MB)
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head, _ = dicom_bombs.parts(dicom_bombs.film(DeflatedExplicitVRLittleEndian))
    packed = [squeeze.compress(dicom_bombs.parts(_SOUND)[1] + value)]
    packed += [squeeze.compress(bytes(MB)) for _ in range(300)]
    with pytest.raises(RadiographError, match="256 MB"):
        require_few(head + b"".join(packed) + squeeze.flush())


def test_an_inflated_data_set_tells_its_size_and_its_end() -> None:
    film = dicom_bombs.OF_COUNT["deflated"](3)
    whole = dicom_bombs.parts(_SOUND)[1] + dicom_bombs.empty_elements(3)
    assert require_few(film) == (len(whole), whole[-items.ENDING :])


def test_a_data_set_alone_is_counted_as_it_is_written() -> None:
    many = MOST_ELEMENTS + 1
    for syntax, data in (
        (ImplicitVRLittleEndian, dicom_bombs.empty_elements(many, b"\0\0")),
        (ExplicitVRLittleEndian, dicom_bombs.empty_elements(many)),
        (ExplicitVRBigEndian, dicom_bombs.empty_elements(many, order=">")),
    ):
        require_few_elements(data[: 8 * MOST_ELEMENTS], syntax)
        with pytest.raises(RadiographError, match="DICOM elements"):
            require_few_elements(data, syntax)
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = squeeze.compress(dicom_bombs.empty_elements(many)) + squeeze.flush()
    with pytest.raises(RadiographError, match="DICOM elements"):
        require_few_elements(packed, DeflatedExplicitVRLittleEndian)


def test_what_pydicom_writes_is_read() -> None:
    film = films.dataset(films.grey16(bits=12))
    film.RequestAttributesSequence = Sequence([Dataset() for _ in range(23)])
    np.testing.assert_array_equal(read(films.part10(film)).pixels, read(_SOUND).pixels)
