"""Bits beyond Bits Stored are no part of a sample; values that need them are refused."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom import dcmread
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

import films
from covid_d.radiograph import RadiographError, RefusalCode
from covid_d.radiograph.readers.stored import stored_values

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
