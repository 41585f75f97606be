"""Resampling patients: films stay together, results repeat, undefined resamples do not count."""

from __future__ import annotations

import math

import numpy as np
import pytest

from covid_d.evaluation.figures import bootstrap as module
from covid_d.evaluation.figures.bootstrap import bootstrap, resample_weights
from covid_d.evaluation.figures.estimate import FloatArray

GROUPS = np.array(["a", "b", "a", "c", "c", "c", "d"])


def _weights(**options: int) -> FloatArray:
    return np.concatenate(list(resample_weights(GROUPS, **options)))


def test_films_of_a_patient_are_drawn_together() -> None:
    weights = _weights(resamples=200)
    assert weights.shape == (200, 7)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 3] == weights[:, 4]).all()


def test_each_resample_draws_as_many_patients_as_there_are() -> None:
    weights = _weights(resamples=300)
    drawn = weights[:, [0, 1, 3, 6]].sum(axis=1)
    assert (drawn == 4).all()
    # Each patient is drawn once on average (standard error 0.05).
    assert weights.mean(axis=0) == pytest.approx(np.ones(7), abs=0.25)


def test_same_seed_same_resamples_whatever_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _weights(resamples=50, seed=3)
    monkeypatch.setattr(module, "_CELLS", 7 * 8)
    assert np.array_equal(whole, _weights(resamples=50, seed=3))
    assert not np.array_equal(whole, _weights(resamples=50, seed=4))


def test_interval_of_a_mean_is_the_textbook_one() -> None:
    values = np.random.default_rng(2).normal(10, 2, 400)

    def mean(weights: FloatArray) -> dict[str, FloatArray]:
        return {"mean": weights @ values / weights.sum(axis=1)}

    low, high = bootstrap(mean, np.arange(400))["mean"]
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)


def test_clustering_widens_the_interval() -> None:
    values = np.repeat(np.random.default_rng(2).normal(0, 1, 50), 4)

    def mean(weights: FloatArray) -> dict[str, FloatArray]:
        return {"mean": weights @ values / weights.sum(axis=1)}

    alone = bootstrap(mean, np.arange(200))["mean"]
    together = bootstrap(mean, np.repeat(np.arange(50), 4))["mean"]
    assert (together[1] - together[0]) / (alone[1] - alone[0]) == pytest.approx(2.0, rel=0.15)


@pytest.mark.parametrize(("share", "defined"), [(0.2, True), (0.8, False)])
def test_undefined_resamples(share: float, defined: bool) -> None:
    def sometimes(weights: FloatArray) -> dict[str, FloatArray]:
        values = np.ones(len(weights))
        values[: round(share * len(values))] = math.nan
        return {"x": values}

    low, _ = bootstrap(sometimes, GROUPS, resamples=100)["x"]
    assert math.isnan(low) is not defined
