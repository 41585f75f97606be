"""Meta-analysis against a worked example that everybody has, and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import logit
from scipy.stats import t

from covid_d.evaluation.figures.meta import pooled_share, random_effects

# The BCG vaccine trials (Colditz et al. 1994, JAMA 271:698), cases and others, vaccinated and not:
# the worked example of the R package metafor (Viechtbauer 2010, J Stat Softw 36:3).
BCG = np.array(
    [
        (4, 119, 11, 128),
        (6, 300, 29, 274),
        (3, 228, 11, 209),
        (62, 13536, 248, 12619),
        (33, 5036, 47, 5761),
        (180, 1361, 372, 1079),
        (8, 2537, 10, 619),
        (505, 87886, 499, 87892),
        (29, 7470, 45, 7232),
        (17, 1699, 65, 1600),
        (186, 50448, 141, 27197),
        (5, 2493, 3, 2338),
        (27, 16886, 29, 17825),
    ],
    dtype=np.float64,
)


@pytest.fixture(scope="module")
def bcg() -> tuple[np.ndarray, np.ndarray]:
    """Log relative risks and their variances."""
    a, b, c, d = BCG.T
    risks = np.log(a / (a + b) / (c / (c + d)))
    return risks, 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


class TestPublished:
    """As printed in that paper and in the package's documentation."""

    def test_reml(self, bcg: tuple[np.ndarray, np.ndarray]) -> None:
        found = random_effects(*bcg, adjusted=False)
        assert found.places == 13
        assert round(found.tau2, 4) == 0.3132
        assert round(found.mean, 4) == -0.7145
        assert round(found.error, 4) == 0.1798
        assert (round(found.low, 4), round(found.high, 4)) == (-1.0669, -0.3622)
        assert round(found.q, 3) == 152.233
        assert found.p < 0.0001
        assert round(found.i2, 4) == 0.9222

    def test_dersimonian_laird(self, bcg: tuple[np.ndarray, np.ndarray]) -> None:
        found = random_effects(*bcg, method="dl", adjusted=False)
        assert round(found.tau2, 4) == 0.3088
        assert round(found.mean, 4) == -0.7141
        assert round(found.error, 4) == 0.1787

    def test_hartung_knapp_moves_the_interval_alone(
        self, bcg: tuple[np.ndarray, np.ndarray]
    ) -> None:
        plain, found = random_effects(*bcg, adjusted=False), random_effects(*bcg)
        assert found.mean == plain.mean
        # By hand: the weighted spread of the figures around the middle, on twelve degrees.
        weights = 1 / (bcg[1] + found.tau2)
        error = math.sqrt(weights @ (bcg[0] - found.mean) ** 2 / 12 / weights.sum())
        assert found.error == pytest.approx(error)
        half = t.ppf(0.975, 12) * error
        assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half))
        assert round(found.error, 3) == 0.181


class TestByHand:
    def test_reml_is_where_the_restricted_likelihood_is_highest(
        self, bcg: tuple[np.ndarray, np.ndarray]
    ) -> None:
        figures, variances = bcg

        def loss(tau2: float) -> float:
            weights = 1 / (variances + tau2)
            mean = weights @ figures / weights.sum()
            return float(
                -0.5 * np.log(weights).sum()
                + 0.5 * math.log(weights.sum())
                + 0.5 * (weights @ (figures - mean) ** 2)
            )

        best = minimize_scalar(loss, bounds=(0, 2), method="bounded", options={"xatol": 1e-10}).x
        assert random_effects(figures, variances).tau2 == pytest.approx(best, abs=1e-5)

    def test_three_places_alike_have_no_variance_between_them(self) -> None:
        found = random_effects(np.array([1.0, 1.1, 0.9]), np.array([0.5, 0.5, 0.5]))
        assert found.tau2 == 0
        assert found.i2 == 0
        assert found.mean == pytest.approx(1.0)
        # sqrt(sum of squares / (k - 1) / k): the error of a plain mean.
        assert found.error == pytest.approx(math.sqrt(0.02 / 2 / 3))
        assert found.predict_high == pytest.approx(1 + t.ppf(0.975, 1) * found.error)

    def test_two_places_predict_nothing_and_one_has_no_interval(self) -> None:
        two = random_effects(np.array([0.0, 1.0]), np.array([0.1, 0.1]))
        assert two.mean == pytest.approx(0.5)
        assert math.isnan(two.predict_low)
        one = random_effects(np.array([0.7]), np.array([0.04]))
        assert one.mean == pytest.approx(0.7)
        assert one.error == pytest.approx(0.2)
        assert math.isnan(one.low)
        assert one.tau2 == 0

    def test_shares_are_pooled_as_logits(self) -> None:
        estimate, found = pooled_share([80, 80], [100, 100])
        assert estimate.value == pytest.approx(0.8)
        assert found.mean == pytest.approx(logit(0.8))
        assert estimate.n == 200

    def test_a_place_without_misses_keeps_a_logit(self) -> None:
        estimate, found = pooled_share([30, 45, 50], [30, 60, 55])
        first = math.log(30.5 / 0.5)
        assert found.mean < first
        assert 0.75 < estimate.value < 1
        assert 0 < estimate.low < estimate.value < estimate.high < 1

    @pytest.mark.parametrize(
        ("figures", "variances"), [([], []), ([1.0], [0.0]), ([1.0, 2.0], [1.0])]
    )
    def test_what_cannot_be_pooled_is_refused(
        self, figures: list[float], variances: list[float]
    ) -> None:
        with pytest.raises(ValueError, match="positive variance"):
            random_effects(np.array(figures), np.array(variances))


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    inside = 0
    for _ in range(400):
        variances = rng.uniform(0.02, 0.3, 8)
        figures = 1.0 + rng.normal(0, 0.4, 8) + rng.normal(0, np.sqrt(variances))
        found = random_effects(figures, variances)
        inside += found.low < 1.0 < found.high
    # Of 400 at 95 % one expects 380; below 366 less than once in a thousand.
    assert 366 <= inside <= 396
