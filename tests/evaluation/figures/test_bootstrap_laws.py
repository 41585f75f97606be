"""The bootstrap of a published example, and what resampling must obey."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from covid_d.evaluation.figures.bootstrap import bootstrap, resample_weights
from covid_d.evaluation.figures.estimate import FloatArray

# Efron and Tibshirani (1993), table 2.1: survival of treated mice, in days.
MICE = np.array([94, 197, 16, 38, 99, 141, 23], dtype=np.float64)


def _mean_of(values: FloatArray) -> Callable[[FloatArray], dict[str, FloatArray]]:
    return lambda weights: {"mean": weights @ values / weights.sum(axis=1)}


def test_the_mean_of_seven_mice() -> None:
    # Mean 86.86; the bootstrap's standard error, without end, is 23.36 (their table 2.2: 23.34 of
    # as many replications).
    weights = np.concatenate(list(resample_weights(np.arange(7), resamples=4000)))
    means = weights @ MICE / 7
    assert MICE.mean() == pytest.approx(86.86, abs=5e-3)
    assert means.mean() == pytest.approx(86.86, abs=1.0)
    assert means.std(ddof=1) == pytest.approx(23.36, rel=0.03)


def test_the_interval_moves_and_stretches_with_the_values() -> None:
    low, high = bootstrap(_mean_of(MICE), np.arange(7), resamples=500)["mean"]
    moved = bootstrap(_mean_of(10 - 2 * MICE), np.arange(7), resamples=500)["mean"]
    assert moved == pytest.approx((10 - 2 * high, 10 - 2 * low))
    assert MICE.min() <= low < MICE.mean() < high <= MICE.max()


def test_the_names_of_patients_mean_nothing() -> None:
    numbers = bootstrap(_mean_of(MICE), [1, 1, 2, 3, 3, 4, 5], resamples=300)["mean"]
    names = bootstrap(_mean_of(MICE), list("aabccde"), resamples=300)["mean"]
    assert numbers == names


def test_one_patient_alone_cannot_vary() -> None:
    low, high = bootstrap(_mean_of(MICE), ["a"] * 7, resamples=50)["mean"]
    assert low == pytest.approx(MICE.mean())
    assert high == pytest.approx(MICE.mean())


def test_an_interval_holds_nineteen_of_twenty_resamples() -> None:
    weights = np.concatenate(list(resample_weights(np.arange(7))))
    means = weights @ MICE / 7
    low, high = bootstrap(_mean_of(MICE), np.arange(7))["mean"]
    assert ((means >= low) & (means <= high)).mean() == pytest.approx(0.95, abs=0.005)
    assert (means < low).mean() == pytest.approx(0.025, abs=0.004)


def test_several_figures_rest_on_the_same_resamples() -> None:
    def both(weights: FloatArray) -> dict[str, FloatArray]:
        mean = weights @ MICE / weights.sum(axis=1)
        return {"mean": mean, "twice": 2 * mean}

    found = bootstrap(both, np.arange(7), resamples=200)
    assert found["twice"] == pytest.approx(tuple(2 * bound for bound in found["mean"]))


@pytest.mark.parametrize(("defined", "told"), [(51, True), (50, True), (49, False)])
def test_half_of_the_resamples_must_be_defined(defined: int, told: bool) -> None:
    def some(weights: FloatArray) -> dict[str, FloatArray]:
        values = np.arange(len(weights), dtype=np.float64)
        values[defined:] = np.nan
        return {"x": values}

    low, high = bootstrap(some, np.arange(7), resamples=100)["x"]
    assert np.isfinite([low, high]).all() == told
    if told:
        assert (low, high) == pytest.approx((0.025 * (defined - 1), 0.975 * (defined - 1)))
