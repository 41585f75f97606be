"""Paired differences of AUROC: value, pairing, and patients."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from covid_d.evaluation.audit.difference import auroc_difference


def _drawn(n: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    positive = np.arange(n) % 2 == 0
    shared = rng.normal(size=n) + positive
    return positive, shared + rng.normal(0, 0.1, n), shared + rng.normal(0, 0.1, n)


def test_the_value_is_that_of_scikit_learn() -> None:
    positive, first, second = _drawn()
    groups = np.arange(120).astype(str)
    found = auroc_difference(first, second, positive, groups, resamples=200)
    expected = roc_auc_score(positive, first) - roc_auc_score(positive, second)
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low <= found.value <= found.high
    assert found.n == 120


def test_pairing_cancels_what_is_hard_for_both() -> None:
    positive, first, second = _drawn()
    groups = np.arange(120).astype(str)
    paired = auroc_difference(first, second, positive, groups, resamples=1000)
    # The same two scores on films of other patients: the difference of two intervals.
    _, other, _ = _drawn(seed=1)
    apart = auroc_difference(first, other, positive, groups, resamples=1000)
    assert paired.high - paired.low < 0.35 * (apart.high - apart.low)


def test_a_score_against_itself_differs_by_nothing() -> None:
    positive, first, _ = _drawn()
    found = auroc_difference(first, first, positive, np.arange(120).astype(str), resamples=100)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_films_of_one_patient_count_together() -> None:
    positive, first, _ = _drawn()
    second = np.random.default_rng(9).normal(size=120) + 0.5 * positive
    alone = auroc_difference(first, second, positive, np.arange(120).astype(str), resamples=1000)
    thrice = [np.repeat(values, 3) for values in (first, second, positive)]
    patients = np.repeat(np.arange(120), 3).astype(str)
    found = auroc_difference(thrice[0], thrice[1], thrice[2], patients, resamples=1000)
    assert found.high - found.low == pytest.approx(alone.high - alone.low, rel=0.15)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    # The true difference of these two scores is AUROC(1) - AUROC(0.5) of normal shifts.
    from scipy.stats import norm

    truth = norm.cdf(1 / np.sqrt(2)) - norm.cdf(0.5 / np.sqrt(2))
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(120):
        positive = np.arange(100) % 2 == 0
        first = rng.normal(size=100) + positive
        second = rng.normal(size=100) + 0.5 * positive
        found = auroc_difference(first, second, positive, np.arange(100).astype(str), resamples=300)
        held += found.low <= truth <= found.high
    assert 0.88 <= held / 120 <= 0.99
