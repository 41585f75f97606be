"""Calibration and conformal sets against worked examples."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_d.detector import Appearance, Outcome
from covid_d.detector.bundle.spec import (
    AppearanceCalibration,
    AppearanceConformal,
    Calibration,
    Conformal,
)
from covid_d.detector.calibrate import (
    appearance_probabilities,
    appearance_set,
    calibrated_probability,
    check_prevalence,
    conformal_set,
    outcome_of,
    outcome_of_appearance,
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


FOUR = AppearanceCalibration(
    temperature=2.0,
    bias=(0.0, math.log(2), 0.0, math.log(3)),
    shares=(0.4, 0.1, 0.2, 0.3),
    films=10,
)


def test_appearance_is_the_softmax_of_scaled_and_shifted_logits() -> None:
    # exp(2 log 2 / 2) = 2, then the biases as factors: 2, 1 x 2, 1, 1 x 3; eight in all.
    found = appearance_probabilities((2 * math.log(2), 0.0, 0.0, 0.0), FOUR)
    assert list(found) == list(Appearance)
    assert list(found.values()) == pytest.approx([2 / 8, 2 / 8, 1 / 8, 3 / 8])


@given(st.lists(st.floats(-1e30, 1e30), min_size=4, max_size=4))
def test_appearance_always_sums_to_one(logits: list[float]) -> None:
    found = appearance_probabilities(logits, FOUR).values()
    assert sum(found) == pytest.approx(1.0)
    assert all(0.0 <= p <= 1.0 for p in found)


@pytest.mark.parametrize("logits", [(math.nan, 0, 0, 0), (0, math.inf, 0, 0), (0, 0, 0)])
def test_what_are_no_four_numbers_give_no_appearance(logits: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"not numbers|than argument"):
        appearance_probabilities(logits, FOUR)


def quantiles(
    negative: float, atypical: float, indeterminate: float, typical: float
) -> AppearanceConformal:
    values = (negative, atypical, indeterminate, typical)
    return AppearanceConformal(error_rate=0.1, quantiles=values, films=(19, 19, 19, 19), studies=70)


@pytest.mark.parametrize(
    ("probabilities", "limits", "remaining"),
    [
        ((0.1, 0.1, 0.1, 0.7), (0.5, 0.5, 0.5, 0.5), "typical"),
        ((0.7, 0.1, 0.1, 0.1), (0.5, 0.5, 0.5, 0.5), "negative"),
        ((0.25, 0.0, 0.0, 0.75), (0.75, 0.5, 0.5, 0.5), "negative typical"),  # at the limit
        ((0.25, 0.25, 0.25, 0.25), (0.5, 0.5, 0.5, 0.5), ""),
        ((0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0, 1.0), "negative atypical indeterminate typical"),
    ],
)
def test_set_of_categories(
    probabilities: tuple[float, ...], limits: tuple[float, float, float, float], remaining: str
) -> None:
    appearance = dict(zip(Appearance, probabilities, strict=True))
    assert " ".join(appearance_set(appearance, quantiles(*limits))) == remaining
    assert appearance_set(appearance, None) == tuple(Appearance)


@pytest.mark.parametrize("size", range(5))
def test_only_typical_or_negative_alone_is_an_answer(size: int) -> None:
    for remaining in combinations(Appearance, size):
        sure: dict[tuple[Appearance, ...], Outcome] = {
            (Appearance.TYPICAL,): Outcome.POSITIVE,
            (Appearance.NEGATIVE,): Outcome.NEGATIVE,
        }
        assert outcome_of_appearance(remaining) is sure.get(remaining, Outcome.INCONCLUSIVE)


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
