"""Collages, halves and marks are what they say they are."""

from __future__ import annotations

import numpy as np
import pytest

from covid_d.radiograph.phantom import draw_phantom
from covid_d.training.gate.montage import annotated, collage, half, half_covered

FILM = draw_phantom(1, size=160).pixels[:, :120]
OTHER = draw_phantom(2, size=128).pixels


def test_a_collage_holds_both_films_whole() -> None:
    shapes = set()
    for seed in range(30):
        found = collage(FILM, OTHER, np.random.default_rng(seed))
        assert found.dtype == np.float32
        assert 0.0 <= found.min() <= found.max() <= 1.0
        rows, columns = found.shape
        beside, above = columns > 1.3 * rows, rows > 1.3 * columns
        shapes.add("beside" if beside else "above" if above else "both")
        if beside:  # the first film, shrunk to the lower height, then the second
            assert rows == 128
            assert np.corrcoef(found[:, -128:].ravel(), OTHER.ravel())[0, 1] > 0.999
    assert shapes == {"beside", "above", "both"}


@pytest.mark.parametrize("seed", range(12))
def test_a_half_is_a_part_of_the_film_along_one_edge(seed: int) -> None:
    found = half(FILM, np.random.default_rng(seed))
    rows, columns = found.shape
    whole_rows, whole_columns = FILM.shape
    assert (rows == whole_rows) != (columns == whole_columns)
    assert 0.41 <= (rows * columns) / (whole_rows * whole_columns) <= 0.59
    corners = (
        FILM[:rows, :columns], FILM[-rows:, :columns], FILM[:rows, -columns:],
    )  # fmt: skip
    assert any(np.array_equal(found, corner) for corner in corners)


def test_every_side_is_cut_off_in_turn() -> None:
    halves = {half(FILM, np.random.default_rng(seed)).tobytes()[:64] for seed in range(30)}
    assert len(halves) > 3


@pytest.mark.parametrize("seed", range(20))
def test_half_a_film_lies_under_one_grey_and_the_rest_is_as_it_was(seed: int) -> None:
    found = half_covered(FILM, np.random.default_rng(seed))
    assert found.shape == FILM.shape
    assert found.dtype == np.float32
    turns = [np.rot90(found, side) for side in range(4)]
    flat = [turned[: round(0.3 * len(turned))].std() < 0.01 for turned in turns]
    assert sum(flat) == 1
    side = flat.index(True)
    covered, before = np.rot90(found, side), np.rot90(FILM, side)
    whole = round(0.75 * len(before))
    # Beyond the fading edge of 58 % and thrice 3 % of the longer side the film is untouched.
    assert np.allclose(covered[whole:], before[whole:], atol=0.01)
    assert not np.allclose(covered[: len(covered) // 3], before[: len(before) // 3], atol=0.05)


def test_each_side_is_covered_in_black_white_and_grey() -> None:
    sides, greys = set(), set()
    for seed in range(60):
        found = half_covered(FILM, np.random.default_rng(seed))
        flat = [np.rot90(found, side)[:30].std() < 0.01 for side in range(4)]
        sides.add(flat.index(True))
        grey = float(np.rot90(found, flat.index(True))[:20].mean())
        greys.add("black" if grey < 0.01 else "white" if grey > 0.99 else "grey")
    assert sides == {0, 1, 2, 3}
    assert greys == {"black", "white", "grey"}


def test_marks_lie_over_the_chest_and_leave_the_rest_alone() -> None:
    touched = np.zeros(FILM.shape, dtype=bool)
    for seed in range(40):
        found = annotated(FILM, np.random.default_rng(seed))
        changed = np.abs(found - FILM) > 0.05
        assert changed.any()
        assert 0.0 <= found.min() <= found.max() <= 1.0
        touched |= changed
    middle = touched[32:120, 24:96]
    assert middle.mean() > 0.8
    assert not touched[:8, :8].any()  # where a station writes its own letters
