"""Calibration, prior shift and conformal sets against worked examples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_d.detector import Outcome
from covid_d.detector.bundle.spec import Calibration, Conformal
from covid_d.detector.calibrate import (
    calibrated_probability,
    check_prevalence,
    conformal_set,
    outcome_of,
    post_test_probability,
)

PLAIN = Calibration(slope=1.0, intercept=0.0, prevalence=0.5, films=10)


def thresholds(positive: float, negative: float) -> Conformal:
    return Conformal(
        error_rate=0.1,
        positive_quantile=positive,
        negative_quantile=negative,
        positives=19,
        negatives=19,
    )


@pytest.mark.parametrize(
    ("logit", "slope", "intercept", "expected"),
    [
        (0.0, 1.0, 0.0, 0.5),
        (math.log(3), 1.0, 0.0, 0.75),
        (math.log(3), 2.0, 0.0, 0.9),
        (0.0, 5.0, math.log(4), 0.8),
        (-math.log(3), 1.0, 0.0, 0.25),
        (1e6, 1.0, 0.0, 1.0),
        (-1e6, 1.0, 0.0, 0.0),
    ],
)
def test_platt(logit: float, slope: float, intercept: float, expected: float) -> None:
    fitted = Calibration(slope=slope, intercept=intercept, prevalence=0.5, films=10)
    assert calibrated_probability(logit, fitted) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("logit", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_gives_no_probability(logit: float) -> None:
    with pytest.raises(ValueError, match="not a number"):
        calibrated_probability(logit, PLAIN)


@given(st.floats(-1e30, 1e30), st.floats(1e-6, 1e6), st.floats(-1e6, 1e6))
def test_probability_is_always_one(logit: float, slope: float, intercept: float) -> None:
    fitted = Calibration(slope=slope, intercept=intercept, prevalence=0.5, films=10)
    assert 0.0 <= calibrated_probability(logit, fitted) <= 1.0


@given(st.floats(-15, 15), st.floats(1e-2, 5))
def test_platt_keeps_the_order(logit: float, step: float) -> None:
    assert calibrated_probability(logit, PLAIN) < calibrated_probability(logit + step, PLAIN)


def test_post_test_by_likelihood_ratio() -> None:
    # At even prior odds p = 0.8 is a likelihood ratio of 4. At a prevalence of 20 % the prior
    # odds are 1:4, so the posterior odds are 1:1.
    assert post_test_probability(0.8, 0.5, 0.2) == pytest.approx(0.5)
    # At 5 %, odds 4/19.
    assert post_test_probability(0.8, 0.5, 0.05) == pytest.approx(4 / 23)


def test_post_test_matches_sensitivity_and_specificity() -> None:
    # Sensitivity 90 %, specificity 95 %, prevalence 1 %: PPV = 0.009 / (0.009 + 0.0495).
    at_half = 0.9 / (0.9 + 0.05)
    assert post_test_probability(at_half, 0.5, 0.01) == pytest.approx(0.009 / 0.0585)


@given(st.floats(0, 1), st.floats(0.001, 0.999))
def test_the_calibration_s_own_prevalence_changes_nothing(p: float, prevalence: float) -> None:
    assert post_test_probability(p, prevalence, prevalence) == pytest.approx(p, abs=1e-9)


@given(st.floats(0.001, 0.999), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_prior_shift_can_be_undone(p: float, first: float, second: float) -> None:
    there = post_test_probability(p, first, second)
    assert post_test_probability(there, second, first) == pytest.approx(p, abs=1e-9)


@pytest.mark.parametrize("certain", [0.0, 1.0])
def test_certainty_stays(certain: float) -> None:
    assert post_test_probability(certain, 0.3, 0.01) == certain


@pytest.mark.parametrize("prevalence", [0.0, 1.0, -0.1, 5.0, math.nan])
def test_impossible_prevalence(prevalence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        check_prevalence(prevalence)


@pytest.mark.parametrize(
    ("p", "positive", "negative", "expected"),
    [
        (0.9, 0.3, 0.3, ("covid",)),
        (0.1, 0.3, 0.3, ("nocovid",)),
        (0.5, 0.3, 0.3, ()),
        (0.5, 0.6, 0.6, ("covid", "nocovid")),
        (0.75, 0.25, 0.0, ("covid",)),  # at the threshold: it stays
        (0.25, 0.0, 0.25, ("nocovid",)),
    ],
)
def test_conformal_set(
    p: float, positive: float, negative: float, expected: tuple[str, ...]
) -> None:
    assert conformal_set(p, thresholds(positive, negative)) == expected


def test_without_thresholds_nothing_is_ruled_out() -> None:
    assert conformal_set(0.999, None) == ("covid", "nocovid")


@pytest.mark.parametrize(
    ("remaining", "outcome"),
    [
        (("covid",), Outcome.POSITIVE),
        (("nocovid",), Outcome.NEGATIVE),
        (("covid", "nocovid"), Outcome.INCONCLUSIVE),
        ((), Outcome.INCONCLUSIVE),
    ],
)
def test_only_one_class_is_an_answer(remaining: tuple[str, ...], outcome: Outcome) -> None:
    assert outcome_of(remaining) is outcome


def test_coverage_of_class_conditional_split_conformal() -> None:
    """Vovk's guarantee: each class stays in the set at least 1 - error rate of the time."""
    rng = np.random.default_rng(7)
    n, error = 199, 0.1
    rank = math.ceil((n + 1) * (1 - error)) - 1  # of 199 scores: the 180th
    covered: dict[str, list[bool]] = {"covid": [], "nocovid": []}
    for _ in range(40):
        positives, negatives = rng.beta(4, 2, n), rng.beta(2, 4, n)
        fitted = thresholds(np.sort(1 - positives)[rank], np.sort(negatives)[rank])
        for label, scores in (("covid", rng.beta(4, 2, 200)), ("nocovid", rng.beta(2, 4, 200))):
            covered[label] += [label in conformal_set(float(p), fitted) for p in scores]
    for hits in covered.values():
        assert 0.88 < np.mean(hits) < 0.92
