"""The grey-scale pipeline, against worked examples of the standard and real films."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydicom import Dataset
from pydicom.data import get_testdata_file
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

import films
import real_parts
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers.dicom_display import display_table
from covid_d.radiograph.readers.dicom_object import samples_of
from covid_d.radiograph.readers.orders import bytes_are_swapped, lengths_are_exchanged
from covid_d.radiograph.readers.stored import sign_misstated

DEEP = films.grey16(bits=12)


def table(photometric: str = "MONOCHROME2", **elements: Any) -> np.ndarray[Any, Any]:
    """Return the grey of every stored value of a 12-bit film with these elements."""
    return display_table(films.dataset(DEEP, **elements), photometric)


def refusal_of(data: bytes) -> RefusalCode:
    with pytest.raises(RadiographError) as caught:
        read(data)
    return caught.value.refusal.code


def test_without_any_transform_the_stored_bits_are_the_scale() -> None:
    assert np.allclose(table(), np.arange(4096) / 4095, atol=1e-7)


# PS3.3 C.11.2.1.2.1: "if (x <= c - 0.5 - (w-1)/2) then y = ymin; else if (x > c - 0.5 + (w-1)/2)
# then y = ymax; else y = ((x - (c - 0.5)) / (w-1) + 0.5) * (ymax - ymin) + ymin".
@pytest.mark.parametrize(
    ("centre", "width", "expected"),
    [
        # The note's full 12-bit window: c=2048, w=4096 maps x to ((x - 2047.5) / 4095 + 0.5).
        (2048, 4096, {0: 0.0, 1: 1 / 4095, 2047: 2047 / 4095, 4094: 4094 / 4095, 4095: 1.0}),
        # The note's narrowest window: c=2048, w=1: black up to 2047, white above.
        (2048, 1, {0: 0.0, 2047: 0.0, 2048: 1.0, 4095: 1.0}),
        # Its c=0, w=100, moved by 1000: black up to 950, white above 1049, else (x + 0.5)/99 + 0.5.
        (1000, 100, {950: 0.0, 951: 1 / 99, 1000: 0.5 / 99 + 0.5, 1049: 1.0, 1050: 1.0}),
    ],
)
def test_linear_window(centre: float, width: float, expected: dict[int, float]) -> None:
    grey = table(WindowCenter=centre, WindowWidth=width)
    for stored, wanted in expected.items():
        assert grey[stored] == pytest.approx(wanted, abs=1e-6), stored


def test_linear_exact_and_sigmoid_windows() -> None:
    # PS3.3 C.11.2.1.3.2: y = ((x - c) / w + 0.5) * range.
    exact = table(WindowCenter=1000, WindowWidth=100, VOILUTFunction="LINEAR_EXACT")
    assert exact[[950, 1000, 1025, 1050]].tolist() == pytest.approx([0.0, 0.5, 0.75, 1.0])
    # PS3.3 C.11.2.1.3.1: y = range / (1 + exp(-4 (x - c) / w)).
    sigmoid = table(WindowCenter=1000, WindowWidth=100, VOILUTFunction="SIGMOID")
    assert sigmoid[1000] == pytest.approx(0.5)
    assert sigmoid[1050] == pytest.approx(1 / (1 + np.exp(-2)))


def test_the_window_lies_on_rescaled_values() -> None:
    # Stored 2 * x + 100: the window from 1100 to 3100 covers stored 500 to 1500.
    grey = table(
        RescaleSlope=2,
        RescaleIntercept=100,
        WindowCenter=2100,
        WindowWidth=2000,
        VOILUTFunction="LINEAR_EXACT",
    )
    assert grey[[500, 1000, 1500]].tolist() == pytest.approx([0.0, 0.5, 1.0], abs=1e-6)


def test_a_negative_slope_turns_the_grey_scale_with_and_without_a_window() -> None:
    slope: dict[str, Any] = {"RescaleSlope": -1, "RescaleIntercept": 4095}
    assert np.allclose(table(**slope), np.arange(4095, -1, -1) / 4095, atol=1e-7)
    windowed = table(**slope, WindowCenter=2048, WindowWidth=4096)
    assert np.allclose(windowed, np.arange(4095, -1, -1) / 4095, atol=1e-6)


def test_voi_lut_comes_before_the_window_and_its_bits_are_the_scale() -> None:
    values = [0, 100, 500, 1023]
    grey = table(VOILUTSequence=films.lut(values, first=10, bits=10), WindowCenter=1, WindowWidth=9)
    # Below the first mapped value the first entry; beyond the last, the last.
    expected = [0.0, 0.0, 100 / 1023, 500 / 1023, 1.0, 1.0]
    assert grey[[0, 10, 11, 12, 13, 4095]].tolist() == pytest.approx(expected)


def test_an_8_bit_voi_lut_of_4096_entries_does_not_wrap_round() -> None:
    values = [entry // 16 for entry in range(4096)]
    grey = table(VOILUTSequence=films.lut(values, bits=8))
    assert np.allclose(grey, np.asarray(values) / 255, atol=1e-6)


def test_modality_lut_is_applied_first() -> None:
    values = [4095 - entry for entry in range(4096)]
    grey = table(ModalityLUTSequence=films.lut(values))
    assert np.allclose(grey, np.asarray(values) / 4095, atol=1e-6)
    windowed = table(ModalityLUTSequence=films.lut(values), WindowCenter=2048, WindowWidth=4096)
    assert np.allclose(windowed, np.asarray(values) / 4095, atol=1e-6)


def test_signed_samples() -> None:
    samples = (DEEP.astype(np.int32) - 2048).astype(np.int16)
    film = read(films.dicom(samples))
    assert np.allclose(film.pixels, DEEP / 4095, atol=1e-6)
    windowed = read(films.dicom(samples, WindowCenter=0, WindowWidth=4096))
    assert np.allclose(windowed.pixels, DEEP / 4095, atol=1e-6)


@pytest.mark.parametrize(
    "window",
    [
        {"WindowCenter": 0, "WindowWidth": 0},
        {"WindowCenter": 100, "WindowWidth": -3},
        {"WindowCenter": "", "WindowWidth": ""},
        {"WindowCenter": 100},
        {"RescaleSlope": "", "RescaleIntercept": ""},
        {"RescaleSlope": 5},
        {"VOILUTFunction": ""},
    ],
)
def test_a_transform_that_states_nothing_is_none(window: dict[str, Any]) -> None:
    assert np.allclose(read(films.dicom(DEEP, **window)).pixels, DEEP / 4095, atol=1e-6)


def test_the_first_of_several_windows_counts() -> None:
    many = table(WindowCenter=[1000, 9], WindowWidth=[500, 9])
    assert np.array_equal(many, table(WindowCenter=1000, WindowWidth=500))


windows = st.tuples(st.integers(-500, 4500), st.integers(1, 6000))
functions = st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"])


@given(windows, functions, st.sampled_from([1.0, 0.5, 3.0]), st.integers(-1000, 1000))
@settings(max_examples=40, deadline=None)
def test_the_table_is_what_pydicom_gives_pixel_by_pixel(
    window: tuple[int, int], function: str, slope: float, intercept: int
) -> None:
    film = films.dataset(
        DEEP,
        WindowCenter=window[0],
        WindowWidth=window[1],
        VOILUTFunction=function,
        RescaleSlope=slope,
        RescaleIntercept=intercept,
    )
    shown = apply_voi_lut(apply_modality_lut(DEEP, film), film)
    low, high = intercept, 4095 * slope + intercept  # the rescaled range: pydicom's output range
    pixels = films.whole(films.part10(film))
    assert np.allclose(pixels, (shown - low) / (high - low), atol=1e-6)


@given(windows, functions)
@settings(max_examples=40, deadline=None)
def test_monochrome1_is_the_exact_inverse_of_monochrome2(
    window: tuple[int, int], function: str
) -> None:
    stated: dict[str, Any] = {
        "WindowCenter": window[0],
        "WindowWidth": window[1],
        "VOILUTFunction": function,
    }
    assert np.allclose(table("MONOCHROME1", **stated), 1.0 - table(**stated), atol=1e-6)


@given(hnp.arrays(np.uint16, (100, 97), elements=st.integers(0, 4095)))
@settings(max_examples=15, deadline=None)
def test_inverted_samples_called_monochrome1_are_the_same_film(
    samples: np.ndarray[Any, Any],
) -> None:
    # Refused, as no grey of a film.
    assume(not sign_misstated(samples, bits=12, signed=False))
    assume(not bytes_are_swapped(samples) and not bytes_are_swapped(4095 - samples))
    assume(not lengths_are_exchanged(samples))
    positive = films.whole(films.dicom(samples))
    negative = films.whole(films.dicom(4095 - samples, PhotometricInterpretation="MONOCHROME1"))
    assert np.allclose(positive, negative, atol=1e-6)


def test_inversion_stays_in_the_range_of_the_voi_lut() -> None:
    # The known fault elsewhere: 4095 - value, after a LUT whose output ends at 255.
    values = [entry // 16 for entry in range(4096)]
    lut = films.lut(values, bits=8)
    grey = table("MONOCHROME1", VOILUTSequence=lut)
    assert (grey.min(), grey.max()) == (0.0, 1.0)
    assert grey[0] == 1.0


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_becomes_air(photometric: str) -> None:
    padded = DEEP.copy()
    padded[:20] = 4000
    data = films.dicom(padded, PhotometricInterpretation=photometric, PixelPaddingValue=4000)
    assert films.whole(data)[:20].max() == 0.0
    assert read(data).height == 140, "air from end to end is no film"
    grey = table(photometric, PixelPaddingValue=4000, PixelPaddingRangeLimit=3990)
    assert grey[3990:4001].max() == 0.0
    assert grey[3989] != 0.0
    assert grey[4001] != 0.0


def test_signed_padding_written_as_unsigned() -> None:
    samples = (DEEP.astype(np.int32) - 2048).astype(np.int16)
    samples[:20] = -2000
    film = films.dataset(samples)
    film.add_new("PixelPaddingValue", "US", 65536 - 2000)
    grey = display_table(film, "MONOCHROME1")
    assert grey[-2000 + 2048] == 0.0


def test_contradictory_polarity_is_refused_and_agreeing_polarity_is_not() -> None:
    one: dict[str, Any] = {"PhotometricInterpretation": "MONOCHROME1"}
    assert refusal_of(films.dicom(PresentationLUTShape="INVERSE")) is RefusalCode.UNSUPPORTED
    # Fuji's DX films say IDENTITY: their MONOCHROME1 is right.
    for shape in ("INVERSE", "IDENTITY"):
        agreeing = read(films.dicom(DEEP, **one, PresentationLUTShape=shape))
        assert np.allclose(agreeing.pixels, 1 - DEEP / 4095, atol=1e-6)


def _expected(entries: np.ndarray[Any, Any], stored: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the grey of samples by a LUT, worked out here: first entry 0, the last one goes on."""
    top = 255 if entries.max() < 256 else 2 ** int(np.ceil(np.log2(entries.max() + 1))) - 1
    grey: np.ndarray[Any, Any] = entries[np.minimum(stored, len(entries) - 1)] / top
    return grey


