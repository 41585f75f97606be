"""Phantoms: repeatable, lung-like, and different enough to stand for different people."""

from __future__ import annotations

import numpy as np
import pytest

from covid_d.radiograph import Facts, Radiograph, check
from covid_d.radiograph.phantom import draw_phantom


def test_a_phantom_is_a_function_of_its_seed() -> None:
    first, again, other = draw_phantom(4), draw_phantom(4), draw_phantom(5)
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.lungs, again.lungs)
    assert not np.array_equal(first.pixels, other.pixels)


@pytest.mark.parametrize("size", [96, 160, 500])
def test_a_phantom_is_a_film_that_passes_the_checks(size: int) -> None:
    phantom = draw_phantom(1, size=size)
    assert phantom.pixels.shape == phantom.lungs.shape == (size, size)
    film = Radiograph(phantom.pixels.copy(), Facts(format="PNG", sha256="0", bits=8))
    assert check(film) is None


@pytest.mark.parametrize("seed", range(5))
def test_lungs_are_two_dark_fields(seed: int) -> None:
    phantom = draw_phantom(seed)
    share = phantom.lungs.mean()
    assert 0.15 < share < 0.6
    middle = phantom.pixels[80:180]
    inside = phantom.lungs[80:180]
    assert middle[inside].mean() < middle[~inside].mean()


def test_opacities_brighten_the_lungs_only() -> None:
    clear, hazy = draw_phantom(6), draw_phantom(6, opacities=True)
    assert np.array_equal(clear.lungs, hazy.lungs)
    assert hazy.pixels[hazy.lungs].mean() > clear.pixels[clear.lungs].mean() + 0.02
    outside = ~clear.lungs
    assert abs(hazy.pixels[outside].mean() - clear.pixels[outside].mean()) < 0.05


def test_the_marker_is_a_bright_square_in_the_upper_left_corner() -> None:
    marked = draw_phantom(6, marker=True).pixels
    assert marked[5:15, 5:15].min() > 0.99
    assert draw_phantom(6).pixels[5:15, 5:15].mean() < 0.5


def test_the_picture_is_the_phantom_in_eight_bits() -> None:
    phantom = draw_phantom(2)
    picture = np.asarray(phantom.to_image(), dtype=np.float32) / 255
    assert np.abs(picture - phantom.pixels).max() <= 0.5 / 255 + 1e-6
