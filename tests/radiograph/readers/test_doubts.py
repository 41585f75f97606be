"""What a file says of its values is refused by name where no film can be shown by it.

Sound files that look alike are read; their grey is worked out here, by the standard.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import films
from covid_d.radiograph import RadiographError, RefusalCode
from covid_d.radiograph.readers.doubts import require_monotone, require_padding

DEEP = films.grey16(bits=12)
GREY = DEEP / 4095


def refused(data: bytes) -> tuple[RefusalCode, str]:
    with pytest.raises(RadiographError) as caught:
        films.whole(data)
    said = caught.value.refusal.message
    assert caught.value.refusal.text.es
    return caught.value.refusal.code, said.en


def zigzag(teeth: int) -> list[int]:
    """Return 4,096 entries that rise and fall so many times."""
    at = np.arange(4096) * teeth / 4096 * 2 % 2
    return [int(value) for value in 4095 * np.minimum(at, 2 - at)]


@pytest.mark.parametrize("teeth", [1, 2, 7, 200])
@pytest.mark.parametrize(
    ("keyword", "named"),
    [
        ("VOILUTSequence", "VOI LUT Sequence (0028,3010)"),
        ("ModalityLUTSequence", "Modality LUT Sequence (0028,3000)"),
    ],
)
def test_a_table_that_rises_and_falls_is_refused(teeth: int, keyword: str, named: str) -> None:
    entries = films.lut(zigzag(teeth), bits=12)
    code, said = refused(films.dicom(DEEP, **{keyword: entries}))
    assert code is RefusalCode.UNSUPPORTED
    assert f"{named}, neither rising nor falling" in said


def test_a_table_that_falls_after_a_table_that_falls_is_none_that_rises_and_falls() -> None:
    falling = list(range(4095, -1, -1))
    data = films.dicom(
        DEEP,
        ModalityLUTSequence=films.lut(falling, bits=12),
        VOILUTSequence=films.lut(falling, bits=12),
    )
    assert np.allclose(films.whole(data), GREY, atol=1e-6)


@pytest.mark.parametrize(
    "entries",
    [
        np.arange(4096)[::-1],  # of a negative
        np.minimum(np.arange(4096), 3000),  # that clips
        4095 / (1 + np.exp((2048 - np.arange(4096)) / 500)),  # S-shaped
        np.arange(4096) // 16 * 16 + np.arange(4096) % 2 * 15,  # dithered
    ],
)
def test_tables_of_stations_are_followed(entries: npt.NDArray[Any]) -> None:
    written = [int(entry) for entry in entries]
    data = films.dicom(DEEP, VOILUTSequence=films.lut(written, bits=12))
    expected = np.asarray(written)[DEEP] / 4095
    assert np.allclose(films.whole(data), expected, atol=1e-6)


def test_only_what_the_film_shows_of_a_table_counts() -> None:
    """Entries behind the brightest tissue, of nothing or of a few letters, may be nought."""
    dark = np.clip(DEEP, 0, 3000)
    entries = [at if at <= 3000 else 0 for at in range(4096)]
    data = films.dicom(dark, VOILUTSequence=films.lut(entries, bits=12))
    assert np.allclose(films.whole(data), dark / 4095, atol=1e-6)
    dark[30:36, 30:40] = 4000
    data = films.dicom(dark, VOILUTSequence=films.lut(entries, bits=12))
    expected = np.where(dark > 3000, 0, dark) / 4095
    assert np.allclose(films.whole(data), expected, atol=1e-6)
    require_monotone(np.arange(9), np.zeros(9, dtype=np.int64), "VOILUTSequence")


def test_a_grey_palette_that_rises_and_falls_is_refused() -> None:
    def film(entries: npt.NDArray[Any]) -> bytes:
        made = films.dataset(films.grey8(), PhotometricInterpretation="PALETTE COLOR")
        for channel in ("Red", "Green", "Blue"):
            setattr(made, f"{channel}PaletteColorLookupTableDescriptor", [256, 0, 16])
            values = (entries * 257).astype("<u2").tobytes()
            setattr(made, f"{channel}PaletteColorLookupTableData", values)
        return films.part10(made)

    rising = np.arange(256)
    assert np.allclose(films.whole(film(255 - rising)), 1 - films.grey8() / 255, atol=1e-6)
    code, said = refused(film(np.minimum(2 * rising, 510 - 2 * rising)))
    assert code is RefusalCode.UNSUPPORTED
    assert "Photometric Interpretation (0028,0004)" in said


@pytest.mark.parametrize("units", ["HU", "hu ", "HU_MOD", "MGML", "Z_EFF", "ED", "EDW"])
@pytest.mark.parametrize("of_table", [False, True])
def test_units_of_another_modality_are_refused(units: str, of_table: bool) -> None:
    stated: dict[str, Any] = {"RescaleType": units, "RescaleSlope": 1, "RescaleIntercept": -1024}
    if of_table:
        table = films.lut(list(range(4096)))
        table[0].ModalityLUTType = units
        stated = {"ModalityLUTSequence": table}
    code, said = refused(films.dicom(DEEP, **stated))
    named = "Modality LUT Type (0028,3004)" if of_table else "Rescale Type (0028,1054)"
    assert code is RefusalCode.NOT_RADIOGRAPHY
    assert f"({units.strip().upper()}, {named})" in said


@pytest.mark.parametrize("units", ["US", "OD", "LOG_E REL", "P-VALUES", ""])
def test_units_of_radiographs_are_read(units: str) -> None:
    data = films.dicom(DEEP, RescaleType=units, RescaleSlope=1, RescaleIntercept=0)
    assert np.allclose(films.whole(data), GREY, atol=1e-6)


PADDED = "Pixel Padding Value (0028,0120)"


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(("value", "limit"), [(0, 2700), (1200, 2400), (4095, 2048), (2000, None)])
def test_padding_that_is_cut_out_of_the_grey_is_refused(
    photometric: str, value: int, limit: int | None
) -> None:
    film = films.dataset(DEEP, PhotometricInterpretation=photometric, PixelPaddingValue=value)
    if limit is not None:
        film.PixelPaddingRangeLimit = limit
    else:  # one grey of many, all over a film of few greys
        film.PixelData = (np.rint(GREY * 20) * 200).astype("<u2").tobytes()
    code, said = refused(films.part10(film))
    assert code is RefusalCode.UNSUPPORTED
    assert PADDED in said


@pytest.mark.parametrize("value", [3000, 4095])
def test_padding_over_half_of_the_film_is_refused(value: int) -> None:
    padded = DEEP.copy()
    padded[:, :90] = value
    code, said = refused(films.dicom(padded, PixelPaddingValue=value))
    assert code is RefusalCode.UNSUPPORTED
    assert f"{PADDED}, 56% of the film" in said


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("value", [0, 4095])
def test_padding_beside_the_film_becomes_air(photometric: str, value: int) -> None:
    padded = np.clip(DEEP, 300, 3700)
    padded[:, :50] = padded[140:] = value
    data = films.dicom(padded, PhotometricInterpretation=photometric, PixelPaddingValue=value)
    grey = padded / 4095
    expected = np.where(padded == value, 0, 1 - grey if photometric[-1] == "1" else grey)
    assert np.allclose(films.whole(data), expected, atol=1e-6)


def test_padding_that_would_be_dark_anyway_may_be_anywhere() -> None:
    """Air of nought, over most of a film: stations call it padding, and nothing is lost."""
    airy = np.where(DEEP < 2600, 0, DEEP)
    assert (airy == 0).mean() > 0.5
    data = films.dicom(airy, PixelPaddingValue=0, PixelPaddingRangeLimit=20)
    assert np.allclose(films.whole(data), airy / 4095, atol=1e-6)


@pytest.mark.parametrize("value", [-32768, 32767])
def test_padding_does_not_tell_how_many_bits_are_in_use(value: int) -> None:
    """Twelve bits in sixteen, and padding at the end of the sixteen: the twelve are the scale."""
    samples = DEEP.astype(np.int16)
    samples[:, :40] = value
    data = films.dicom(samples, BitsStored=16, PixelPaddingValue=value)
    expected = np.where(samples == value, 0, samples / 4095)
    assert np.allclose(films.whole(data), expected, atol=1e-6)


def test_a_film_of_padding_alone_is_as_it_is() -> None:
    only = np.full((160, 160), 5, dtype=np.uint16)
    only[::2] = 4
    data = films.dicom(only, BitsStored=16, PixelPaddingValue=0, PixelPaddingRangeLimit=9)
    assert films.whole(data).max() == 0
    dark = np.zeros(5, dtype=np.float32)
    require_padding(only, dark, dark == 0, np.ones(5, dtype=np.int64))


@pytest.mark.parametrize("stated", ["COLOR", "Mixed", "TRUE_COLOR"])
def test_grey_that_a_palette_colours_is_refused(stated: str) -> None:
    code, said = refused(films.dicom(DEEP, PixelPresentation=stated))
    assert code is RefusalCode.UNSUPPORTED
    assert "Pixel Presentation (0008,9205)" in said
    film = films.whole(films.dicom(DEEP, PixelPresentation="MONOCHROME"))
    assert np.allclose(film, GREY, atol=1e-6)
