"""Coverage counted by hand, and split conformal's promise kept on simulated patients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom

from covid_d.dataset.manifest import Label
from covid_d.evaluation.figures.conformal import conclusive, coverage, covered


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


def test_the_exact_interval_holds_the_promise_as_often_as_it_should() -> None:
    # The whole procedure, 400 times: thresholds from m calibration films, coverage counted on n
    # new ones. Its law is beta-binomial (Vovk 2012; Angelopoulos and Bates 2023, section 3.2).
    m, n, error_rate, rng = 60, 80, 0.1, np.random.default_rng(3)
    rank = int(np.ceil((m + 1) * (1 - error_rate)))
    law = betabinom(n, rank, m + 1 - rank)
    shares, kept = [], []
    for _ in range(400):
        threshold = np.sort(rng.normal(size=m))[rank - 1]
        inside = rng.normal(size=n) <= threshold
        films = pd.DataFrame({"label": "covid", "conformal_set": np.where(inside, "covid", "")})
        found = coverage(films, Label.COVID, error_rate)
        shares.append(found.observed.value)
        kept.append(found.holds)
    assert np.mean(shares) == pytest.approx(law.mean() / n, abs=0.01)
    assert np.std(shares) == pytest.approx(law.std() / n, rel=0.1)
    # `holds` is one-sided and knows nothing of the luck of calibration: beta-binomial tail.
    least = next(k for k in range(n + 1) if _holds(k, n, error_rate))
    assert np.mean(kept) == pytest.approx(law.sf(least - 1), abs=0.03)


def _holds(hits: int, n: int, error_rate: float) -> bool:
    sets = np.where(np.arange(n) < hits, "covid", "")
    films = pd.DataFrame({"label": "covid", "conformal_set": sets})
    return coverage(films, Label.COVID, error_rate).holds
