"""Ink over the lungs is found, bright or dark, kept or compressed; anatomy and markers are none."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.strokes import drawn_over

_SIDE = 480
# Two lungs: columns 60 to 200 and 280 to 420 of rows 80 to 380.
_LUNGS = np.zeros((_SIDE, _SIDE), dtype=bool)
_LUNGS[80:380, 60:200] = True
_LUNGS[80:380, 280:420] = True

Draw = Callable[[ImageDraw.ImageDraw, int], None]


def _film(seed: int = 4) -> Image.Image:
    grey = np.rint(draw_phantom(seed).pixels * 255.0).astype(np.uint8)
    film = np.asarray(Image.fromarray(grey).resize((_SIDE, _SIDE)), dtype=np.float64)
    film = film * 0.8 + 20.0 + np.random.default_rng(seed).normal(0.0, 3.0, film.shape)
    return Image.fromarray(np.clip(np.rint(film), 0, 255).astype(np.uint8))


def _pixels(film: Image.Image, quality: int | None = None) -> FloatImage:
    if quality is not None:
        stream = io.BytesIO()
        film.save(stream, "JPEG", quality=quality)
        film = Image.open(stream)
    pixels: FloatImage = np.asarray(film, dtype=np.float32) / np.float32(255.0)
    return pixels


def _arrow(pen: ImageDraw.ImageDraw, ink: int) -> None:
    pen.line([(90, 150), (150, 210)], fill=ink, width=5)
    pen.polygon([(150, 210), (146, 190), (130, 206)], fill=ink)


def _ring(pen: ImageDraw.ImageDraw, ink: int) -> None:
    pen.ellipse([300, 200, 380, 280], outline=ink, width=4)


def _box(pen: ImageDraw.ImageDraw, ink: int) -> None:
    pen.rectangle([90, 200, 170, 260], outline=ink, width=3)


def _word(pen: ImageDraw.ImageDraw, ink: int) -> None:
    pen.text((290, 150), "RML", fill=ink, font=ImageFont.load_default(40))


def _ruler(pen: ImageDraw.ImageDraw, ink: int) -> None:
    pen.line([(240, 100), (240, 340)], fill=ink, width=2)
    for row in range(100, 341, 24):
        pen.line([(240, row), (252, row)], fill=ink, width=2)


def _marked(draw: Draw, ink: int) -> Image.Image:
    film = _film()
    draw(ImageDraw.Draw(film), ink)
    return film


@pytest.mark.parametrize("quality", [None, 95, 75])
@pytest.mark.parametrize("ink", [255, 0])
@pytest.mark.parametrize("draw", [_arrow, _ring, _box, _word, _ruler])
def test_marks_over_the_lungs_are_found(draw: Draw, ink: int, quality: int | None) -> None:
    assert drawn_over(_pixels(_marked(draw, ink), quality), _LUNGS)


def test_the_lungs_may_be_known_more_coarsely() -> None:
    assert drawn_over(_pixels(_marked(_arrow, 255)), _LUNGS[::4, ::4])


@pytest.mark.parametrize("times", [2, 5])
def test_large_films_are_looked_at_too(times: int) -> None:
    large = _marked(_ring, 255).resize((times * _SIDE, times * _SIDE), Image.Resampling.NEAREST)
    assert drawn_over(_pixels(large), _LUNGS)


@pytest.mark.parametrize("quality", [None, 95, 75, 60])
@pytest.mark.parametrize("seed", range(4))
def test_films_without_marks_carry_none(seed: int, quality: int | None) -> None:
    assert not drawn_over(_pixels(_film(seed), quality), _LUNGS)


def test_markers_and_names_beside_the_lungs_are_no_marks() -> None:
    film = _film()
    pen = ImageDraw.Draw(film)
    font = ImageFont.load_default(36)
    pen.text((10, 10), "R", fill=255, font=font)
    pen.text((430, 300), "L", fill=255, font=font)
    pen.text((120, 420), "12-03-2020 8:15", fill=255, font=font)
    assert not drawn_over(_pixels(film), _LUNGS)


def _wired() -> npt.NDArray[np.uint8]:
    """A film with a wire and a clip: what lies behind shows through, and their edges are soft."""
    layer = Image.new("L", (_SIDE, _SIDE), 0)
    pen = ImageDraw.Draw(layer)
    pen.line([(70, 90), (180, 200), (300, 220), (410, 350)], fill=70, width=4)
    pen.rectangle([120, 250, 128, 262], fill=90)
    added = np.asarray(layer.filter(ImageFilter.GaussianBlur(1.0)), dtype=np.int16)
    film: npt.NDArray[np.uint8] = np.clip(np.asarray(_film(), np.int16) + added, 0, 255).astype(
        "u1"
    )
    return film


@pytest.mark.parametrize("quality", [None, 75])
def test_wires_and_clips_are_no_marks(quality: int | None) -> None:
    assert not drawn_over(_pixels(Image.fromarray(_wired()), quality), _LUNGS)


def test_an_overexposed_film_is_not_marked() -> None:
    """Ribs and heart burnt out to one white, with sharp edges, but wide."""
    film = np.asarray(_film(), dtype=np.float64).copy()
    film[80:380, 190:300] = 255.0
    for row in range(100, 370, 60):
        film[row : row + 24, 60:420] += 150.0
    assert not drawn_over(_pixels(Image.fromarray(np.clip(film, 0, 255).astype(np.uint8))), _LUNGS)


def test_without_lungs_nothing_lies_over_them() -> None:
    nowhere = np.zeros((16, 16), dtype=bool)
    assert not drawn_over(_pixels(_marked(_arrow, 255)), nowhere)
