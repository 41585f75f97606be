"""Colour on a grey film is found, however small; noise, tints and single pixels are none."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

import wavelets
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.readers.grey import (
    Colours,
    grey_of,
    of_fewest_bits,
    top_of,
    without_ringing,
)

_GREY = np.rint(draw_phantom(5).pixels * 255.0).astype(np.uint8)
_RGB = np.dstack([_GREY] * 3)


def _colours(pixels: npt.NDArray[np.number], quality: int | None = None) -> Colours:
    picture = Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
    if quality is not None:
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=quality)  # colour at half the resolution
        picture = Image.open(stream)
    return grey_of(picture.convert("RGB"))[1]


def _lined(colour: tuple[int, int, int], width: int) -> npt.NDArray[np.uint8]:
    picture = Image.fromarray(_RGB)
    height, across = _GREY.shape
    ends = [(0.3 * across, 0.3 * height), (0.45 * across, 0.55 * height)]
    ImageDraw.Draw(picture).line(ends, fill=colour, width=width)
    return np.asarray(picture)


@pytest.mark.parametrize("quality", [None, 60, 75, 95])
def test_a_grey_film_carries_none(quality: int | None) -> None:
    assert _colours(_RGB, quality) == (False, False)


@pytest.mark.parametrize("quality", [None, 60, 75, 95])
@pytest.mark.parametrize("width", [2, 4])
@pytest.mark.parametrize(
    "colour", [(255, 0, 0), (255, 255, 0), (0, 255, 0), (0, 0, 255), (0, 255, 255), (255, 140, 0)]
)
def test_a_thin_line_of_any_colour_is_a_mark(
    colour: tuple[int, int, int], width: int, quality: int | None
) -> None:
    assert _colours(_lined(colour, width), quality) == (False, True)


@pytest.mark.parametrize(
    "tint", [(1.0, 0.98, 0.93), (0.94, 0.97, 1.0), (1.0, 1.0, 1.0)], ids=["sepia", "blue", "none"]
)
@pytest.mark.parametrize("base", [(0, 0, 0), (-2, -1, 2)])
@pytest.mark.parametrize("quality", [None, 60, 95])
def test_a_slight_tint_of_the_whole_film_is_no_mark(
    tint: tuple[float, float, float], base: tuple[int, int, int], quality: int | None
) -> None:
    assert _colours(_RGB * np.array(tint) + np.array(base), quality) == (False, False)


def test_a_mark_on_a_tinted_film_is_found() -> None:
    tinted = _RGB * np.array([1.0, 0.98, 0.93])
    tinted[100:104, 80:140] = (255, 255, 0)
    assert _colours(tinted) == (False, True)


def test_colour_noise_and_specks_are_no_marks() -> None:
    rng = np.random.default_rng(8)
    assert _colours(_RGB + rng.normal(0.0, 10.0, _RGB.shape)) == (False, False)
    specks = _RGB.copy()
    specks[20::64, 20::64] = (255, 0, 0)
    specks[21::64, 21::64] = (255, 0, 0)  # each speck fills an eighth of its cell: 32 levels
    assert _colours(specks) == (False, False)


def test_a_map_over_part_of_a_film_is_both() -> None:
    film = _RGB.astype(np.float64)
    height, width = _GREY.shape
    film[height // 4 : height // 2, width // 4 : width // 2, 2] = 0  # a sixteenth, in yellow
    assert _colours(film) == (True, True)


def test_a_picture_in_colour_all_over_is_no_film_with_marks() -> None:
    assert _colours(_RGB * np.array([1.07, 0.6, 0.3])).colour
    rng = np.random.default_rng(9)
    blots = np.asarray(Image.fromarray(rng.integers(0, 256, (12, 12, 3)).astype(np.uint8)))
    photograph = np.asarray(Image.fromarray(blots).resize((384, 384), Image.Resampling.BICUBIC))
    assert _colours(photograph) == (True, False)


def _lit(pixels: npt.NDArray[np.number], light: str) -> npt.NDArray[np.float64]:
    """Return a photograph of it under a warm light: from one side, of a lamp, behind a haze."""
    height, width = _GREY.shape
    x, y = np.meshgrid(np.linspace(0.0, 1.0, width), np.linspace(0.0, 1.0, height))
    warm = {
        "side": x,
        "lamp": np.exp(-((x - 0.2) ** 2 + (y - 0.2) ** 2) / 0.05),
        "haze": y,
    }[light]
    lit = np.asarray(pixels) * np.dstack([np.ones_like(x), 1 - 0.08 * warm, 1 - 0.2 * warm])
    return lit * 0.85 + np.array([20.0, 18.0, 13.0]) if light == "haze" else lit


@pytest.mark.parametrize("light", ["side", "lamp", "haze"])
@pytest.mark.parametrize("quality", [None, 85])
def test_a_light_from_one_side_is_no_mark(light: str, quality: int | None) -> None:
    # The lamp tints a corner alone: too little to be called a colour picture.
    assert _colours(_lit(_RGB, light), quality) == (light != "lamp", False)


@pytest.mark.parametrize("light", ["side", "lamp", "haze"])
@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255)])
def test_a_mark_on_a_photograph_under_such_a_light_is_found(
    colour: tuple[int, int, int], light: str
) -> None:
    assert _colours(_lit(_lined(colour, 4), light), 85).marks


@pytest.mark.parametrize("share", [0.1, 0.25])
def test_a_map_over_part_of_a_film_is_a_mark(share: float) -> None:
    height, width = _GREY.shape
    x, y = np.meshgrid(np.linspace(-1.0, 1.0, width), np.linspace(-1.0, 1.0, height))
    cover = (np.hypot(x + 0.4, y) < np.sqrt(share))[..., None] * 0.5
    mapped = _RGB * (1 - cover) + cover * np.array([250.0, 120.0, 0.0])
    assert _colours(mapped).marks


def _ringing(bright: int, dark: int = 100) -> npt.NDArray[np.int32]:
    """Return averages of a picture with a bright field: they swing beyond it along its edges."""
    picture = np.full((400, 400), dark)
    picture[61:121, 50:130] = bright
    return np.rint(wavelets.averages(picture)).astype(np.int32)


def test_averages_within_the_bits_stay_as_they_are() -> None:
    averages = _ringing(3000, 900)
    assert averages.min() >= 0
    assert 3000 < averages.max() <= 4095
    assert without_ringing(averages, 0, 4095) is averages


@pytest.mark.parametrize("dark", [0, 100, 2000, 3900])
def test_a_swing_beside_a_step_is_cut(dark: int) -> None:
    averages = _ringing(4095, dark)
    assert averages.max() > 4095
    averages = np.maximum(averages, 0)  # a decoder of unsigned samples gives none below nought
    cut = without_ringing(averages, 0, 4095)
    assert cut is not None
    np.testing.assert_array_equal(cut, np.minimum(averages, 4095))


@pytest.mark.parametrize("bright", [4200, 5000, 8191])
def test_a_field_beyond_the_bits_is_more_than_a_swing(bright: int) -> None:
    assert without_ringing(_ringing(bright), 0, 4095) is None


def test_noise_beyond_the_bits_is_more_than_a_swing() -> None:
    rng = np.random.default_rng(2)
    noisy = rng.normal(4080, 20, (100, 100)).astype(np.int32)
    assert without_ringing(noisy, 0, 4095) is None


def test_signed_averages_are_cut_at_both_ends() -> None:
    averages = _ringing(4095, 0) - 2048
    cut = without_ringing(averages, -2048, 2047)
    assert cut is not None
    assert (cut.min(), cut.max()) == (-2048, 2047)


@pytest.mark.parametrize(
    ("bright", "top"), [(4095, 4095), (3900, 4095), (4200, 8191), (8000, 8191), (240, 255)]
)
def test_the_fewest_bits_that_explain_averages_are_those_in_use(bright: int, top: int) -> None:
    """The highest sample's; 3900 swings beyond twelve bits, and 4200 is more than a swing."""
    found = of_fewest_bits(_ringing(bright))
    assert top_of(int(found.max())) == top
