"""What every interval must obey, whatever the films: its own definition, and its symmetries."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binom, mannwhitneyu

from covid_d.evaluation.figures import intervals
from covid_d.evaluation.figures.estimate import Estimate

Z = 1.959963984540054  # the normal's 97.5 % point, of any table

Rated = tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]
Called = tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]

shares = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
probabilities = st.floats(0.01, 0.99)
fast = settings(max_examples=40, deadline=None)


@given(shares)
@fast
def test_wilsons_bounds_are_where_the_score_test_just_rejects(share: tuple[int, int]) -> None:
    """|p - share| = z sqrt(p (1 - p) / n): the test that the interval turns round."""
    successes, n = share
    low, high = intervals.wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1
    for bound in (low, high):
        if 0 < bound < 1:
            distance = abs(bound - successes / n)
            assert distance == pytest.approx(Z * math.sqrt(bound * (1 - bound) / n), abs=1e-9)


@given(shares)
@fast
def test_exact_bounds_leave_a_fortieth_in_each_tail(share: tuple[int, int]) -> None:
    successes, n = share
    low, high = intervals.exact(successes, n)
    if successes > 0:
        assert binom.sf(successes - 1, n, low) == pytest.approx(0.025, abs=1e-6)
    else:
        assert low == 0
    if successes < n:
        assert binom.cdf(successes, n, high) == pytest.approx(0.025, abs=1e-6)
    else:
        assert high == 1


@pytest.mark.parametrize("interval", [intervals.wilson, intervals.exact])
@given(shares)
@fast
def test_to_count_the_others_turns_the_interval_round(
    interval: object, share: tuple[int, int]
) -> None:
    successes, n = share
    low, high = interval(successes, n)  # type: ignore[operator]
    mirrored = interval(n - successes, n)  # type: ignore[operator]
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-9)


@given(shares, st.integers(2, 9))
@fast
def test_more_films_of_the_same_share_say_it_more_surely(
    share: tuple[int, int], times: int
) -> None:
    successes, n = share
    for interval in (intervals.wilson, intervals.exact):
        few, many = interval(successes, n), interval(successes * times, n * times)
        assert many[1] - many[0] < few[1] - few[0]


@st.composite
def rated(draw: st.DrawFn) -> Rated:
    """Draw scores with many ties, and a truth of both classes."""
    n = draw(st.integers(4, 40))
    scores = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    truth = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    assume(2 <= truth.sum() <= n - 2)
    return np.array(scores, dtype=np.float64), truth


@given(rated())
@fast
def test_the_area_is_mann_and_whitneys(films: Rated) -> None:
    scores, truth = films
    wins = mannwhitneyu(scores[truth], scores[~truth]).statistic
    found = intervals.auroc(scores, truth)
    assert found.value == pytest.approx(wins / (truth.sum() * (~truth).sum()))
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.method in {"delong", "newcombe"}


@given(rated())
@fast
def test_only_the_order_of_the_scores_counts(films: Rated) -> None:
    scores, truth = films
    as_said = intervals.auroc(scores, truth)
    stretched = intervals.auroc(np.exp(scores) - 7, truth)
    assert (stretched.value, stretched.low, stretched.high) == pytest.approx(
        (as_said.value, as_said.low, as_said.high)
    )
    turned = intervals.auroc(-scores, truth)
    assert (1 - turned.value, 1 - turned.high, 1 - turned.low) == pytest.approx(
        (as_said.value, as_said.low, as_said.high), abs=1e-6
    )


@given(rated(), st.randoms(use_true_random=False))
@fast
def test_the_order_of_films_and_the_names_of_patients_mean_nothing(
    films: Rated, chance: object
) -> None:
    scores, truth = films
    patients = np.arange(len(scores)) // 2
    order = np.array(chance.sample(range(len(scores)), len(scores)))  # type: ignore[attr-defined]
    found = intervals.auroc(scores, truth, patients)
    again = intervals.auroc(
        scores[order], truth[order], [f"HC-{99 - number}" for number in patients[order]]
    )
    assert (again.low, again.high) == pytest.approx((found.low, found.high))


@given(st.lists(st.booleans(), min_size=2, max_size=60), st.integers(1, 5))
@fast
def test_films_are_worth_no_more_than_films_and_no_less_than_a_patient(
    hits: list[bool], times: int
) -> None:
    hit = np.repeat(np.array(hits), times)
    groups = np.repeat(np.arange(len(hits)), times)
    found = intervals.effective_films(hit, groups)
    assert 1 <= found <= len(hit) + 1e-9
    # The same films again and again are worth what they were once.
    once = intervals.effective_films(np.array(hits), np.arange(len(hits)))
    assert found == pytest.approx(once, rel=0.5 if len(hits) < 4 else 0.35)


def test_one_patient_is_worth_one_film() -> None:
    hit = np.array([True, False, True, True])
    assert intervals.effective_films(hit, ["a"] * 4) == 1


def test_a_design_effect_reckoned_by_hand() -> None:
    # Two films each of four patients: hits 2, 2, 0, 1 of 2. Share 5/8. Sums of residuals by
    # patient 0.75, 0.75, -1.25, -0.25, squares 2.75; 4/3 * 2.75 / 64 = 0.05729 against
    # 0.234375 / 8 = 0.02930: design effect 1.9556, so 8 films are worth 4.0909.
    hit = np.array([1, 1, 1, 1, 0, 0, 1, 0], dtype=bool)
    found = intervals.effective_films(hit, np.repeat(list("abcd"), 2))
    assert found == pytest.approx(8 / (4 / 3 * 2.75 / 64 / (5 / 8 * 3 / 8 / 8)))
    assert found == pytest.approx(4.0909, abs=1e-4)
    share = intervals.proportion(hit, np.repeat(list("abcd"), 2))
    assert (share.value, share.n, share.method) == (0.625, 8, "wilson")
    assert (share.low, share.high) == pytest.approx(intervals.wilson(0.625 * found, found))


@st.composite
def called(draw: st.DrawFn) -> Called:
    """Draw calls and a truth of both classes."""
    n = draw(st.integers(4, 60))
    calls = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    truth = np.arange(n) < draw(st.integers(2, n - 2))
    return calls, truth


@given(called())
@fast
def test_to_call_the_other_way_turns_the_ratios_round(films: Called) -> None:
    calls, truth = films
    patients = np.arange(len(calls))
    positive, negative = intervals.likelihood_ratios(calls, truth, patients)
    other_positive, other_negative = intervals.likelihood_ratios(~calls, truth, patients)
    for one, other in ((positive, other_negative), (negative, other_positive)):
        assert [one.value, one.low, one.high] == pytest.approx(
            [other.value, other.low, other.high], nan_ok=True
        )
    # The healthy for the diseased: the ratio of the same calls is one over it.
    turned, _ = intervals.likelihood_ratios(calls, ~truth, patients)
    if positive.value and math.isfinite(positive.value):
        assert turned.value == pytest.approx(1 / positive.value)


@given(called())
@fast
def test_a_ratio_lies_in_its_interval(films: Called) -> None:
    for found in intervals.likelihood_ratios(*films, np.arange(len(films[0]))):
        assert found.low >= 0
        if not math.isnan(found.value):
            assert found.low <= found.value <= found.high
        assert found.n == len(films[0])


@given(st.floats(0.001, 1000), st.floats(0.001, 1000), probabilities)
@fast
def test_two_results_one_after_the_other_are_their_ratios_product(
    first: float, second: float, prevalence: float
) -> None:
    one_by_one = intervals.post_test_probability(
        second, intervals.post_test_probability(first, prevalence)
    )
    assert one_by_one == pytest.approx(
        intervals.post_test_probability(first * second, prevalence), rel=1e-6
    )


@given(probabilities)
@fast
def test_a_result_that_says_nothing_leaves_the_prevalence(prevalence: float) -> None:
    assert intervals.post_test_probability(1.0, prevalence) == pytest.approx(prevalence)
    assert intervals.post_test_probability(0.0, prevalence) == 0
    assert intervals.post_test_probability(math.inf, prevalence) == 1


@given(st.floats(1.01, 50), st.floats(0.02, 0.99), st.floats(0.01, 0.9), st.floats(0.01, 0.09))
@fast
def test_predictive_values_grow_and_fall_with_the_prevalence(
    above: float, below: float, prevalence: float, more: float
) -> None:
    positive = Estimate(above, above / 2, above * 2, 50, "log")
    negative = Estimate(below, below / 2, below * 2, 50, "log")
    rarely_and_often = (prevalence, prevalence + more)
    rare, common = (intervals.predictive_value(positive, p) for p in rarely_and_often)
    assert rare.value < common.value
    assert rare.low < rare.value < rare.high
    rare, common = (
        intervals.predictive_value(negative, p, negative=True) for p in rarely_and_often
    )
    assert rare.value > common.value
    assert rare.low < rare.value < rare.high
    assert (rare.n, rare.method) == (50, "log")


def test_a_test_of_sensitivity_70_and_specificity_95_in_a_ward_of_one_in_five() -> None:
    # Watson, Whiting and Brush (2020), BMJ 369:m1808: of 100 people, 80 infected: 56 true and 1
    # false positives, 24 missed; at a pre-test probability of 20 %: 14 and 4, 6 missed.
    positive, negative = 0.70 / 0.05, 0.30 / 0.95
    for prevalence, ppv, npv in ((0.8, 56 / 57, 19 / 43), (0.2, 14 / 18, 76 / 82)):
        found = intervals.post_test_probability(positive, prevalence)
        assert found == pytest.approx(ppv)
        assert 1 - intervals.post_test_probability(negative, prevalence) == pytest.approx(npv)
