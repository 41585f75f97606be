"""Collages, halves and marks are what they say they are."""

from __future__ import annotations

import numpy as np
import pytest

from covid_d.radiograph.phantom import draw_phantom
from covid_d.training.gate.montage import annotated, collage, half

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
