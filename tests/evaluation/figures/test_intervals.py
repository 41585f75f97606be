"""Intervals against published worked examples, and what clustering must do to them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from covid_d.evaluation.figures import intervals
from covid_d.evaluation.figures.estimate import Estimate

# Hanley and McNeil (1982), Radiology 143:29, table I: 109 CT images read on a five-point scale.
NORMAL = np.repeat([1, 2, 3, 4, 5], [33, 6, 6, 11, 2])
ABNORMAL = np.repeat([1, 2, 3, 4, 5], [3, 2, 2, 11, 33])
RATINGS = np.r_[NORMAL, ABNORMAL].astype(float)
DISEASED = np.r_[np.zeros(58, dtype=bool), np.ones(51, dtype=bool)]


# Newcombe (1998), Stat Med 17:857, table I, methods 3 (score) and 5 (exact).
@pytest.mark.parametrize(
    ("successes", "n", "score", "exact"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_shares_of_newcombe_1998(
    successes: int, n: int, score: tuple[float, float], exact: tuple[float, float]
) -> None:
    assert intervals.wilson(successes, n) == pytest.approx(score, abs=6e-5)
    assert intervals.exact(successes, n) == pytest.approx(exact, abs=6e-5)


def test_wilson_agrees_with_scipy() -> None:
    expected = binomtest(37, 90).proportion_ci(0.95, method="wilson")
    assert intervals.wilson(37, 90) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("interval", [intervals.wilson, intervals.exact])
def test_no_films_give_no_interval(interval: object) -> None:
    assert all(math.isnan(bound) for bound in interval(0, 0))  # type: ignore[operator]


def test_auroc_and_delong_of_hanley_and_mcneil() -> None:
    # Area 0.893 is the paper's; Stata's manual ([R] roctab) gives, for these data and DeLong's
    # method, area 0.8932, standard error 0.0307 and interval 0.83295 to 0.95339.
    found = intervals.auroc(RATINGS, DISEASED)
    assert found.method == "delong"
    assert found.n == 109
    assert found.value == pytest.approx(0.8932, abs=5e-5)
    assert found.low == pytest.approx(0.83295, abs=5e-5)
    assert found.high == pytest.approx(0.95339, abs=5e-5)
    assert (found.high - found.low) / 2 / 1.959964 == pytest.approx(0.0307, abs=5e-5)


def test_delong_equals_the_definition_by_pairs() -> None:
    rng = np.random.default_rng(1)
    positive = rng.random(60) < 0.4
    scores = np.round(rng.normal(positive * 1.0, 1.0), 1)  # rounded, so that there are ties
    x, y = scores[positive], scores[~positive]
    kernel = (x[:, None] > y) + 0.5 * (x[:, None] == y)
    variance = kernel.mean(1).var(ddof=1) / len(x) + kernel.mean(0).var(ddof=1) / len(y)
    found = intervals.auroc(scores, positive)
    assert found.value == pytest.approx(roc_auc_score(positive, scores))
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * math.sqrt(variance), rel=1e-6)


def test_films_shown_twice_are_worth_no_more_than_once() -> None:
    once = intervals.auroc(RATINGS, DISEASED)
    ratings, diseased = np.tile(RATINGS, 2), np.tile(DISEASED, 2)
    patients = np.tile(np.arange(109), 2)
    naive = intervals.auroc(ratings, diseased)
    grouped = intervals.auroc(ratings, diseased, patients)
    assert naive.high - naive.low < 0.75 * (once.high - once.low)
    assert (grouped.low, grouped.high) == pytest.approx((once.low, once.high), abs=1e-9)


def test_auroc_interval_covers_the_truth_on_clustered_films() -> None:
    # Four films a patient, strongly alike. Truth for unit-variance normals 1 apart: Phi(1/sqrt 2).
    truth, rng, runs = 0.7602, np.random.default_rng(5), 200
    patients = np.repeat(np.arange(80), 4)
    positive = patients < 40
    hits = {"alone": 0, "grouped": 0}
    for _ in range(runs):
        own = np.repeat(rng.normal(0, math.sqrt(0.8), 80), 4)
        scores = positive + own + rng.normal(0, math.sqrt(0.2), 320)
        for name, groups in (("alone", None), ("grouped", patients)):
            found = intervals.auroc(scores, positive, groups)
            hits[name] += found.low <= truth <= found.high
    assert hits["grouped"] / runs > 0.90
    assert hits["alone"] / runs < 0.80


@pytest.mark.parametrize("flip", [1.0, -1.0])
def test_perfect_separation_does_not_collapse_the_interval(flip: float) -> None:
    positive = np.arange(30) >= 15
    found = intervals.auroc(flip * np.arange(30.0), positive)
    assert found.method == "newcombe"
    assert found.value == (1.0 if flip > 0 else 0.0)
    width = found.high - found.low
    assert 0.08 < width < 0.25
    assert found.low <= found.value <= found.high


def test_a_class_of_one_patient_takes_the_interval_that_needs_no_variance() -> None:
    positive = np.array([True, False, False, False])
    found = intervals.auroc(np.array([0.5, 0.2, 0.3, 0.9]), positive)
    assert found.method == "newcombe"
    assert found.low < found.value < found.high


def test_auroc_of_one_class_is_an_error() -> None:
    with pytest.raises(ValueError, match="both classes"):
        intervals.auroc(np.arange(5.0), np.ones(5, dtype=bool))


def test_effective_films_of_independent_films_is_their_number() -> None:
    hit = np.arange(100) % 3 == 0
    assert intervals.effective_films(hit, np.arange(100)) == pytest.approx(100, rel=0.011)


def test_effective_films_of_identical_films_is_the_number_of_patients() -> None:
    hit = np.repeat(np.arange(50) % 3 == 0, 4)
    found = intervals.effective_films(hit, np.repeat(np.arange(50), 4))
    assert found == pytest.approx(50, rel=0.03)


def test_effective_films_never_exceed_the_films() -> None:
    hit = np.tile([True, False], 20)  # every patient has one hit and one miss
    assert intervals.effective_films(hit, np.repeat(np.arange(20), 2)) == 40


def test_when_every_film_is_a_hit_each_patient_counts_once() -> None:
    found = intervals.proportion(np.ones(30, dtype=bool), np.repeat(np.arange(10), 3))
    assert found.value == 1.0
    assert (found.low, found.high) == pytest.approx(intervals.wilson(10, 10))
    assert found.n == 30


def test_a_share_of_no_films_is_not_a_number() -> None:
    found = intervals.proportion(np.zeros(0, dtype=bool), [])
    assert math.isnan(found.value)
    assert found.n == 0


def test_exact_proportion_is_clopper_and_pearson() -> None:
    found = intervals.exact_proportion(np.arange(263) < 81)
    assert (found.low, found.high) == pytest.approx((0.2527, 0.3676), abs=6e-5)
    assert found.method == "exact"


# Altman and Bland (1994), BMJ 308:1552 and 309:102: liver scans of 344 patients, 258 with abnormal
# pathology (231 detected), 86 normal (54 read as normal).
CALLS = np.repeat([True, False, True, False], [231, 27, 32, 54])
ABNORMAL_LIVER = np.repeat([True, True, False, False], [231, 27, 32, 54])


def test_likelihood_ratios_of_the_liver_scans() -> None:
    # Deeks and Altman (2004), BMJ 329:168, round to 2.4 and 0.16 by sensitivity 0.90, specificity
    # 0.63; unrounded they are 2.41 and 0.167.
    positive, negative = intervals.likelihood_ratios(CALLS, ABNORMAL_LIVER, np.arange(344))
    assert positive.value == pytest.approx((231 / 258) / (32 / 86))
    assert negative.value == pytest.approx((27 / 258) / (54 / 86))
    assert positive.method == "log"
    # By hand, Simel's formula: exp(ln 2.406 +- 1.96 sqrt(27/(231*258) + 54/(32*86))).
    half = 1.959964 * math.sqrt(27 / (231 * 258) + 54 / (32 * 86))
    assert math.log(positive.high / positive.value) == pytest.approx(half, rel=0.02)


@pytest.mark.parametrize(
    ("prevalence", "ppv", "npv"),
    # The paper's own prevalence, 0.75, and its example of 0.25.
    [(258 / 344, 0.88, 0.67), (0.25, 0.45, 0.95)],
)
def test_predictive_values_by_prevalence_of_altman_and_bland(
    prevalence: float, ppv: float, npv: float
) -> None:
    positive, negative = intervals.likelihood_ratios(CALLS, ABNORMAL_LIVER, np.arange(344))
    found = intervals.predictive_value(positive, prevalence)
    assert found.value == pytest.approx(ppv, abs=0.005)
    assert found.low < found.value < found.high
    found = intervals.predictive_value(negative, prevalence, negative=True)
    assert found.value == pytest.approx(npv, abs=0.005)
    assert found.low < found.value < found.high


def test_no_false_alarm_gives_an_infinite_ratio_with_a_finite_lower_bound() -> None:
    truth = np.arange(40) < 20
    positive, negative = intervals.likelihood_ratios(truth & (np.arange(40) < 15), truth, range(40))
    assert math.isinf(positive.value)
    assert 1 < positive.low < 100
    assert math.isinf(positive.high)
    value = intervals.predictive_value(positive, 0.05)
    assert value.value == 1.0
    assert 0.05 < value.low < 0.9
    assert negative.low < 0.25 < negative.high


def test_a_reader_who_never_says_positive_has_no_positive_ratio() -> None:
    truth = np.arange(40) < 20
    positive, negative = intervals.likelihood_ratios(np.zeros(40, dtype=bool), truth, range(40))
    assert math.isnan(positive.value)
    assert negative.value == 1.0
    assert negative.low < 1.0 < negative.high


@pytest.mark.parametrize("prevalence", [0.0, 1.0, -0.1, 2.0])
def test_impossible_prevalence_is_an_error(prevalence: float) -> None:
    with pytest.raises(ValueError, match="prevalence"):
        intervals.predictive_value(Estimate(2.0, 1.0, 3.0, 10, "log"), prevalence)