RAMP = np.linspace(0, 255, 4096).round().astype(int)


def test_8_bit_entries_packed_two_a_word_are_the_entries() -> None:
    item = films.lut([], bits=8)[0]
    item.LUTDescriptor = [4096, 0, 8]
    item.add_new("LUTData", "OW", RAMP.astype(np.uint8).tobytes())
    film = read(films.dicom(DEEP, VOILUTSequence=[item]))
    assert np.allclose(film.pixels, _expected(RAMP, DEEP), atol=1e-6)


def test_a_short_lut_goes_on_with_its_last_entry() -> None:
    short = RAMP[:4000] * 16
    film = read(films.dicom(DEEP, VOILUTSequence=films.lut(short.tolist(), entries=4096)))
    assert np.allclose(film.pixels, _expected(short, DEEP), atol=1e-6)
    lost = films.dicom(DEEP, VOILUTSequence=films.lut([0] * 1000, entries=4096))
    assert refusal_of(lost) is RefusalCode.TRUNCATED


def test_a_lut_of_12_bits_called_16_is_not_almost_black() -> None:
    entries = (np.arange(4096) * 0.9).astype(int)
    film = read(films.dicom(DEEP, VOILUTSequence=films.lut(entries.tolist(), bits=16)))
    assert np.allclose(film.pixels, entries[DEEP] / 4095, atol=1e-6)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_bits_that_no_sample_uses_do_not_darken_the_film(photometric: str) -> None:
    wide = films.dicom(DEEP, BitsStored=16, PhotometricInterpretation=photometric)
    grey = DEEP / 4095
    expected = 1 - grey if photometric == "MONOCHROME1" else grey
    assert np.allclose(read(wide).pixels, expected, atol=1e-6)


