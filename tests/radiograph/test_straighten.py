"""A photograph becomes the picture of its film, in its own colours and depth."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from covid_d.radiograph import RadiographError, check, read
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.photograph import Corners
from covid_d.radiograph.straighten import LARGEST, photograph, proposed_corners, straighten
from films import dicom, picture
from photographs import HEIGHT, SHARES, WIDTH, drawn, tinted

FILM = draw_phantom(2, size=400).to_image()


def taken(tint: tuple[float, float, float] | None = None) -> Image.Image:
    """The film on a photograph of a dim room."""
    grey = drawn(FILM)
    return grey if tint is None else tinted(grey, tint)


def _alike(content: bytes) -> float:
    with Image.open(io.BytesIO(content)) as film:
        small = [np.asarray(each.convert("L").resize((64, 64)), float) for each in (film, FILM)]
    return float(np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1])


def test_the_film_comes_out_upright() -> None:
    content = straighten(picture(taken()), SHARES)
    assert _alike(content) > 0.97
    film = read(content)
    # The longer of facing sides: 384 by 403 pixels, from the corners by Pythagoras.
    across = max(np.hypot(0.6 * WIDTH, 0.05 * HEIGHT), np.hypot(0.6 * WIDTH, 0.05 * HEIGHT))
    down = max(np.hypot(0.05 * WIDTH, 0.75 * HEIGHT), np.hypot(0.05 * WIDTH, 0.75 * HEIGHT))
    assert film.picture_size == (round(across), round(down))


def test_where_the_film_lies_is_proposed() -> None:
    found = proposed_corners(picture(taken(), "JPEG", quality=90))
    assert found is not None
    assert np.abs(np.subtract(found, SHARES)).max() < 0.02
    assert proposed_corners(picture(FILM)) is None


def test_a_photograph_held_on_its_side_is_turned_first() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees to be upright
    lying = taken().transpose(Image.Transpose.ROTATE_90)
    data = picture(lying, "JPEG", quality=95, exif=exif)
    found = proposed_corners(data)
    assert found is not None
    assert np.abs(np.subtract(found, SHARES)).max() < 0.02
    assert _alike(straighten(data, SHARES)) > 0.97
    assert photograph(data, 5000).size == (WIDTH, HEIGHT)


def test_colour_stays_for_the_checks_to_see() -> None:
    grey = read(straighten(picture(taken((1.0, 1.0, 1.0))), SHARES))
    assert not grey.facts.colour
    blue = read(straighten(picture(taken((0.5, 0.7, 1.0))), SHARES))
    assert blue.facts.colour
    refusal = check(blue)
    assert refusal is not None
    assert check(grey) is None


def test_sixteen_bits_stay_sixteen() -> None:
    deep = np.asarray(taken(), dtype=np.uint16) * 256
    content = straighten(picture(deep), SHARES)
    with Image.open(io.BytesIO(content)) as film:
        assert film.mode == "I;16"
        assert np.asarray(film).max() > 255 * 128
    assert read(content).facts.bits == 16
    assert photograph(picture(deep), 320).mode == "L"


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "1", "CMYK"])
def test_every_mode_of_a_telephone_and_more(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    content = straighten(picture(taken().convert(mode), kind), SHARES)
    with Image.open(io.BytesIO(content)) as film:
        assert film.mode in ("L", "RGB")
    assert read(content).width > 300


def test_a_large_photograph_is_made_smaller_first() -> None:
    large = Image.new("L", (5000, 3000), 40)
    whole: Corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    with Image.open(io.BytesIO(straighten(picture(large), whole))) as film:
        assert film.size == (LARGEST, 3 * LARGEST // 5)
    assert max(photograph(picture(large), 200).size) == 200


@pytest.mark.parametrize(
    "corners",
    [
        ((0.2, 0.1), (0.15, 0.85), (0.75, 0.9), (0.8, 0.15)),
        ((0.2, 0.1), (0.75, 0.9), (0.8, 0.15), (0.15, 0.85)),
        ((0.2, 0.1), (0.2, 0.1), (0.2, 0.1), (0.2, 0.1)),
        ((-0.1, 0.1), (0.8, 0.15), (0.75, 0.9), (0.15, 0.85)),
        ((0.2, 0.1), (0.8, 0.15), (0.75, 1.1), (0.15, 0.85)),
        ((float("nan"), 0.1), (0.8, 0.15), (0.75, 0.9), (0.15, 0.85)),
    ],
)
def test_corners_that_are_none(corners: Any) -> None:
    with pytest.raises(ValueError, match=r"corners|convex"):
        straighten(picture(taken()), corners)


@pytest.mark.parametrize("data", [b"", b"no picture", dicom(), picture(FILM)[:-300]])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    for use in (lambda: straighten(data, SHARES), lambda: photograph(data, 100)):
        with pytest.raises(RadiographError):
            use()
