"""Calibration figures by hand, against scikit-learn, and where no slope exists."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from covid_d.evaluation.figures.calibration import BinnedFilms, CalibratedFilms, reliability


def _drawn(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.beta(0.7, 1.2, n)
    return p, rng.random(n) < expit(0.4 + 0.6 * logit(np.clip(p, 1e-6, 1 - 1e-6)))


def test_calibration_error_by_hand() -> None:
    # Bin 0.1-0.2: two films at 0.1 and 0.2 less a hair, none positive: |0 - 0.15| * 2.
    # Bin 0.6-0.7: four films at 0.6, three positive: |3 - 2.4|. Bin 0.9-1.0: one at 1, positive.
    p = np.array([0.1, 0.1999999999, 0.6, 0.6, 0.6, 0.6, 1.0])
    positive = np.array([0, 0, 1, 1, 1, 0, 1], dtype=bool)
    found = CalibratedFilms(p, positive).statistics(np.ones((1, 7)))
    assert found["calibration_error"][0] == pytest.approx((0.3 + 0.6 + 0.0) / 7)
    assert found["brier"][0] == pytest.approx((0.01 + 0.04 + 3 * 0.16 + 0.36) / 7)


def test_calibration_error_of_torchmetrics_example() -> None:
    # The documented example of torchmetrics' binary_calibration_error, norm l1: 0.29. It has two
    # bins; ten give the same, because no bin mixes films said too high with films said too low.
    p = np.array([0.25, 0.25, 0.55, 0.75, 0.75])
    positive = np.array([0, 0, 1, 1, 1], dtype=bool)
    found = CalibratedFilms(p, positive).statistics(np.ones((1, 5)))
    assert found["calibration_error"][0] == pytest.approx(0.29)


@pytest.mark.parametrize("seed", [1, 2])
def test_calibration_error_equals_scikit_learns_bins(seed: int) -> None:
    p, positive = _drawn(seed)
    observed, said = calibration_curve(positive, p, n_bins=10)
    counts = np.histogram(p, bins=np.linspace(0, 1, 11))[0]
    expected = float((np.abs(observed - said) * counts[counts > 0]).sum() / len(p))
    found = CalibratedFilms(p, positive).statistics(np.ones((1, len(p))))
    assert found["calibration_error"][0] == pytest.approx(expected)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_slope_equals_scikit_learns_logistic_regression(seed: int) -> None:
    p, positive = _drawn(seed)
    weights = np.random.default_rng(seed).integers(0, 3, (4, len(p))).astype(float)
    found = CalibratedFilms(p, positive).statistics(weights)
    x = logit(np.clip(p, 1e-6, 1 - 1e-6))[:, None]
    for row, w in enumerate(weights):
        model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=500)
        model.fit(x, positive, sample_weight=w)
        assert found["calibration_slope"][row] == pytest.approx(float(model.coef_[0, 0]), abs=1e-4)
        assert found["brier"][row] == pytest.approx(brier_score_loss(positive, p, sample_weight=w))


def test_intercept_makes_expected_equal_observed() -> None:
    p, positive = _drawn(4)
    found = CalibratedFilms(p, positive).statistics(np.ones((1, len(p))))
    shifted = expit(logit(np.clip(p, 1e-6, 1 - 1e-6)) + found["calibration_intercept"][0])
    assert shifted.sum() == pytest.approx(positive.sum(), rel=1e-6)


def test_perfect_calibration_has_slope_one_and_intercept_zero() -> None:
    rng = np.random.default_rng(8)
    p = rng.uniform(0.02, 0.98, 40_000)
    found = CalibratedFilms(p, rng.random(len(p)) < p).statistics(np.ones((1, len(p))))
    assert found["calibration_slope"][0] == pytest.approx(1, abs=0.04)
    assert found["calibration_intercept"][0] == pytest.approx(0, abs=0.04)
    assert found["calibration_error"][0] < 0.01


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_answers_too_extreme_have_a_slope_below_one(factor: float) -> None:
    rng = np.random.default_rng(9)
    truth = rng.uniform(0.05, 0.95, 20_000)
    positive = rng.random(len(truth)) < truth
    said = expit(factor * logit(truth))
    found = CalibratedFilms(said, positive).statistics(np.ones((1, len(said))))
    assert found["calibration_slope"][0] == pytest.approx(1 / factor, rel=0.06)


def test_separated_classes_have_no_slope() -> None:
    p = np.array([0.1, 0.2, 0.3, 0.7, 0.8, 0.9])
    found = CalibratedFilms(p, p > 0.5).statistics(np.ones((1, 6)))
    assert np.isnan(found["calibration_slope"][0])


def test_one_class_has_neither_slope_nor_intercept() -> None:
    p = np.array([0.1, 0.6, 0.3])
    found = CalibratedFilms(p, np.zeros(3, dtype=bool)).statistics(np.ones((1, 3)))
    assert np.isnan(found["calibration_slope"][0])
    assert np.isnan(found["calibration_intercept"][0])
    assert found["brier"][0] == pytest.approx((0.01 + 0.36 + 0.09) / 3)


def test_probabilities_of_nought_and_one_are_survived() -> None:
    p, positive = np.array([0.0, 0.0, 1.0, 1.0, 0.5]), np.array([0, 1, 1, 0, 1], dtype=bool)
    found = CalibratedFilms(p, positive).statistics(np.ones((1, 5)))
    assert np.isfinite(found["calibration_slope"][0])
    assert np.isfinite(found["calibration_intercept"][0])


def test_reliability_bins() -> None:
    bins = reliability(np.array([0.05, 0.07, 0.95, 1.0]), np.array([False, True, True, True]))
    assert [(b.low, b.high, b.n) for b in bins] == [(0.0, 0.1, 2), (0.9, 1.0, 2)]
    assert bins[0].mean_probability == pytest.approx(0.06)
    assert [b.observed for b in bins] == [0.5, 1.0]


def test_binned_error_is_that_of_the_full_statistics() -> None:
    rng = np.random.default_rng(5)
    p = rng.random(300)
    truth = rng.random(300) < p**2
    weights = rng.integers(0, 3, (4, 300)).astype(float)
    expected = CalibratedFilms(p, truth).statistics(weights)["calibration_error"]
    assert BinnedFilms(p, truth).error(weights) == pytest.approx(expected, abs=1e-12)


def test_correction_takes_off_what_chance_adds() -> None:
    # Perfectly calibrated films: the plain error is chance alone, the corrected one is centred
    # on nothing in the square.
    rng = np.random.default_rng(6)
    plain, corrected = [], []
    for _ in range(300):
        p = rng.random(60)
        films = BinnedFilms(p, rng.random(60) < p)
        plain.append(float(films.error(np.ones((1, 60)))[0]))
        corrected.append(films.corrected())
    assert np.mean(plain) > 0.11
    assert np.mean(corrected) < 0.07
    assert np.median(corrected) < 0.06


def test_correction_leaves_a_true_gap() -> None:
    # All films are said to be at 0.25 and are at 0.55: the gap of 0.30 must stay.
    rng = np.random.default_rng(7)
    found = [BinnedFilms(np.full(80, 0.25), rng.random(80) < 0.55).corrected() for _ in range(300)]
    assert np.mean(np.square(found)) == pytest.approx(0.3**2, abs=0.005)


def test_single_films_have_no_corrected_error() -> None:
    films = BinnedFilms(np.array([0.05, 0.95]), np.array([False, True]))
    assert np.isnan(films.corrected())
