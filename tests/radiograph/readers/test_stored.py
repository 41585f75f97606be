"""Bits beyond Bits Stored are no part of a sample; values that need them are refused."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers.stored import (
    right_justified,
    sign_extended,
    sign_misstated,
    sign_untold,
    stored_values,
    wrapped_round,
)

DEEP = films.grey16(bits=12, size=160)
EXPECTED = DEEP / 4095
# An overlay's letter in bit 13, as PS3.5 8.1.2 let writers keep it.
OVERLAY = np.zeros_like(DEEP)
OVERLAY[40:60, 50:90] = 1 << 13


def j2k(samples: npt.NDArray[Any], **elements: int) -> bytes:
    """Return a 16-bit JPEG 2000 stream in a data set of 12 stored bits."""
    stream = films.picture(samples.view(np.uint16), "JPEG2000", no_jp2=True, irreversible=False)
    film = films.dataset(samples.view(np.uint16), **{"BitsStored": 12, **elements})
    return films.encapsulated(film, stream, JPEG2000Lossless)


@pytest.mark.parametrize("syntax", ["native", "RLE", "JPEG 2000", "JPEG-LS"])
def test_overlay_bits_are_not_burned_in(syntax: str, tmp_path: Path) -> None:
    samples = DEEP | OVERLAY
    data = {
        "native": lambda: films.dicom(samples),
        "RLE": lambda: films.rle_dicom(samples),
        "JPEG 2000": lambda: j2k(samples),
        "JPEG-LS": lambda: _stating_12_bits(
            films.gdcm_dicom(samples, 16, JPEGLSLossless, tmp_path)
        ),
    }[syntax]()
    assert np.allclose(films.whole(data), EXPECTED, atol=1e-6)


def _stating_12_bits(data: bytes) -> bytes:
    film = dcmread(BytesIO(data))
    film.BitsStored, film.HighBit = 12, 11
    return films.part10(film)


def test_signed_values_in_an_unsigned_stream_do_not_wrap_round() -> None:
    signed = (DEEP.astype(np.int32) - 2048).astype(np.int16)
    for samples in (signed, signed & np.int16(0x0FFF)):  # sign-extended, or cut to the twelve
        shown = films.whole(j2k(samples, PixelRepresentation=1))
        assert np.allclose(shown, EXPECTED, atol=1e-3)


@pytest.mark.parametrize("signed", [False, True])
def test_samples_within_their_bits_come_back_untouched(signed: bool) -> None:
    samples = (DEEP.astype(np.int32) - 2048 * signed).astype(np.int16)
    assert stored_values(samples, bits=12, signed=signed) is samples


@pytest.mark.parametrize("factor", [1.5, 4])
def test_values_that_need_more_bits_than_stated_are_refused_not_wrapped(factor: float) -> None:
    large = (DEEP * factor).astype(np.uint16)
    for data in (films.dicom(large), j2k(large)):
        with pytest.raises(RadiographError, match="beyond 12 Bits Stored") as caught:
            films.whole(data)
        assert caught.value.refusal.code is RefusalCode.UNSUPPORTED


@pytest.mark.parametrize("bits", [9, 10, 12, 14, 15])
def test_samples_at_the_upper_end_of_their_words_are_read(bits: int) -> None:
    """High Bit 15, of before 2004; and the same said of samples at the lower end."""
    samples = films.grey16(bits=bits, size=160)
    expected = samples / ((1 << bits) - 1)
    for words in (samples << (16 - bits), samples):
        data = films.dicom(words.astype(np.uint16), BitsStored=bits, HighBit=15)
        assert np.allclose(films.whole(data), expected, atol=1e-6)


def test_signed_samples_at_the_upper_end_of_their_words_are_read() -> None:
    signed = (DEEP.astype(np.int32) - 2048).astype(np.int16)
    data = films.dicom(signed << 4, BitsStored=12, HighBit=15)
    assert np.allclose(films.whole(data), EXPECTED, atol=1e-6)


def test_samples_that_fill_both_ends_are_refused() -> None:
    with pytest.raises(RadiographError, match="12 of 16 bits, high bit 15"):
        right_justified((DEEP << 4) | 3, bits=12, shift=4)
    assert right_justified(DEEP, bits=12, shift=4) is DEEP
    with pytest.raises(RadiographError, match="high bit 7"):
        read(films.dicom(DEEP, BitsStored=12, HighBit=7))


def test_signed_samples_that_are_called_unsigned_are_known_by_their_signs() -> None:
    signed = (DEEP.astype(np.int32) - 2048).astype(np.int16)
    words = signed.view(np.uint16)
    assert sign_extended(words, bits=12)
    assert np.allclose(films.whole(films.dicom(words, BitsStored=12)), EXPECTED, atol=1e-6)
    assert not sign_extended(DEEP, bits=12)
    assert not sign_extended(DEEP | OVERLAY, bits=12)
    assert not sign_extended(signed, bits=12)
    off = words.copy()
    off[3, 3] ^= 1 << 13
    assert not sign_extended(off, bits=12)


def test_signed_samples_of_whole_words_wrap_round_and_are_refused() -> None:
    words = (DEEP.astype(np.int32) - 2048).astype(np.int16).view(np.uint16)
    assert wrapped_round(words)
    with pytest.raises(RadiographError) as error:
        read(films.dicom(words, BitsStored=16))
    assert error.value.refusal.code is RefusalCode.UNSUPPORTED
    assert "Pixel Representation 0" in str(error.value)


def test_unsigned_samples_of_whole_words_do_not_wrap_round() -> None:
    lettered = DEEP.copy()
    lettered[40:60, 50:90] = 65535  # white letters on a film of twelve bits
    for samples in (DEEP, DEEP * np.uint16(16), lettered, np.full_like(DEEP, 65535)):
        assert not wrapped_round(samples)


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("signed", [False, True])
def test_a_sign_that_is_misstated_is_refused(bits: int, signed: bool) -> None:
    """The film spans the middle of the range: half of it would leap from black to white."""
    deep = films.grey16(bits=bits, size=160).astype(np.int32)
    middle = 1 << (bits - 1)
    true = deep - middle * signed  # as stored: two's complement where it is signed
    words = (true & ((1 << bits) - 1)).astype(np.uint8 if bits == 8 else np.uint16)
    kind = np.dtype(f"i{words.itemsize}")
    honest = words if not signed else true.astype(kind)
    expected = deep / ((1 << bits) - 1)
    assert np.allclose(films.whole(films.dicom(honest, BitsStored=bits)), expected, atol=1e-6)
    lie: npt.NDArray[Any] = words if signed else words.view(kind)
    if bits == 12 and not signed:  # what is then beyond the twelve bits says so by itself
        lie = (((lie & 0x0FFF) ^ middle) - middle).astype(kind)
    with pytest.raises(RadiographError, match=f"Pixel Representation {int(not signed)}") as caught:
        read(films.dicom(lie, BitsStored=bits))
    assert caught.value.refusal.code is RefusalCode.UNSUPPORTED


def test_a_sign_is_not_doubted_for_letters_padding_or_specks() -> None:
    rng = np.random.default_rng(4)
    dark = films.grey16(bits=14, size=160).astype(np.int32)  # nothing near the middle of 16 bits
    for value in (65535, 40000):
        lettered = dark.copy()
        lettered[40:60, 50:90] = value
        assert not sign_misstated(lettered, bits=16, signed=False)
    fading = dark.copy()
    fading[30:60, 40:100] = rng.integers(0, 65536, (30, 60))
    assert not sign_misstated(fading, bits=16, signed=False)
    padded = dark.copy()
    padded[:, :30] = -32768
    assert not sign_misstated(padded, bits=16, signed=True)
    specks = dark.copy()
    specks[rng.random(dark.shape) < 0.005] = 64000
    assert not sign_misstated(specks, bits=16, signed=False)
    assert not sign_misstated(np.zeros((160, 160), dtype=np.uint16), bits=16, signed=False)


def _hill(height: float, top: float) -> npt.NDArray[np.int32]:
    """Return 300x300 samples with noise that rise by a height towards the top in the middle."""
    away = np.hypot(*(np.indices((300, 300)) - 150))
    noise = np.random.default_rng(5).normal(0, height / 400, away.shape)
    rise: npt.NDArray[np.float64] = np.exp(-((away / 75) ** 2) / 2)
    hill: npt.NDArray[np.int32] = np.rint(top - height * (1 - rise) + noise).astype(np.int32)
    return hill


@pytest.mark.parametrize("below", [30, 60])
@pytest.mark.parametrize("stored", [12, 16])
def test_a_sign_that_is_misstated_for_few_samples_is_refused(below: int, stored: int) -> None:
    """A film of 12 bits in words of 16, of which less than 1 % is negative."""
    signed = (-_hill(3000, below)).astype(np.int16)
    assert 0 < (signed < 0).mean() < 0.01
    words = signed.view(np.uint16)
    with pytest.raises(RadiographError, match="signed values, Pixel Representation 0") as caught:
        read(films.dicom(words, BitsStored=stored))
    assert caught.value.refusal.code is RefusalCode.UNSUPPORTED
    read(films.dicom(signed, BitsStored=16))  # said rightly


def test_few_bright_samples_that_wrap_below_nought_are_refused() -> None:
    bright = _hill(13000, 33000)
    assert 0 < (bright > 32767).mean() < 0.01
    with pytest.raises(RadiographError, match="unsigned values, Pixel Representation 1"):
        read(films.dicom(bright.astype(np.uint16).view(np.int16), BitsStored=16))
    read(films.dicom(bright.astype(np.uint16), BitsStored=16))


def _about_nought(below: int) -> npt.NDArray[np.int32]:
    """Return a film of 1,200 values, a broad dark border of which lies on either side of nought."""
    film = films.grey16(bits=10, size=160).astype(np.int32)
    noise = np.random.default_rng(3).integers(-below, 20, film.shape)
    border = np.ones(film.shape, dtype=np.bool_)
    border[16:-16, 16:-16] = False
    return np.where(border, noise, np.maximum(film, 20))


@pytest.mark.parametrize("below", [5, 20, 40])
def test_a_dark_border_of_few_values_below_nought_does_not_turn_white(below: int) -> None:
    """Cut to twelve bits, it lies at the upper end: unsigned, air would be the whitest of all."""
    signed = _about_nought(below)
    words = (signed & 0x0FFF).astype(np.uint16)
    assert 0.01 < (words > 4000).mean() < 0.5
    with pytest.raises(RadiographError, match="signed values, Pixel Representation 0"):
        read(films.dicom(words))
    assert not sign_misstated(signed.astype(np.int16), bits=12, signed=True)


def test_white_letters_and_borders_beside_black_are_no_misstated_sign() -> None:
    rng = np.random.default_rng(2)
    film = np.where(_about_nought(1) <= 20, 0, _about_nought(1)).clip(0, 4095)
    for white in (np.full((30, 120), 4095), 4095 - rng.integers(0, 6, (30, 120))):
        marked = film.copy()
        marked[5:35, 10:130] = white
        marked[40:44] = rng.integers(0, 6, (4, 160))
        assert not sign_misstated(marked.astype(np.uint16), bits=12, signed=False)


@pytest.mark.parametrize("syntax", ["native", "RLE"])
def test_a_sign_that_was_cut_off_must_be_told_by_the_grey(syntax: str) -> None:
    """Words of 0 to 4095 that are said to be signed may be so, or be unsigned ones."""
    made = films.dicom if syntax == "native" else films.rle_dicom

    def film(words: npt.NDArray[Any]) -> bytes:
        return made(words.astype(np.uint16), PixelRepresentation=1)

    signed = DEEP.astype(np.int32) - 2048
    # Grey that crosses nought smoothly: its sign was cut off.
    assert np.allclose(films.whole(film(signed & 0x0FFF)), EXPECTED, atol=1e-6)
    # Grey that crosses the middle smoothly: it never had a sign.
    with pytest.raises(RadiographError, match="beyond 12 Bits Stored"):
        read(film(DEEP))
    # A bright part that nothing joins to the dark one: either may be.
    apart = np.where(DEEP > 2600, np.clip(DEEP, 3000, 4094), np.minimum(DEEP // 4, 500))
    apart[::2] = np.minimum(apart[::2], 500)
    with pytest.raises(RadiographError, match="12-bit values of unknown sign") as caught:
        read(film(apart))
    assert caught.value.refusal.code is RefusalCode.UNSUPPORTED
    # Nothing has the bit that would be the sign, or everything: the picture is the same.
    assert not sign_untold(DEEP // 2, (DEEP // 2).astype(np.int16), bits=12)
    all_high = (DEEP // 2 + 2048).astype(np.int16)
    assert not sign_untold(all_high, (all_high - 4096).astype(np.int16), bits=12)


def test_specks_below_nought_are_refused() -> None:
    """Noise about nought where nothing hinders the beam: few samples, all alone."""
    rng = np.random.default_rng(6)
    signed = films.grey16(bits=11, size=200).astype(np.int32) + 200
    at = rng.random(signed.shape) < 0.008
    signed[at] = -rng.integers(1, 30, int(at.sum()))
    assert sign_misstated(signed.astype(np.int16).view(np.uint16), bits=16, signed=False)
    assert not sign_misstated(signed.astype(np.int16), bits=16, signed=True)


def test_letters_near_the_end_are_no_misstated_sign() -> None:
    """Those that fade, those of a few values, and those that lie on grey."""
    rng = np.random.default_rng(8)
    dark = films.grey16(bits=11, size=200).astype(np.int32)
    dark[:40, :60] = rng.integers(0, 50, (40, 60))  # beside the collimated beam
    for letter in (
        np.full((14, 10), 4090),
        rng.integers(4091, 4094, (14, 10)),
        np.add.outer(np.abs(np.arange(-7, 7)) * -280, np.arange(10)) + 4080,
    ):
        film = dark.copy()
        film[10:24, 20:30] = letter
        assert not sign_misstated(film, bits=12, signed=False)
        assert not sign_misstated(film.astype(np.int16) - 2048, bits=12, signed=True)
    on_grey = dark.copy()
    on_grey[100:114, 100:110] = rng.integers(3900, 4090, (14, 10))
    assert not sign_misstated(on_grey, bits=12, signed=False)


def test_overlays_of_any_bits_are_no_negative_samples() -> None:
    for mark in (0x8000, 0xF000, 0x1000):
        marked = DEEP.copy()
        marked[40:60, 50:90] |= np.uint16(mark)
        assert np.array_equal(stored_values(marked, bits=12, signed=False), DEEP)


def test_the_sign_of_a_palettes_indices_is_not_doubted() -> None:
    """Their values are no grey: neighbours may lie as far apart as can be."""
    odd = np.indices((160, 160)).sum(axis=0) % 2
    few = np.where(odd, 20, 236).astype(np.uint8)
    assert not sign_misstated(few, bits=8, signed=False)  # a drawing
    near = (np.where(odd, 1, 204) + np.arange(160) // 3 % 50).astype(np.uint8)
    assert sign_misstated(near, bits=8, signed=False)
    film = films.dataset(near, PhotometricInterpretation="PALETTE COLOR")
    for colour in ("Red", "Green", "Blue"):
        setattr(film, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 8])
        film.add_new(f"{colour}PaletteColorLookupTableData", "OW", bytes(range(256)))
    assert np.allclose(films.whole(films.part10(film)), near / 255, atol=1e-6)


def test_a_large_jpeg_2000_film_of_a_misstated_sign_is_refused_too() -> None:
    """Read at half its size, by averages."""
    small = Image.fromarray(films.grey8(size=160) * np.float32(257))
    deep = np.asarray(small.resize((2200, 2200), Image.Resampling.BICUBIC)).clip(0, 65535)
    wrapped = (deep.astype(np.int32) - 32768).astype(np.int16).view(np.uint16)
    stream = films.picture(wrapped, "JPEG2000", no_jp2=True, irreversible=False)
    film = films.dataset(wrapped, BitsStored=16)
    with pytest.raises(RadiographError, match="Pixel Representation 0"):
        read(films.encapsulated(film, stream, JPEG2000Lossless))
