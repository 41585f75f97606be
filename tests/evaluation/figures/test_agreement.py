"""Kappa against scikit-learn and worked examples, its interval against a plain bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import cohen_kappa_score

from covid_d.evaluation.figures.agreement import (
    GradedFilms,
    cohen,
    cohen_estimate,
    fleiss,
    fleiss_estimate,
    nominal,
    quadratic,
)
from covid_d.evaluation.figures.bootstrap import bootstrap


def _gradings(grades: int, n: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(grades + seed)
    first = rng.integers(0, grades, n)
    second = np.where(rng.random(n) < 0.6, first, rng.integers(0, grades, n))
    return first, second


@pytest.mark.parametrize("grades", [2, 4, 5])
def test_kappa_is_that_of_scikit_learn(grades: int) -> None:
    first, second = _gradings(grades)
    weights = np.random.default_rng(1).integers(0, 4, (3, 200)).astype(float)
    found = GradedFilms(first, second, grades).kappa(weights)
    for value, row in zip(found, weights, strict=True):
        repeated = np.repeat(np.arange(200), row.astype(int))
        expected = cohen_kappa_score(first[repeated], second[repeated], weights="quadratic")
        assert value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("grades", [2, 3, 4])
@pytest.mark.parametrize("ordered", [False, True])
def test_the_estimate_is_that_of_scikit_learn(grades: int, ordered: bool) -> None:
    first, second = _gradings(grades)
    found = cohen_estimate(first, second, grades, np.arange(200), ordered=ordered)
    weights = "quadratic" if ordered else None
    expected = cohen_kappa_score(first, second, weights=weights, labels=list(range(grades)))
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low < found.value < found.high
    assert (found.n, found.method) == (200, "bootstrap")


def test_a_worked_example() -> None:
    # Counts [[20, 5], [10, 15]]: agreement 0.70, by chance 0.50, kappa 0.40.
    first = np.repeat([0, 0, 1, 1], [20, 5, 10, 15])
    second = np.repeat([0, 1, 0, 1], [20, 5, 10, 15])
    films = GradedFilms(first, second, 2)
    assert films.kappa(np.ones((1, 50)))[0] == pytest.approx(0.4)
    assert films.table(np.ones((1, 50)))[0].tolist() == [[20, 5], [10, 15]]
    plain = cohen_estimate(first, second, 2, np.arange(50), ordered=False)
    assert plain.value == pytest.approx(0.4), "of two grades the weights change nothing"


def test_one_grade_alone_has_no_kappa() -> None:
    same = np.zeros(9, dtype=int)
    assert np.isnan(GradedFilms(same, same, 4).kappa(np.ones((1, 9)))[0])
    assert np.isnan(cohen_estimate(same, same, 4, np.arange(9), ordered=True).value)
    assert np.isnan(fleiss_estimate(np.zeros((9, 3), dtype=int), 4, np.arange(9)).value)
    assert np.isnan(cohen(np.zeros((1, 2, 2)), nominal(2))[0]), "and none of nothing"


def test_distances() -> None:
    assert quadratic(4)[0].tolist() == pytest.approx([0, 1 / 9, 4 / 9, 1])
    assert nominal(3).tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]


# A textbook example: 10 subjects, 14 raters each, 5 categories; kappa 0.210.
TEXTBOOK = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)


def test_fleiss_is_that_of_a_worked_example() -> None:
    assert TEXTBOOK.sum(axis=1).tolist() == [14] * 10
    ratings = np.array([np.repeat(np.arange(5), row) for row in TEXTBOOK])
    found = fleiss_estimate(ratings, 5, np.arange(10))
    assert found.value == pytest.approx(0.210, abs=5e-4)
    # By hand: mean agreement of pairs 0.378, by chance 0.213.
    pairs = ((TEXTBOOK**2).sum(axis=1) - 14) / (14 * 13)
    chance = ((TEXTBOOK.sum(axis=0) / 140) ** 2).sum()
    assert (round(pairs.mean(), 3), round(chance, 3)) == (0.378, 0.213)
    assert found.value == pytest.approx((pairs.mean() - chance) / (1 - chance), abs=1e-12)
    assert found.low < found.value < found.high


def test_fleiss_of_two_readers_is_scotts_pi() -> None:
    # Of two readers it is Scott's pi: chance by the shares of both readers together.
    first, second = _gradings(3)
    found = fleiss_estimate(np.column_stack([first, second]), 3, np.arange(200))
    both = np.bincount(np.concatenate([first, second]), minlength=3) / 400
    chance = (both**2).sum()
    agreed = (first == second).mean()
    assert found.value == pytest.approx((agreed - chance) / (1 - chance), abs=1e-12)


def test_which_reader_said_what_does_not_matter_to_fleiss() -> None:
    rng = np.random.default_rng(3)
    ratings = rng.integers(0, 3, (40, 4))
    shuffled = rng.permuted(ratings, axis=1)
    assert fleiss_estimate(ratings, 3, np.arange(40)) == fleiss_estimate(shuffled, 3, np.arange(40))


def test_fleiss_of_many_sets_at_once() -> None:
    found = fleiss(np.array([3.0, 0.0]), np.array([[4.0, 2.0], [6.0, 0.0]]), np.array([3.0, 3.0]))
    # 3 films, 2 readers: all pairs agree, so kappa is 1; one grade alone has none.
    assert found[0] == pytest.approx(1)
    assert np.isnan(found[1])


def test_the_interval_is_that_of_the_plain_bootstrap() -> None:
    """Drawing kinds of patients is drawing patients: 60 patients with one to three films each."""
    first, second = _gradings(4, 120)
    patients = np.random.default_rng(5).integers(0, 60, 120)
    films = GradedFilms(first, second, 4)
    plain = bootstrap(lambda weights: {"kappa": films.kappa(weights)}, patients)["kappa"]
    found = cohen_estimate(first, second, 4, patients, ordered=True)
    assert (found.low, found.high) == pytest.approx(plain, abs=0.02)


def test_films_of_one_patient_are_drawn_together() -> None:
    first, second = _gradings(3, 60)
    alone = cohen_estimate(first, second, 3, np.arange(60), ordered=False)
    four = [np.tile(grades, 4) for grades in (first, second)]
    together = cohen_estimate(four[0], four[1], 3, np.tile(np.arange(60), 4), ordered=False)
    apart = cohen_estimate(four[0], four[1], 3, np.arange(240), ordered=False)
    assert together.value == pytest.approx(alone.value)
    assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.1)
    assert apart.high - apart.low < 0.65 * (alone.high - alone.low), "as if they were 240 patients"


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    # Two readers who both see the truth in 80 of 100 and guess otherwise: kappa is 0.64.
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(200):
        truth = rng.integers(0, 2, 100)
        sides = [np.where(rng.random(100) < 0.8, truth, rng.integers(0, 2, 100)) for _ in range(2)]
        found = cohen_estimate(sides[0], sides[1], 2, np.arange(100), ordered=False)
        held += found.low <= 0.64 <= found.high
    assert held >= 180


def test_where_all_agree_the_lower_bound_is_wilsons() -> None:
    grades = np.repeat([0, 1], 10)
    found = cohen_estimate(grades, grades, 2, np.arange(20), ordered=False)
    z = norm.ppf(0.975)
    worst = 1 - 20 / (20 + z**2)  # Wilson: share of disagreements that 20 of 20 do not rule out
    assert (found.value, found.high, found.method) == (1, 1, "wilson")
    assert found.low == pytest.approx(1 - worst / 0.5), "of chance's half"
    three = fleiss_estimate(np.column_stack([grades] * 3), 2, np.arange(20))
    assert three.low == pytest.approx(found.low)
    fewer = cohen_estimate(grades, grades, 2, np.arange(20) % 10, ordered=False)
    assert fewer.low < found.low, "ten patients say less than twenty"


def test_nothing_at_all_is_no_figure() -> None:
    none = np.array([], dtype=int)
    found = cohen_estimate(none, none, 3, [], ordered=True)
    assert (np.isnan(found.value), found.n) == (True, 0)
