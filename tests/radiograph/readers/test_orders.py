"""Samples in another order than stated are refused; sound ones, noisy or flat, are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers.orders import (
    bytes_are_swapped,
    lengths_are_exchanged,
    pairs_are_swapped,
)

GREY = films.grey8(size=200)
DEEP = films.grey16(bits=12, size=200)


def swapped(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a film whose bytes lie as 1, 0, 3, 2, written out by hand."""
    flat = grey.ravel().tolist()
    told = [flat[at ^ 1] if at ^ 1 < len(flat) else flat[at] for at in range(len(flat))]
    return np.array(told, dtype=np.uint8).reshape(grey.shape)


def refusal_of(data: bytes) -> str:
    with pytest.raises(RadiographError) as caught:
        read(data)
    assert caught.value.refusal.code is RefusalCode.UNSUPPORTED
    return caught.value.refusal.message.en


@pytest.mark.parametrize("columns", [200, 199, 198])
def test_bytes_swapped_in_pairs_are_refused(columns: int) -> None:
    """As OW of eight bits lies that was written in one order of bytes and read in the other."""
    film = np.ascontiguousarray(GREY[:, :columns])
    assert "swapped in pairs" in refusal_of(films.dicom(swapped(film)))
    assert pairs_are_swapped(swapped(film))
    assert not pairs_are_swapped(film)
    signed = (swapped(film).astype(np.int16) - 128).astype(np.int8)
    assert pairs_are_swapped(signed)


def test_of_a_large_film_some_lines_tell_it() -> None:
    """Every so many of them: of 1,200 lines each third sum of eight is looked at."""
    large = np.repeat(films.grey8(size=300), 4, axis=0)
    assert not pairs_are_swapped(large)
    assert pairs_are_swapped(swapped(large))
    assert pairs_are_swapped(swapped(np.ascontiguousarray(large[:, :299])))
    assert not pairs_are_swapped(large[:, :299])


@pytest.mark.parametrize("deviation", [2, 10, 40])
def test_noise_is_no_order(deviation: int) -> None:
    rng = np.random.default_rng(7)
    noisy = np.clip(GREY + rng.normal(0, deviation, GREY.shape), 0, 255).astype(np.uint8)
    assert not pairs_are_swapped(noisy)
    assert not bytes_are_swapped(noisy.astype(np.uint16) * 16)
    assert not lengths_are_exchanged(noisy[:150])
    assert pairs_are_swapped(swapped(noisy)) or deviation == 40
    pure = rng.integers(0, 256, (256, 201), dtype=np.uint8)
    assert not pairs_are_swapped(pure)
    assert not bytes_are_swapped(pure.astype(np.uint16) * 257)
    assert not lengths_are_exchanged(pure)


def test_stripes_and_steps_of_a_detector_are_no_order() -> None:
    """Every second column brighter; every column drawn twice, begun at either of the two."""
    striped = GREY + (np.arange(200) % 2 * 20).astype(np.uint8)
    doubled = np.repeat(GREY[:, :120], 2, axis=1)
    for film in (striped, doubled, doubled[:, 1:-1], np.full_like(GREY, 9)):
        film = np.ascontiguousarray(film)
        assert not pairs_are_swapped(film)
        assert not lengths_are_exchanged(film[:150])
    for thin in (GREY[:3], np.ascontiguousarray(GREY[:, :3])):
        assert not pairs_are_swapped(thin)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_words_of_the_other_order_of_bytes_are_refused(bits: int) -> None:
    deep = films.grey16(bits=bits, size=200)
    other = deep.byteswap()  # little endian written as big, or the other way round
    assert "bytes swapped" in refusal_of(films.dicom(other, BitsStored=16))
    assert bytes_are_swapped(other)
    assert not bytes_are_swapped(deep)
    assert np.allclose(
        films.whole(films.dicom(deep, BitsStored=bits)), deep / (2**bits - 1), atol=1e-6
    )


def test_signed_words_of_the_other_order_of_bytes_are_refused() -> None:
    signed = (DEEP.astype(np.int32) - 2048).astype(np.int16)
    assert not bytes_are_swapped(signed)
    assert bytes_are_swapped(signed.byteswap())
    assert "bytes swapped" in refusal_of(films.dicom(signed.byteswap(), BitsStored=16))