def test_a_decimal_comma_is_a_point() -> None:
    film = films.dataset(DEEP)
    for keyword, text in (("WindowCenter", "2048,5 "), ("WindowWidth", "4096,0")):
        film.add_new(keyword, "LO", text)  # DS would not bear it
    data = films.part10(film).replace(b"P\x10LO", b"P\x10DS").replace(b"Q\x10LO", b"Q\x10DS")
    # PS3.3 C.11.2.1.2.1: ((x - (c - 0.5)) / (w - 1) + 0.5).
    expected = np.clip((DEEP - 2048.0) / 4095 + 0.5, 0, 1)
    assert np.allclose(read(data).pixels, expected, atol=1e-6)


def test_unusable_transforms_are_refused() -> None:
    function = films.dicom(WindowCenter=5, WindowWidth=5, VOILUTFunction="CUBIC")
    assert refusal_of(function) is RefusalCode.UNSUPPORTED
    flat = films.dicom(RescaleSlope=0, RescaleIntercept=0)
    assert refusal_of(flat) is RefusalCode.UNSUPPORTED
    assert refusal_of(films.dicom(VOILUTSequence=[Dataset()])) is RefusalCode.TRUNCATED


def test_colour_captures_are_told_from_grey_ones() -> None:
    grey = np.dstack([films.grey8()] * 3)
    film = read(films.dicom(grey))
    assert np.allclose(film.pixels, films.grey8() / 255, atol=1e-6)
    assert not film.facts.colour
    red = grey.copy()
    red[..., 1:] = 0
    assert read(films.dicom(red)).facts.colour
    marked = grey.copy()
    marked[40:44, 40:80] = (255, 255, 0)
    assert read(films.dicom(marked)).facts.marks


