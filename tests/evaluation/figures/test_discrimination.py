"""Vectorised figures held equal to scikit-learn, for every weighting."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from covid_d.evaluation.figures.discrimination import RankedFilms


@pytest.fixture(params=[0, 1, 2])
def case(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(request.param)
    positive = rng.random(120) < 0.35
    scores = rng.normal(positive * 1.2, 1.0)
    if request.param:
        scores = np.round(scores, 1)  # many ties
    weights = rng.integers(0, 4, size=(25, 120)).astype(float)
    return scores, positive, weights


def test_auroc_and_average_precision_equal_scikit_learn(
    case: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    scores, positive, weights = case
    found = RankedFilms(scores, positive).statistics(weights)
    for row, w in enumerate(weights):
        assert found["auroc"][row] == pytest.approx(
            roc_auc_score(positive, scores, sample_weight=w)
        )
        assert found["average_precision"][row] == pytest.approx(
            average_precision_score(positive, scores, sample_weight=w)
        )


def test_fixed_point_figures_equal_the_roc_curve(
    case: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    scores, positive, weights = case
    found = RankedFilms(scores, positive).statistics(weights)
    for row, w in enumerate(weights):
        false_rate, recall, _ = roc_curve(
            positive, scores, sample_weight=w, drop_intermediate=False
        )
        sensitivity = recall[false_rate <= 0.10 + 1e-12].max()
        specificity = 1 - false_rate[recall >= 0.95 - 1e-12].min()
        assert found["sensitivity_at_90_specificity"][row] == pytest.approx(sensitivity)
        assert found["specificity_at_95_sensitivity"][row] == pytest.approx(specificity)


def test_worked_example() -> None:
    # Ten negatives 1..10, four positives 6.5, 8.5, 9.5, 11. Pairs won: 6 + 8 + 9 + 10 = 33 of 40.
    scores = np.array([*range(1, 11), 6.5, 8.5, 9.5, 11], dtype=float)
    positive = np.arange(14) >= 10
    found = RankedFilms(scores, positive).statistics(np.ones((1, 14)))
    assert found["auroc"][0] == pytest.approx(33 / 40)
    # One false alarm (10) is allowed at 90 % specificity: 11 and 9.5 are found.
    assert found["sensitivity_at_90_specificity"][0] == pytest.approx(0.5)
    # All four must be found for 95 %: threshold 6.5, above 6 of the 10 negatives.
    assert found["specificity_at_95_sensitivity"][0] == pytest.approx(0.6)
    # Precision at each positive found: 1/1, 2/3, 3/5, 4/8.
    assert found["average_precision"][0] == pytest.approx((1 + 2 / 3 + 3 / 5 + 4 / 8) / 4)


def test_a_resample_without_a_class_is_undefined() -> None:
    scores, positive = np.arange(4.0), np.array([False, False, True, True])
    weights = np.array([[1.0, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1]])
    for values in RankedFilms(scores, positive).statistics(weights).values():
        assert np.isnan(values[:2]).all()
        assert values[2] == 1.0
