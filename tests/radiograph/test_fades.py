"""A film that fades into one grey beside its lungs is found; thin frames are none."""

from __future__ import annotations

import numpy as np
import pytest

from covid_d.radiograph.fades import faded
from lungs_drawn import SIDE, fading, whole_film


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("foot", [36, 4])
def test_a_whole_film_does_not_fade(seed: int, foot: int) -> None:
    assert not faded(*whole_film(seed, foot=foot))


@pytest.mark.parametrize("grey", [0, 255])
@pytest.mark.parametrize("reach", [12, 18])
def test_lungs_that_end_in_a_fading_cover_are_half_a_film(grey: int, reach: int) -> None:
    film, lungs = whole_film(foot=4)
    below = fading(film, grey, reach)
    assert faded(below, lungs)
    assert faded(below[::-1], lungs[::-1])  # the upper half covered
    assert not faded(below.T, lungs.T)  # sideways it is another matter: a lung is missing


def test_far_from_the_lungs_a_film_may_fade() -> None:
    film, lungs = whole_film(foot=36)
    assert not faded(fading(film, 0, 12), lungs)


def test_the_lungs_are_near_by_so_many_lines() -> None:
    film, _ = whole_film(foot=4)
    below = fading(film, 0, 14)
    for gap in (13, 14, 15, 16):
        lungs = np.zeros_like(film, dtype=bool)
        lungs[60 : SIDE - gap, 40:120] = True
        assert faded(below, lungs) is (gap <= 14)


@pytest.mark.parametrize("grey", [0, 255])
@pytest.mark.parametrize("wide", [1, 2, 3])
def test_a_thin_frame_is_no_cover(grey: int, wide: int) -> None:
    film, lungs = whole_film(foot=4)
    film[-wide:] = grey
    assert not faded(film, lungs)


def test_a_small_picture_tells_nothing() -> None:
    film, lungs = whole_film(foot=4)
    below = fading(film, 0, 14)
    assert not faded(below[-120:, :120], lungs[-120:, :120])
