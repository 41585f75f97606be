"""Colour on a grey film is found, however small; noise, tints and single pixels are none."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.readers.grey import Colours, grey_of

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
