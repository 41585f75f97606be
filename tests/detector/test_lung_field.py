"""Two whole lungs in a mask give a box; anything else gives the reason."""

from __future__ import annotations

import numpy as np
import pytest

from covid_d.detector.lung_field import Mask, _labelled, find_lungs
from covid_d.radiograph.prepare import Window
from covid_d.radiograph.refusal import RefusalCode

SIDE = 128
LEFT = (0.5, 0.3, 0.3, 0.14)  # row and column of the middle, half height and half width: shares
RIGHT = (0.5, 0.7, 0.3, 0.14)


def drawn(*lungs: tuple[float, float, float, float], side: int = SIDE) -> Mask:
    """Return a mask with an ellipse for each lung; what lies beyond the film is lost."""
    rows, columns = np.mgrid[:side, :side] + 0.5
    mask = np.zeros((side, side), dtype=bool)
    for row, column, height, width in lungs:
        across = (columns / side - column) / width
        down = (rows / side - row) / height
        mask |= across**2 + down**2 <= 1
    return mask


def test_the_box_is_around_both_lungs() -> None:
    found = find_lungs(drawn(LEFT, RIGHT))
    assert isinstance(found, Window)
    assert found == pytest.approx((0.2, 0.16, 0.8, 0.84), abs=1 / SIDE)


@pytest.mark.parametrize("side", [64, 96, 256])
def test_the_box_does_not_depend_on_the_mask_s_cells(side: int) -> None:
    found = find_lungs(drawn(LEFT, RIGHT, side=side))
    assert found == pytest.approx((0.2, 0.16, 0.8, 0.84), abs=1.5 / side)


def test_margins_around_the_film_move_the_box_with_the_lungs() -> None:
    film = drawn(LEFT, RIGHT)
    found = find_lungs(np.pad(film, ((32, 32), (0, 64))))
    height, width = 192, 192
    expected = ((32 + 0.2 * 128) / height, 0.16 * 128 / width)
    assert isinstance(found, Window)
    assert found[:2] == pytest.approx(expected, abs=1 / 128)


def test_lungs_of_unlike_size_are_a_pair_until_one_is_a_remnant() -> None:
    assert isinstance(find_lungs(drawn(LEFT, (0.6, 0.7, 0.16, 0.1))), Window)  # a high diaphragm
    remnant = drawn(LEFT, (0.6, 0.7, 0.1, 0.08))
    assert find_lungs(remnant) is RefusalCode.NO_LUNGS


@pytest.mark.parametrize(
    "mask",
    [
        np.zeros((SIDE, SIDE), dtype=bool),
        np.ones((SIDE, SIDE), dtype=bool),
        drawn(LEFT),
        drawn((0.5, 0.5, 0.3, 0.3)),  # one blot: a lateral film, a slice
        drawn((0.2, 0.3, 0.15, 0.1), (0.8, 0.7, 0.15, 0.1)),  # not beside each other
        drawn((0.5, 0.48, 0.04, 0.015), (0.5, 0.52, 0.04, 0.015)),  # a speck of the picture
    ],
    ids=["empty", "full", "one", "blot", "apart", "speck"],
)
def test_no_two_lungs(mask: Mask) -> None:
    assert find_lungs(mask) is RefusalCode.NO_LUNGS


@pytest.mark.parametrize(
    ("down", "across"),
    [(-0.35, 0.0), (0.4, 0.0), (0.0, -0.3), (0.0, 0.3)],
    ids=["top", "foot", "left", "right"],
)
def test_a_lung_cut_by_the_edge(down: float, across: float) -> None:
    moved = [(row + down, column + across, h, w) for row, column, h, w in (LEFT, RIGHT)]
    assert find_lungs(drawn(*moved)) is RefusalCode.PART_OF_CHEST


def test_a_lung_that_only_touches_the_edge_is_whole() -> None:
    assert isinstance(find_lungs(drawn((0.5, 0.13, 0.3, 0.14), RIGHT)), Window)
    assert isinstance(find_lungs(drawn((0.29, 0.3, 0.3, 0.14), (0.29, 0.7, 0.3, 0.14))), Window)


def test_several_films_in_one_picture() -> None:
    pair = drawn(LEFT, RIGHT)
    assert find_lungs(np.hstack([pair, pair])) is RefusalCode.COLLAGE
    assert find_lungs(np.vstack([pair, pair])) is RefusalCode.COLLAGE
    assert find_lungs(np.hstack([pair, drawn(LEFT)])) is RefusalCode.COLLAGE


def test_air_beside_an_arm_or_in_the_bowel_is_no_lung() -> None:
    expected = find_lungs(drawn(LEFT, RIGHT))
    arm = (0.8, 1.0, 0.15, 0.12)  # at the film's side
    assert find_lungs(drawn(LEFT, RIGHT, arm)) == expected
    bowel = (0.93, 0.45, 0.03, 0.06)
    assert find_lungs(drawn(LEFT, RIGHT, bowel)) == expected


def test_a_lung_parted_by_a_consolidation_is_one() -> None:
    mask = drawn(LEFT, RIGHT)
    mask[40:46, :64] = False
    assert find_lungs(mask) == find_lungs(drawn(LEFT, RIGHT))


def test_lungs_that_touch_are_told_apart() -> None:
    mask = drawn(LEFT, RIGHT)
    mask[62:66, 40:90] = True  # a bridge across the mediastinum
    assert find_lungs(mask) == find_lungs(drawn(LEFT, RIGHT))


def test_the_mask_is_left_as_it_is() -> None:
    mask = drawn(LEFT, RIGHT)
    kept = mask.copy()
    find_lungs(mask)
    assert np.array_equal(mask, kept)


def flooded(mask: Mask) -> np.ndarray:
    """Return the parts of a mask by filling each from its first cell on."""
    labels = np.zeros(mask.shape, dtype=int)
    number = 0
    for start in np.argwhere(mask):
        if labels[tuple(start)]:
            continue
        number += 1
        waiting = [tuple(start)]
        while waiting:
            row, column = waiting.pop()
            inside = 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1]
            if inside and mask[row, column] and not labels[row, column]:
                labels[row, column] = number
                around = ((row - 1, column), (row + 1, column), (row, column - 1))
                waiting += [*around, (row, column + 1)]
    return labels


@pytest.mark.parametrize("share", [0.2, 0.5, 0.6, 0.8])
def test_parts_are_those_that_filling_finds(share: float) -> None:
    rng = np.random.default_rng(int(10 * share))
    for _ in range(30):
        mask = rng.random(tuple(rng.integers(1, 24, 2))) < share
        assert np.array_equal(_labelled(mask), flooded(mask))