def test_palettes() -> None:
    film = films.dataset(films.grey8(), PhotometricInterpretation="PALETTE COLOR")
    for channel in ("Red", "Green", "Blue"):
        setattr(film, f"{channel}PaletteColorLookupTableDescriptor", [256, 0, 16])
        values = (np.arange(256, dtype="<u2") * 257).tobytes()
        setattr(film, f"{channel}PaletteColorLookupTableData", values)
    grey = read(films.part10(film))
    assert np.allclose(grey.pixels, films.grey8() / 255, atol=1e-6)
    assert not grey.facts.colour
    real = read(_bundled("examples_palette.dcm"))
    assert real.facts.colour


def _bundled(name: str) -> str:
    path = get_testdata_file(name, download=False)
    if path is None:
        real_parts.lacking(f"{name} comes with the package pydicom-data")
    return str(path)


def test_a_real_chest_film_is_the_same_in_four_encodings() -> None:
    reference = read(_bundled("RG1_UNCR.dcm"))
    assert reference.pixels.shape == (1955, 1841)
    assert (reference.facts.body_part, reference.facts.bits) == ("CHEST", 15)
    # R: before lossy compression; I: after it, so nearly but not quite the same.
    reversible, irreversible, lossy = (
        read(_bundled(f"RG1_{name}.dcm")) for name in ("J2KR", "UNCI", "J2KI")
    )
    assert np.array_equal(reversible.pixels, reference.pixels)
    assert np.abs(lossy.pixels - irreversible.pixels).max() < 1e-3
    assert np.abs(lossy.pixels - reference.pixels).mean() < 3e-3
    # MONOCHROME1: the corners of the collimated film, high in the file, are dark as shown.
    samples, photometric, _ = samples_of(_dataset("RG1_UNCR.dcm"))
    assert photometric == "MONOCHROME1"
    assert np.corrcoef(samples[::16, ::16].ravel(), reference.pixels[::16, ::16].ravel())[0, 1] < 0


def _dataset(name: str) -> Dataset:
    from pydicom import dcmread

    return dcmread(_bundled(name))


def test_real_luts_of_the_test_collection() -> None:
    for name in ("mlut_18.dcm", "vlut_04.dcm"):
        film, raw = films.whole(Path(_bundled(name)).read_bytes()), _dataset(name)
        shown = apply_voi_lut(apply_modality_lut(raw.pixel_array, raw), raw)
        assert np.corrcoef(film.ravel(), shown.ravel())[0, 1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("shift", "low", "high"),
    [
        (0, 0, 4095),  # nothing below nought: 12 bits
        (2048, -2048, 2047),  # 12 bits about nought
        (1000, -4096, 4095),  # up to 3095 below and above: 13 bits
    ],
)
def test_signed_containers_of_16_bits_are_scaled_by_the_bits_in_use(
    shift: int, low: int, high: int
) -> None:
    full = np.clip(DEEP, 0, 4095)
    full[0, 2:4] = (0, 4095)  # every bit is in use
    samples = full.astype(np.int32) - shift
    film = films.whole(films.dicom(samples.astype(np.int16), BitsStored=16))
    assert np.allclose(film, (samples - low) / (high - low), atol=1e-6)


def test_a_modality_lut_of_12_bits_called_16_is_not_almost_black() -> None:
    entries = (np.arange(4096) * 0.9).astype(int)
    data = films.dicom(DEEP, ModalityLUTSequence=films.lut(entries.tolist(), bits=16))
    assert np.allclose(read(data).pixels, entries[DEEP] / 4095, atol=1e-6)


