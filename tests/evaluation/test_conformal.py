"""Coverage counted by hand, and split conformal's promise kept on simulated patients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from covid_d.dataset.manifest import Label
from covid_d.evaluation.conformal import conclusive, coverage, covered, expected_coverage


def _films() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": ["covid", "covid", "nocovid", "nocovid", "covid"],
            "conformal_set": ["covid", "nocovid", "covid|nocovid", "nocovid", ""],
            "outcome": ["positive", "negative", "inconclusive", "negative", "inconclusive"],
        }
    )


def test_covered_means_the_true_class_is_not_ruled_out() -> None:
    # "nocovid" must not count as holding "covid", though the word does; an empty set holds none.
    assert covered(_films()).tolist() == [True, False, True, True, False]


def test_only_one_class_left_is_conclusive() -> None:
    assert conclusive(_films()).tolist() == [True, True, False, True, False]


def test_coverage_by_class() -> None:
    positive = coverage(_films(), Label.COVID, 0.1)
    assert positive.observed.value == pytest.approx(1 / 3)
    assert positive.observed.n == 3
    assert positive.target == 0.9
    # Exact interval of 1 of 3: 0.0084 to 0.9057 (tables of Clopper and Pearson).
    assert (positive.observed.low, positive.observed.high) == pytest.approx(
        (0.0084, 0.9057), abs=1e-4
    )
    assert positive.holds
    assert coverage(_films(), Label.NOCOVID, 0.1).observed.value == 1.0


def test_a_broken_promise_is_told(draw_scores: Callable[..., pd.DataFrame]) -> None:
    films = draw_scores(200, 200)
    assert coverage(films, Label.COVID, 0.1).holds
    broken = coverage(films, Label.COVID, 0.01)
    assert not broken.holds
    assert broken.to_dict()["holds"] is False
    assert broken.to_dict()["target"] == 0.99


def test_split_conformal_keeps_its_promise_on_exchangeable_films() -> None:
    # The whole procedure, 2000 times: m calibration scores give the quantile, new films are
    # covered within the range that theory gives for m and n in about 95 % of the runs.
    m, n, error_rate, rng = 60, 80, 0.1, np.random.default_rng(3)
    low, high = expected_coverage(m, n, error_rate)
    shares = []
    for _ in range(2000):
        calibration, new = rng.normal(size=m), rng.normal(size=n)
        rank = int(np.ceil((m + 1) * (1 - error_rate)))
        shares.append((new <= np.sort(calibration)[rank - 1]).mean())
    assert np.mean(shares) >= 0.9 - 0.003
    assert 0.94 <= np.mean([(low <= s <= high) for s in shares]) <= 0.985


def test_expected_coverage_narrows_with_films() -> None:
    few, many = expected_coverage(30, 30, 0.1), expected_coverage(3000, 3000, 0.1)
    assert few[1] - few[0] > 5 * (many[1] - many[0])
    assert many[0] < 0.9 < many[1]
