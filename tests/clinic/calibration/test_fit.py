"""Frequencies are found again from films whose truth only the simulation knows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from covid_d.clinic.calibration.fit import PRIOR, fit, frequencies, worth_films
from simulated_cases import EVEN, TRUE_COVID, TRUE_OTHER, simulated

ONE_HOT = np.eye(4)


def test_a_sure_model_gives_the_counts() -> None:
    counts = np.array([40, 10, 30, 20])
    weights = np.repeat(ONE_HOT, counts, axis=0)
    share = frequencies(weights)
    assert share == pytest.approx((counts + PRIOR) / (100 + 4 * PRIOR))
    # Nothing is left open, so the films are worth what they are.
    assert worth_films(weights, share) == pytest.approx(102, rel=0.03)


def test_a_model_that_says_nothing_leaves_the_prior() -> None:
    weights = np.ones((500, 4))
    share = frequencies(weights)
    assert share == pytest.approx([0.25] * 4)
    assert worth_films(weights, share) == pytest.approx(4 * PRIOR, abs=0.5)


def test_em_ends_where_a_general_optimiser_does() -> None:
    rng = np.random.default_rng(3)
    weights = rng.dirichlet([0.4] * 4, 150)

    def loss(free: np.ndarray) -> float:
        share = np.exp(np.append(free, 0.0))
        share /= share.sum()
        return float(-np.log(weights @ share).sum() - PRIOR * np.log(share).sum())

    best = minimize(loss, np.zeros(3), tol=1e-12).x
    share = np.exp(np.append(best, 0.0))
    np.testing.assert_allclose(frequencies(weights), share / share.sum(), atol=1e-4)


def test_what_the_films_are_worth_is_the_spread_of_the_estimate() -> None:
    """Simulated again and again, the frequency of typical films varies as stated."""
    rng = np.random.default_rng(5)
    found, worth = [], []
    for _ in range(150):
        weights, _ = simulated(rng, 300, covid=1.0)
        share = frequencies(weights)
        found.append(share)
        worth.append(worth_films(weights, share))
    spread = np.var(found, axis=0, ddof=1).sum()
    middle = np.mean(found, axis=0)
    stated = (middle * (1 - middle)).sum() / (np.mean(worth) + 1)
    assert stated / spread == pytest.approx(1.0, abs=0.25)
    assert 30 < np.mean(worth) < 300, "an unsure model's films are worth fewer"


@pytest.mark.parametrize("shares", [EVEN, (0.55, 0.15, 0.1, 0.2)])
def test_true_frequencies_are_found_whatever_the_calibration_films(
    shares: tuple[float, ...],
) -> None:
    rng = np.random.default_rng(8)
    appearance, positive = simulated(rng, 8000, shares=shares)
    covid, other = (np.array(group) for group in fit(appearance, positive, shares))
    np.testing.assert_allclose(covid / covid.sum(), TRUE_COVID, atol=0.03)
    np.testing.assert_allclose(other / other.sum(), TRUE_OTHER, atol=0.03)


def test_ratios_rise_even_where_few_films_say_otherwise() -> None:
    appearance = np.concatenate([np.repeat(ONE_HOT, [5, 10, 4, 11], axis=0)] * 2)
    positive = np.arange(60) < 30
    covid, other = (np.array(group) for group in fit(appearance, positive, EVEN))
    assert (np.diff((covid / covid.sum()) / (other / other.sum())) > -1e-9).all()
