"""Weighted kappa against scikit-learn, weights included."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from covid_d.evaluation.figures.agreement import GradedFilms


@pytest.mark.parametrize("grades", [2, 4, 5])
def test_kappa_is_that_of_scikit_learn(grades: int) -> None:
    rng = np.random.default_rng(grades)
    first = rng.integers(0, grades, 200)
    second = np.where(rng.random(200) < 0.6, first, rng.integers(0, grades, 200))
    weights = rng.integers(0, 4, (3, 200)).astype(float)
    found = GradedFilms(first, second, grades).kappa(weights)
    for value, row in zip(found, weights, strict=True):
        repeated = np.repeat(np.arange(200), row.astype(int))
        expected = cohen_kappa_score(first[repeated], second[repeated], weights="quadratic")
        assert value == pytest.approx(expected, abs=1e-12)


def test_a_worked_example() -> None:
    # Counts [[20, 5], [10, 15]]: agreement 0.70, by chance 0.50, kappa 0.40.
    first = np.repeat([0, 0, 1, 1], [20, 5, 10, 15])
    second = np.repeat([0, 1, 0, 1], [20, 5, 10, 15])
    films = GradedFilms(first, second, 2)
    assert films.kappa(np.ones((1, 50)))[0] == pytest.approx(0.4)
    assert films.table(np.ones((1, 50)))[0].tolist() == [[20, 5], [10, 15]]


def test_one_grade_alone_has_no_kappa() -> None:
    films = GradedFilms(np.zeros(9, dtype=int), np.zeros(9, dtype=int), 4)
    assert np.isnan(films.kappa(np.ones((1, 9)))[0])
