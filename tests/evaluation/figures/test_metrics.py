"""Which figures a set of films gets, that each has an interval, and that none is invented."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference

from covid_d.evaluation.figures.metrics import LEAST_FILMS, PREVALENCES, measure

Draw = Callable[..., pd.DataFrame]
QUICK: dict[str, Any] = {"resamples": 300, "seed": 1}

EXPECTED = {
    "auroc",
    "auroc_bootstrap",
    "average_precision",
    "sensitivity",
    "specificity",
    "error_rate",
    "accuracy",
    "brier",
    "calibration_error",
    "calibration_slope",
    "calibration_intercept",
    "likelihood_ratio_positive",
    "likelihood_ratio_negative",
    "sensitivity_at_90_specificity",
    "specificity_at_95_sensitivity",
    "inconclusive",
    "inconclusive_covid",
    "inconclusive_nocovid",
    "conclusive_sensitivity",
    "conclusive_specificity",
    "coverage_covid",
    "coverage_nocovid",
    *(f"{kind}_at_{p}" for kind in ("ppv", "npv") for p in (2, 5, 20, 50)),
    *(f"net_benefit_at_{p}" for p in (5, 10, 20, 50)),
}


def test_every_figure_the_issue_names_is_there_with_an_interval(draw_scores: Draw) -> None:
    stratum = measure(draw_scores(80, 120), "pool", **QUICK)
    assert set(stratum.figures) == EXPECTED
    for name, figure in stratum.figures.items():
        assert figure.low <= figure.value <= figure.high, name
        assert figure.low < figure.high, name
        assert figure.n > 0, name


def test_values_equal_scikit_learn(draw_scores: Draw) -> None:
    films = draw_scores(60, 90, seed=4)
    y, p = films["label"].eq("covid").to_numpy(), films["probability"].to_numpy()
    calls = p >= 0.5
    figures = measure(films, **QUICK).figures
    value = {name: figure.value for name, figure in figures.items()}
    assert value["auroc"] == pytest.approx(reference.roc_auc_score(y, p))
    assert value["auroc_bootstrap"] == pytest.approx(value["auroc"])
    assert value["average_precision"] == pytest.approx(reference.average_precision_score(y, p))
    assert value["sensitivity"] == pytest.approx(reference.recall_score(y, calls))
    assert value["specificity"] == pytest.approx(reference.recall_score(~y, ~calls))
    assert value["accuracy"] == pytest.approx(reference.accuracy_score(y, calls))
    assert value["error_rate"] == pytest.approx(1 - value["accuracy"])
    assert value["brier"] == pytest.approx(reference.brier_score_loss(y, p))
    positive, negative = reference.class_likelihood_ratios(y, calls)
    assert value["likelihood_ratio_positive"] == pytest.approx(positive)
    assert value["likelihood_ratio_negative"] == pytest.approx(negative)
    share = y.mean()
    assert value["net_benefit_at_50"] == pytest.approx(
        value["sensitivity"] * share - (1 - value["specificity"]) * (1 - share)
    )


def test_predictive_values_follow_bayes(draw_scores: Draw) -> None:
    figures = measure(draw_scores(60, 90), **QUICK).figures
    sensitivity, specificity = figures["sensitivity"].value, figures["specificity"].value
    for prevalence in PREVALENCES:
        right, false = sensitivity * prevalence, (1 - specificity) * (1 - prevalence)
        percent = round(100 * prevalence)
        assert figures[f"ppv_at_{percent}"].value == pytest.approx(right / (right + false))
        sound, missed = specificity * (1 - prevalence), (1 - sensitivity) * prevalence
        assert figures[f"npv_at_{percent}"].value == pytest.approx(sound / (sound + missed))


def test_two_auroc_intervals_agree(draw_scores: Draw) -> None:
    figures = measure(draw_scores(150, 150, separation=0.7), resamples=1000, seed=1).figures
    by_formula, by_resampling = figures["auroc"], figures["auroc_bootstrap"]
    assert by_formula.method == "delong"
    assert by_resampling.low == pytest.approx(by_formula.low, abs=0.012)
    assert by_resampling.high == pytest.approx(by_formula.high, abs=0.012)


@pytest.mark.parametrize(
    ("positives", "negatives", "present", "absent"),
    [
        (40, 0, "sensitivity", "specificity"),
        (0, 40, "specificity", "sensitivity"),
        (40, LEAST_FILMS - 1, "sensitivity", "specificity"),
        (LEAST_FILMS - 1, 40, "specificity", "sensitivity"),
    ],
)
def test_one_class_gives_its_own_figure_alone(
    draw_scores: Draw, positives: int, negatives: int, present: str, absent: str
) -> None:
    stratum = measure(draw_scores(positives, negatives), **QUICK)
    assert present in stratum.figures
    for name in (absent, "auroc", "accuracy", "brier", "ppv_at_5"):
        assert name not in stratum.figures
    assert not stratum.has_both_classes
    assert (stratum.positives, stratum.negatives) == (positives, negatives)


def test_too_few_films_give_no_figure(draw_scores: Draw) -> None:
    stratum = measure(draw_scores(LEAST_FILMS - 1, LEAST_FILMS - 1), **QUICK)
    assert stratum.figures == {}
    assert stratum.films == 2 * (LEAST_FILMS - 1)


def test_exactly_enough_films_give_figures(draw_scores: Draw) -> None:
    assert measure(draw_scores(LEAST_FILMS, LEAST_FILMS), **QUICK).has_both_classes


def test_conclusive_figures_need_enough_conclusive_films(draw_scores: Draw) -> None:
    films = draw_scores(30, 30)
    films["outcome"] = "inconclusive"
    figures = measure(films, **QUICK).figures
    assert figures["inconclusive"].value == 1.0
    assert "conclusive_sensitivity" not in figures
    assert "conclusive_specificity" not in figures


def test_conclusive_figures_leave_the_inconclusive_out(draw_scores: Draw) -> None:
    films = draw_scores(50, 50, separation=1.0, seed=2)
    figures = measure(films, **QUICK).figures
    decided = films[films["outcome"].ne("inconclusive")]
    own = decided[decided["label"].eq("covid")]
    assert figures["conclusive_sensitivity"].n == len(own) < 50
    assert figures["conclusive_sensitivity"].value == own["outcome"].eq("positive").mean()
    own = decided[decided["label"].eq("nocovid")]
    assert figures["conclusive_specificity"].value == own["outcome"].eq("negative").mean()


def test_perfect_separation_has_intervals_that_do_not_collapse(draw_scores: Draw) -> None:
    figures = measure(draw_scores(30, 30, separation=8.0), **QUICK).figures
    for name in (
        "auroc",
        "sensitivity",
        "specificity",
        "accuracy",
        "sensitivity_at_90_specificity",
        "specificity_at_95_sensitivity",
        "ppv_at_5",
    ):
        assert figures[name].value == 1.0, name
        assert figures[name].low < 0.99, name
    assert math.isinf(figures["likelihood_ratio_positive"].value)
    assert math.isnan(figures["calibration_slope"].value)


def test_same_seed_same_figures(draw_scores: Draw) -> None:
    films = draw_scores(40, 40)
    assert measure(films, **QUICK) == measure(films, **QUICK)
    shuffled = films.sample(frac=1.0, random_state=3)
    assert measure(shuffled, **QUICK).figures["brier"].value == pytest.approx(
        measure(films, **QUICK).figures["brier"].value
    )


def test_patients_widen_the_intervals(draw_scores: Draw) -> None:
    films = draw_scores(60, 60, separation=0.8)
    once = measure(films, **QUICK)
    repeated = pd.concat([films] * 4, ignore_index=True)
    grouped = measure(repeated, **QUICK)
    alone = measure(repeated.assign(group=np.arange(len(repeated)).astype(str)), **QUICK)
    for name in ("auroc", "brier", "sensitivity", "accuracy"):
        width = {
            key: stratum.figures[name].high - stratum.figures[name].low
            for key, stratum in (("once", once), ("grouped", grouped), ("alone", alone))
        }
        assert width["grouped"] == pytest.approx(width["once"], rel=0.2), name
        assert width["alone"] < 0.65 * width["grouped"], name


def test_json_has_counts_and_figures(draw_scores: Draw) -> None:
    shown = measure(draw_scores(12, 14), "x", **QUICK).to_dict()
    assert (shown["films"], shown["positives"], shown["negatives"]) == (26, 12, 14)
    assert shown["patients"] == 13
    assert set(shown["figures"]["auroc"]) == {"value", "low", "high", "n", "method"}


def test_the_calibration_error_lies_within_its_interval(draw_scores: Draw) -> None:
    # Well calibrated and few: resampling lifts the error above the one observed.
    for seed in range(20):
        films = draw_scores(15, 15, separation=0.5, seed=seed)
        figure = measure(films, **QUICK).figures["calibration_error"]
        assert figure.low <= figure.value <= figure.high