def test_words_that_read_the_same_either_way_are_sound() -> None:
    """Eight bits in sixteen: the upper byte as the lower one, or nought."""
    for factor in (1, 256, 257):
        assert not bytes_are_swapped(GREY * np.uint16(factor))
        assert not bytes_are_swapped((GREY * np.uint16(factor)).byteswap())


@pytest.mark.parametrize("shape", [(200, 150), (150, 200), (199, 200)])
def test_rows_stated_for_columns_are_refused(shape: tuple[int, int]) -> None:
    rows, columns = shape
    film = np.ascontiguousarray(DEEP[:rows, :columns])
    data = films.dicom(film, Rows=columns, Columns=rows)
    assert f"Rows {columns}, Columns {rows}, exchanged" in refusal_of(data)
    assert not lengths_are_exchanged(film)
    assert films.whole(films.dicom(film)).shape == shape


def test_a_square_film_has_no_other_order() -> None:
    assert not lengths_are_exchanged(DEEP)


@pytest.mark.parametrize("kind", ["big endian", "RLE", "palette"])
def test_what_is_read_otherwise_is_not_doubted(kind: str) -> None:
    """Big endian is turned by its syntax, RLE has no order of bytes; indices are no grey."""
    if kind == "palette":
        film = films.dataset(swapped(GREY), PhotometricInterpretation="PALETTE COLOR")
        for colour in ("Red", "Green", "Blue"):
            setattr(film, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 8])
            film.add_new(f"{colour}PaletteColorLookupTableData", "OW", bytes(range(256)))
        assert np.allclose(films.whole(films.part10(film)), swapped(GREY) / 255, atol=1e-6)
        return
    made: dict[str, Any] = {"big endian": films.big_endian_dicom, "RLE": films.rle_dicom}
    assert np.allclose(films.whole(made[kind](DEEP)), DEEP / 4095, atol=1e-6)


def test_colour_in_another_order_is_refused() -> None:
    """Captures of grey films in colour: planes for pixels, bytes swapped, rows for columns."""
    deep = np.dstack([DEEP] * 3)
    grey = np.dstack([GREY] * 3)
    planes = np.ascontiguousarray(grey.transpose(2, 0, 1)).reshape(grey.shape)
    assert np.allclose(read(films.dicom(planes, PlanarConfiguration=1)).pixels, GREY / 255)
    assert np.allclose(read(films.dicom(grey, PlanarConfiguration=0)).pixels, GREY / 255)
    assert "Planar Configuration 0" in refusal_of(films.dicom(planes, PlanarConfiguration=0))
    assert "Planar Configuration 1" in refusal_of(films.dicom(grey, PlanarConfiguration=1))
    assert "bytes swapped" in refusal_of(films.dicom(deep.byteswap(), BitsStored=16))
    oblong = np.ascontiguousarray(grey[:150])
    assert "exchanged" in refusal_of(films.dicom(oblong, Rows=200, Columns=150))


def test_colour_has_no_sign_and_no_more_bits_than_stated() -> None:
    signed = np.dstack([DEEP.astype(np.int16) - 2048] * 3)
    assert "signed samples" in refusal_of(films.dicom(signed))
    wide = np.dstack([DEEP] * 3)
    assert "beyond 10 Bits Stored" in refusal_of(films.dicom(wide, BitsStored=10))
    assert np.allclose(read(films.dicom(wide)).pixels, (DEEP >> 4) / 255, atol=1e-6)


def test_true_colour_is_in_order() -> None:
    """Whose channels differ in either order: what it shows is for `check` to say."""
    y, x = np.indices((160, 160))
    colour = np.dstack([x, y, 160 - x]).astype(np.uint8)
    planes = np.ascontiguousarray(colour.transpose(2, 0, 1)).reshape(colour.shape)
    for laid, planar in ((colour, 0), (planes, 1)):
        film = read(films.dicom(laid, PlanarConfiguration=planar))
        assert film.facts.colour
