"""A patch whose edge fades is found over the lungs; clipping, white hearts and ribs are none."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from skimage.morphology import convex_hull_image

from covid_d.radiograph.patches import hull, patched
from lungs_drawn import COLUMNS, LUNGS, ROWS, Levels, Mask, chest, ellipse, under

_LEFT = ellipse(100, 40, 28, 28)


def _compressed(film: Levels, quality: int) -> Levels:
    stream = io.BytesIO()
    Image.fromarray(film).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("quality", [None, 90, 60])
def test_a_film_without_a_patch_has_none(seed: int, quality: int | None) -> None:
    film = chest(seed)
    assert not patched(film if quality is None else _compressed(film, quality), LUNGS)


@pytest.mark.parametrize("grey", [0, 5, 255])
@pytest.mark.parametrize("reach", [2.0, 4.0, 7.0])
@pytest.mark.parametrize("quality", [None, 85])
def test_a_disc_whose_edge_fades_is_found(grey: int, reach: float, quality: int | None) -> None:
    film = under(chest(), _LEFT, grey, reach)
    assert patched(film if quality is None else _compressed(film, quality), LUNGS)


@pytest.mark.parametrize("lungs", [LUNGS, ellipse(95, 42, 92, 40)], ids=["both", "one"])
def test_a_lung_that_was_painted_over_is_found(lungs: Mask) -> None:
    assert patched(under(chest(), lungs, 0, 2.0), LUNGS)


def test_a_patch_that_the_map_of_the_lungs_leaves_out_is_found() -> None:
    """White is no lung: the map goes around it, and the shape around the map does not."""
    white = ellipse(100, 30, 30, 26)
    assert patched(under(chest(), white, 255, 3.0), LUNGS & ~white)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("window", [(70.0, 255.0), (90.0, 255.0), (0.0, 200.0), (60.0, 190.0)])
def test_a_narrow_window_is_no_patch(seed: int, window: tuple[float, float]) -> None:
    """Much of these lungs or hearts is of one black or white, and flat."""
    film = chest(seed, window=window)
    ends = np.count_nonzero(((film == 0) | (film == 255))[LUNGS | (film == 255)])
    assert ends > 0.04 * np.count_nonzero(LUNGS)
    assert not patched(film, LUNGS)


def test_what_lies_beside_the_chest_is_no_patch() -> None:
    assert not patched(under(chest(), ellipse(8, 8, 12, 12), 0, 2.0), ellipse(120, 95, 60, 60))


def test_a_small_patch_is_none() -> None:
    assert not patched(under(chest(), ellipse(100, 42, 5, 5), 0, 1.0), LUNGS)


def test_a_patch_whose_edge_is_steep_on_one_side_alone_is_none() -> None:
    """As of dark air that ends at the heart and fades elsewhere."""
    film = chest().astype(np.float64)
    slope = np.clip((100 - np.arange(COLUMNS)) * 2.2, 0, None)[None, :]
    dark = np.where(LUNGS & (np.arange(COLUMNS) < 95), np.minimum(film, slope * 0.3), film)
    assert not patched(np.rint(dark).astype(np.uint8), LUNGS)


def test_of_little_lung_nothing_is_told() -> None:
    little = ellipse(100, 42, 16, 16)
    assert np.count_nonzero(little) < 1000
    assert not patched(under(chest(), little, 0, 2.0), little)
    assert not patched(np.zeros((4, 4), dtype=np.uint8), np.zeros((4, 4), dtype=bool))


@pytest.mark.parametrize("seed", range(8))
def test_the_convex_shape_is_the_least_that_holds_all(seed: int) -> None:
    """By scikit-image, which takes the pixels' middles as the page and this do."""
    chance = np.random.default_rng(seed)
    mask = np.zeros((40, 50), dtype=bool)
    for _ in range(int(chance.integers(1, 9))):
        top, left = chance.integers(0, 30, 2)
        mask[top : top + chance.integers(1, 9), left : left + chance.integers(1, 15)] = True
    shape = hull(mask)
    assert (shape >= mask).all()
    convex: Callable[..., Mask] = convex_hull_image
    assert np.array_equal(shape, convex(mask, offset_coordinates=False))


def test_a_ring_is_filled_and_a_line_stays_one() -> None:
    ring = ellipse(90, 90, 60, 50) & ~ellipse(90, 90, 50, 40)
    assert np.array_equal(hull(ring), hull(ellipse(90, 90, 60, 50)))
    line = np.zeros((ROWS, COLUMNS), dtype=bool)
    line[40, 20:90] = True
    assert np.array_equal(hull(line), line)


def test_shares_are_of_the_lungs_area() -> None:
    """Reckoned by hand: the flat middle of a black square of side 2h + 1 has 2h - 3 a side."""
    area = np.count_nonzero(LUNGS)
    found = []
    for half in range(4, 14):
        film = np.full((ROWS, COLUMNS), 100, dtype=np.uint8)
        film[:, ::2] = 140  # grain: nowhere flat
        film[100 - half : 101 + half, 42 - half : 43 + half] = 0
        share = (2 * half - 3) ** 2 / area
        found.append((share >= 0.004, patched(film, LUNGS)))
    assert {expected for expected, _ in found} == {True, False}
    assert all(expected == told for expected, told in found)