def test_modality_luts_as_stations_write_them() -> None:
    # 12 bits an entry, though PS3.3 C.11.1.1 lets 8 and 16 alone.
    entries = np.arange(4096)[::-1]
    twelve = films.dicom(DEEP, ModalityLUTSequence=films.lut(entries.tolist(), bits=12))
    assert np.allclose(read(twelve).pixels, entries[DEEP] / 4095, atol=1e-6)
    item = films.lut([], bits=8)[0]
    item.LUTDescriptor = [4096, 0, 8]
    item.add_new("LUTData", "OW", RAMP.astype(np.uint8).tobytes())
    packed = films.dicom(DEEP, ModalityLUTSequence=[item])
    assert np.allclose(read(packed).pixels, RAMP[DEEP] / 255, atol=1e-6)


def test_a_voi_lut_that_begins_below_nought_may_be_written_unsigned() -> None:
    # Rescaled to -1024..3071 and looked up from -1024 on, which as an unsigned word is 64512.
    written = films.lut(list(range(4096)), first=65536 - 1024, bits=12)
    data = films.dicom(DEEP, RescaleSlope=1, RescaleIntercept=-1024, VOILUTSequence=written)
    assert np.allclose(read(data).pixels, DEEP / 4095, atol=1e-6)


def test_a_modality_lut_that_begins_below_nought_may_be_written_unsigned() -> None:
    # Signed samples from -2048 on, which as an unsigned word is 63488 (PS3.3 C.11.1.1.1).
    signed = (DEEP.astype(np.int32) - 2048).astype(np.int16)
    rising = np.linspace(0, 4095, 4096).astype(np.int64) ** 2 // 4095
    for first in (65536 - 2048, -2048):
        item = films.lut(rising.tolist(), bits=12)[0]
        item["LUTDescriptor"].VR = "SS" if first < 0 else "US"
        item["LUTDescriptor"].value = [4096, first, 12]
        data = films.dicom(signed, ModalityLUTSequence=[item])
        assert np.allclose(films.whole(data), rising[DEEP] / 4095, atol=1e-6)


@pytest.mark.parametrize("written", ["inverse", "Inverse ", " INVERSE"])
def test_a_contradictory_polarity_is_one_in_small_letters_too(written: str) -> None:
    assert refusal_of(films.dicom(DEEP, PresentationLUTShape=written)) is RefusalCode.UNSUPPORTED


def test_colour_of_16_bits_that_uses_12_is_not_almost_black() -> None:
    film = read(films.dicom(np.dstack([DEEP] * 3), BitsStored=16))
    assert np.abs(film.pixels - DEEP / 4095).max() < 1.1 / 255  # eight bits are kept


@pytest.mark.parametrize("written", ["monochrome2", " MONOCHROME2", "Monochrome2 "])
def test_small_letters_and_blanks_are_no_other_interpretation(written: str) -> None:
    shown = films.whole(films.dicom(DEEP, PhotometricInterpretation=written))
    assert np.allclose(shown, DEEP / 4095, atol=1e-6)


def test_a_presentation_lut_of_its_own_is_refused() -> None:
    """Of printers and presentation states: an image does not have one (PS3.3 C.11.4)."""
    falling = films.lut([4095 - at for at in range(4096)], bits=12)
    assert refusal_of(films.dicom(DEEP, PresentationLUTSequence=falling)) is RefusalCode.UNSUPPORTED


@pytest.mark.parametrize(("slope", "intercept"), [("-1", "4095"), ("2", "0"), ("1", "-1024")])
def test_a_modality_lut_and_a_rescale_that_changes_grey_are_refused(
    slope: str, intercept: str
) -> None:
    """PS3.3 C.11.1: a film has one of the two; which of two counts is nowhere said."""
    table = films.lut(list(range(4096)), bits=12)
    both: dict[str, Any] = {
        "ModalityLUTSequence": table,
        "RescaleSlope": slope,
        "RescaleIntercept": intercept,
    }
    with pytest.raises(RadiographError, match="Modality LUT Sequence and Rescale Slope") as caught:
        read(films.dicom(**both))
    assert caught.value.refusal.code is RefusalCode.UNSUPPORTED


def test_a_rescale_that_changes_nothing_does_no_harm_beside_a_modality_lut() -> None:
    table = films.lut([4095 - value for value in range(4096)], bits=12)
    film = films.dicom(ModalityLUTSequence=table, RescaleSlope="1.0", RescaleIntercept="0")
    assert np.allclose(films.whole(film), 1 - films.grey16(bits=12) / 4095, atol=1e-6)
