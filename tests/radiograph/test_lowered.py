"""The film among averages: where it lies to the pixel, and that it looks as the whole one does."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import films
import wavelets
from covid_d.radiograph.film import Box
from covid_d.radiograph.lowered import film_of_averages

Floats = npt.NDArray[np.float32]
LEVEL = 1 / 255


def lowered(picture: Floats, wavelet: str = "5/3", halvings: int = 1) -> tuple[Floats, Box]:
    lower: npt.NDArray[Any] = picture
    for _ in range(halvings):
        lower = wavelets.averages(lower, wavelet)
    size = picture.shape[1], picture.shape[0]
    return film_of_averages(np.clip(lower, 0.0, 1.0).astype(np.float32), size, halvings)


def seen(film: Floats, side: int = 48) -> npt.NDArray[np.float64]:
    """Return a film as networks see it: far fewer pixels."""
    small = Image.fromarray(np.ascontiguousarray(film))
    return np.asarray(small.resize((side, side), Image.Resampling.BILINEAR), dtype=np.float64)


@pytest.mark.parametrize("wavelet", ["5/3", "9/7"])
@pytest.mark.parametrize("shape", [(400, 420), (401, 420), (400, 421), (401, 423)])
def test_a_film_without_margins_is_seen_as_the_whole_one(
    shape: tuple[int, int], wavelet: str
) -> None:
    whole = films.lit(*shape)
    film, box = lowered(whole, wavelet)
    assert box == Box(0, 0, *shape)
    assert film.shape == (-(-shape[0] // 2), -(-shape[1] // 2))
    assert film.dtype == np.float32
    assert film.flags.c_contiguous
    assert np.abs(seen(film) - seen(whole)).max() < LEVEL


def test_samples_left_where_they_lie_would_be_seen_beside_it() -> None:
    """Why they are moved: half a pixel of the whole film is more than a level at its edges."""
    whole = films.lit(401, 421)
    film, _ = lowered(whole)
    still = wavelets.averages(whole).astype(np.float32)
    assert np.abs(seen(still) - seen(whole)).max() > 3 * np.abs(seen(film) - seen(whole)).max()


@pytest.mark.parametrize("shape", [(800, 840), (801, 842), (803, 841)])
def test_two_levels_lower_it_is_seen_as_the_whole_one(shape: tuple[int, int]) -> None:
    whole = films.lit(*shape)
    film, box = lowered(whole, halvings=2)
    assert box == Box(0, 0, *shape)
    assert film.shape == (-(-shape[0] // 4), -(-shape[1] // 4))
    assert np.abs(seen(film) - seen(whole)).max() < LEVEL


@pytest.mark.parametrize("wavelet", ["5/3", "9/7"])
@pytest.mark.parametrize("level", [0.0, 0.18, 1.0])
@pytest.mark.parametrize(
    "widths", [(20, 30, 40, 50), (21, 30, 41, 50), (20, 31, 40, 51), (21, 31, 41, 51)]
)
def test_margins_are_cut_off_to_the_pixel(
    widths: tuple[int, int, int, int], level: float, wavelet: str
) -> None:
    top, bottom, left, right = widths
    film = films.lit(300, 320)
    picture = np.pad(film, [(top, bottom), (left, right)], constant_values=level)
    found, box = lowered(picture, wavelet)
    assert box == Box(top, left, top + 300, left + 320)
    assert found.shape == (150, 160)
    apart = np.abs(seen(found) - seen(film))
    assert apart[1:-1, 1:-1].max() < 2 * LEVEL
    assert apart.max() < 12 * LEVEL  # beside a margin the second line stands for the first


def test_a_margin_on_one_side_moves_no_other() -> None:
    film = films.lit(301, 321)
    for side, box in {
        ((17, 0), (0, 0)): Box(17, 0, 318, 321),
        ((0, 18), (0, 0)): Box(0, 0, 301, 321),
        ((0, 0), (19, 0)): Box(0, 19, 301, 340),
        ((0, 0), (0, 16)): Box(0, 0, 301, 321),
    }.items():
        picture = np.pad(film, side, constant_values=0.0)
        found, place = lowered(picture)
        assert place == box
        assert found.shape == (151, 161)


def test_margins_of_two_greys_are_cut_off() -> None:
    film = films.lit(300, 320)
    within = np.pad(film, 12, constant_values=0.9)
    found, box = lowered(np.pad(within, 25, constant_values=0.0))
    assert abs(box.top - 37) <= 1
    assert abs(box.right - 357) <= 1
    assert np.abs(seen(found) - seen(film))[2:-2, 2:-2].max() < 3 * LEVEL


def test_what_a_shutter_covers_is_cut_off() -> None:
    """The samples under it are set to nought, so that nothing swings before the film."""
    film = films.lit(320, 340)
    lower = wavelets.averages(film).astype(np.float32)
    lower[:20], lower[-10:] = 0.0, 0.0
    _, box = film_of_averages(np.clip(lower, 0.0, 1.0), (340, 320), 1)
    assert box.left == 0
    assert box.right == 340
    assert abs(box.top - 40) <= 1
    assert abs(box.bottom - 300) <= 1


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_a_blank_picture_is_all_margin_and_left_whole(level: float) -> None:
    film, box = lowered(np.full((201, 240), level, dtype=np.float32))
    assert box == Box(0, 0, 201, 240)
    assert film.shape == (101, 120)
    np.testing.assert_allclose(film, level, atol=1e-6)


def test_of_a_speck_a_speck_is_left() -> None:
    picture = np.zeros((300, 300), dtype=np.float32)
    picture[101:105, 151:157] = films.lit(4, 6) + 0.2
    film, box = lowered(np.clip(picture, 0.0, 1.0))
    assert max(box.width, box.height) < 24
    assert film.shape == (-(-box.height // 2), -(-box.width // 2))
