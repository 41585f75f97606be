"""What calibration figures must obey, and the first published example of each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from covid_d.evaluation.figures.calibration import (
    BinnedFilms,
    CalibratedFilms,
    bin_of,
    reliability,
)

Films = tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]
fast = settings(max_examples=40, deadline=None)


@st.composite
def films(draw: st.DrawFn) -> Films:
    n = draw(st.integers(2, 40))
    said = draw(st.lists(st.integers(0, 100), min_size=n, max_size=n))
    truth = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return np.array(said) / 100, np.array(truth)


def _figure(drawn: Films, name: str) -> float:
    one = np.ones((1, len(drawn[0])))
    return float(CalibratedFilms(*drawn).statistics(one)[name][0])


def test_the_first_brier_score() -> None:
    # Brier (1950), Monthly Weather Review 78:1, the table of ten forecasts of rain: score 0.19,
    # which counts rain and no rain; half of it counts rain alone, as is done today.
    said = np.array([0.7, 0.9, 0.8, 0.4, 0.2, 0.0, 0.0, 0.0, 0.0, 0.1])
    rain = np.array([0, 1, 1, 1, 0, 0, 0, 0, 0, 0], dtype=bool)
    assert 2 * _figure((said, rain), "brier") == pytest.approx(0.19)


def test_a_calibration_error_by_hand_with_weights() -> None:
    # Bin 0.2-0.3: one positive of weight 2 and a negative of weight 1, both at 0.2:
    # |2 * 0.8 - 0.2| = 1.4. Bin 0.7-0.8: a negative of weight 3 at 0.7: 2.1. Of 6: 3.5 / 6.
    said, truth = np.array([0.2, 0.2, 0.7]), np.array([True, False, False])
    weights = np.array([[2.0, 1.0, 3.0]])
    expected = pytest.approx(3.5 / 6)
    assert CalibratedFilms(said, truth).statistics(weights)["calibration_error"][0] == expected
    assert BinnedFilms(said, truth).error(weights)[0] == expected


@pytest.mark.parametrize(
    ("said", "place"),
    [(0.0, 0), (0.0999, 0), (0.1, 1), (0.25, 2), (0.5, 5), (0.95, 9), (1.0, 9)],
)
def test_a_probability_lies_in_one_bin(said: float, place: int) -> None:
    assert bin_of(np.array([said])).tolist() == [place]
    assert bin_of(np.array([said]), bins=1).tolist() == [0]


@given(films())
@fast
def test_the_bins_part_the_films(drawn: Films) -> None:
    said, truth = drawn
    bins = reliability(said, truth)
    assert sum(each.n for each in bins) == len(said)
    assert sum(each.n * each.observed for each in bins) == pytest.approx(truth.sum())
    assert sum(each.n * each.mean_probability for each in bins) == pytest.approx(said.sum())
    for each in bins:
        assert each.low <= each.mean_probability + 1e-9
        assert each.mean_probability <= each.high + 1e-9
    assert [each.low for each in bins] == sorted(each.low for each in bins)


@given(films())
@fast
def test_the_error_is_what_the_bins_show(drawn: Films) -> None:
    shown = reliability(*drawn)
    error = sum(each.n * abs(each.observed - each.mean_probability) for each in shown)
    assert _figure(drawn, "calibration_error") == pytest.approx(error / len(drawn[0]))


@given(films())
@fast
def test_murphys_bounds(drawn: Films) -> None:
    """No binning can be further off than the films themselves (Jensen's inequality)."""
    brier = _figure(drawn, "brier")
    assert 0 <= _figure(drawn, "calibration_error") ** 2 <= brier + 1e-12
    assert brier <= 1


@given(films())
@fast
def test_to_speak_of_the_other_class_changes_no_score(drawn: Films) -> None:
    said, truth = drawn
    assert _figure((1 - said, ~truth), "brier") == pytest.approx(_figure(drawn, "brier"))


@given(films(), st.integers(2, 4))
@fast
def test_a_weight_is_a_film_seen_so_often(drawn: Films, times: int) -> None:
    said, truth = drawn
    weights = np.array([[float(1 + k % times) for k in range(len(said))]])
    seen = weights[0].astype(int)
    repeated = np.repeat(said, seen), np.repeat(truth, seen)
    found = CalibratedFilms(said, truth).statistics(weights)
    for name in ("brier", "calibration_error"):
        assert found[name][0] == pytest.approx(_figure(repeated, name))


def _overlapping(seed: int) -> Films:
    rng = np.random.default_rng(seed)
    said = rng.uniform(0.05, 0.95, 200)
    return said, rng.random(200) < 0.15 + 0.7 * said


@pytest.mark.parametrize(("stretch", "shift"), [(1.0, 0.7), (1.0, -1.5), (2.0, 0.0), (0.5, 0.3)])
def test_slope_and_intercept_follow_what_is_said(stretch: float, shift: float) -> None:
    """On the logit's scale: stretched answers have a flatter slope, shifted ones an intercept."""
    said, truth = _overlapping(1)
    moved = expit(stretch * logit(said) + shift), truth
    slope = _figure((said, truth), "calibration_slope")
    assert _figure(moved, "calibration_slope") == pytest.approx(slope / stretch, rel=1e-5)
    if stretch == 1.0:
        intercept = _figure((said, truth), "calibration_intercept")
        assert _figure(moved, "calibration_intercept") == pytest.approx(intercept - shift, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_slope_makes_the_score_vanish(seed: int) -> None:
    """At the solution of the likelihood's equations no direction makes the films likelier."""
    said, truth = _overlapping(seed)
    x = logit(said)
    slope = _figure((said, truth), "calibration_slope")

    def likelihood(b: float) -> float:
        best = -np.inf
        for a in np.linspace(-2, 2, 801):
            p = expit(a + b * x)
            best = max(best, float(np.log(np.where(truth, p, 1 - p)).sum()))
        return best

    here = likelihood(slope)
    assert here > likelihood(slope + 0.05)
    assert here > likelihood(slope - 0.05)


@given(films())
@fast
def test_the_corrected_error_is_bounded_and_falls_with_chance(drawn: Films) -> None:
    said, truth = drawn
    counts = np.bincount(bin_of(said), minlength=10)
    found = BinnedFilms(said, truth).corrected()
    if counts.max() < 2:
        assert np.isnan(found)
        return
    assert 0 <= found <= 1
    # Without the correction: the root of the mean squared gap of the bins of two films or more.
    kept = [each for each in reliability(said, truth) if each.n > 1]
    total = sum(each.n for each in kept)
    gaps = sum(each.n * (each.observed - each.mean_probability) ** 2 for each in kept)
    assert found**2 <= gaps / total + 1e-12


def test_a_corrected_error_by_hand() -> None:
    # Four films at 0.5, three positive: gap 0.25; 0.0625 - 0.75 * 0.25 / 3 = 0. And two at 0.9,
    # none positive: gap 0.9; 0.81 - 0 = 0.81. Of six films: sqrt(2 * 0.81 / 6).
    said = np.array([0.5, 0.5, 0.5, 0.5, 0.9, 0.9])
    truth = np.array([1, 1, 1, 0, 0, 0], dtype=bool)
    assert BinnedFilms(said, truth).corrected() == pytest.approx(np.sqrt(2 * 0.81 / 6))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("truth", [True, False])
@pytest.mark.parametrize("said", [[0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.3], [0.5]])
def test_figures_that_do_not_exist_are_said_so_in_silence(said: list[float], truth: bool) -> None:
    """One class alone, as many a resample of few films is."""
    drawn = np.array(said), np.full(len(said), truth)
    assert np.isnan(_figure(drawn, "calibration_slope"))
    assert np.isnan(_figure(drawn, "calibration_intercept"))
    assert np.isfinite(_figure(drawn, "brier"))


def test_a_resample_of_one_class_leaves_the_others_their_figures() -> None:
    said, truth = _overlapping(1)
    weights = np.array([np.ones(200), truth.astype(float), ~truth])
    found = CalibratedFilms(said, truth).statistics(weights)
    for name in ("calibration_slope", "calibration_intercept"):
        assert found[name][0] == pytest.approx(_figure((said, truth), name))
        assert np.isnan(found[name][1:]).all()
