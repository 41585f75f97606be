"""OpenJPEG asked through ctypes: its pixels, its words, and what becomes of nonsense."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pydicom.uid import JPEG2000Lossless

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers import jpeg2000, openjpeg, tile_parts

GREY = films.grey8(size=128)
STREAM = films.picture(GREY, "JPEG2000", no_jp2=True, irreversible=False)
FILE = films.picture(GREY, "JPEG2000", no_jp2=False, irreversible=False)


@pytest.mark.parametrize("data", [STREAM, FILE])
def test_a_sound_picture_comes_without_a_word(data: bytes) -> None:
    samples, warnings = openjpeg.decode(data)
    np.testing.assert_array_equal(samples, GREY)
    assert warnings == []


def test_samples_are_a_copy_that_outlives_the_picture() -> None:
    many = [openjpeg.decode(STREAM)[0] for _ in range(20)]
    gc.collect()
    for samples in many:
        np.testing.assert_array_equal(samples, GREY)
        samples[:] = 0  # and may be written to


def test_films_are_decoded_side_by_side() -> None:
    pictures = [films.grey8(seed, size=96) for seed in range(12)]
    coded = [films.picture(each, "JPEG2000", no_jp2=True, irreversible=False) for each in pictures]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(openjpeg.decode, coded * 5))
    for (samples, warnings), expected in zip(found, pictures * 5, strict=True):
        np.testing.assert_array_equal(samples, expected)
        assert not warnings


def test_its_warnings_are_those_of_the_picture_they_belong_to() -> None:
    changed = bytearray(tile_parts.layout(STREAM).checkable)
    changed[len(changed) // 2] ^= 0xFF
    for data, said in ((bytes(changed), True), (STREAM, False), (bytes(changed), True)):
        _, warnings = openjpeg.decode(data)
        assert bool(warnings) is said
        assert all(words == words.strip() for words in warnings)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\x4f\xff\x51",
        bytes(100),
        FILE[:60],
        STREAM[: len(STREAM) // 2],
        STREAM[:200],
        b"\xff\xd8\xff\xe0" + bytes(100),
    ],
)
def test_what_it_cannot_decode_is_an_error_with_its_words(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"OpenJPEG: \w+"):
        openjpeg.decode(data)


def test_any_damage_of_the_headers_is_an_error_or_a_picture() -> None:
    for at in range(2, 110):
        changed = bytearray(STREAM)
        changed[at] ^= 0x10
        try:
            samples, _ = openjpeg.decode(bytes(changed))
        except ValueError:
            continue
        assert samples.ndim in (2, 3)


def test_components_of_different_sizes_are_no_picture() -> None:
    """SIZ, table A.9: behind the count, three bytes a component: depth, and its sampling."""
    colour = films.picture(np.stack([GREY] * 3, axis=-1), "JPEG2000", no_jp2=True, mct=0)
    changed = bytearray(colour)
    at = changed.index(b"\xff\x51") + 40
    assert changed[at : at + 3] == b"\x07\x01\x01"
    changed[at + 4], changed[at + 5] = 2, 2  # the second one, of half the rows and columns
    with pytest.raises(ValueError, match=r"components|OpenJPEG"):
        openjpeg.decode(bytes(changed))


def test_where_there_is_none_pillow_reads_unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openjpeg, "_library", lambda: None)
    assert not openjpeg.available()
    assert not jpeg2000.is_available(JPEG2000Lossless)
    with pytest.raises(RuntimeError):
        openjpeg.decode(STREAM)
    np.testing.assert_allclose(films.whole(FILE), GREY / 255.0, atol=1e-6)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_film_that_is_cut_off_is_refused_as_damaged(share: float) -> None:
    cut = STREAM[: int(len(STREAM) * share)]
    for data in (cut, films.encapsulated(films.dataset(GREY), cut, JPEG2000Lossless)):
        with pytest.raises(RadiographError) as error:
            read(data)
        assert error.value.refusal.code is RefusalCode.TRUNCATED
