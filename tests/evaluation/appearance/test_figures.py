"""Figures of graded films against scikit-learn and hand counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from appearance_factory import CATEGORIES, graded_table
from covid_d.detector.appearance import Appearance
from covid_d.evaluation.appearance.figures import measure_graded, set_sizes


@pytest.fixture(scope="module")
def films() -> pd.DataFrame:
    return graded_table(50, films_per_patient=2, seed=3)


def test_areas_are_those_of_scikit_learn(films: pd.DataFrame) -> None:
    figures = measure_graded(films, resamples=100).figures
    pair = films[films["appearance"].isin(["negative", "typical"])]
    score = pair["typical"] / (pair["typical"] + pair["negative"])
    expected = roc_auc_score(pair["appearance"] == "typical", score)
    assert figures["auroc_typical"].value == pytest.approx(expected, abs=1e-12)
    assert figures["auroc_typical"].n == 100
    expected = roc_auc_score(films["appearance"] != "negative", 1 - films["negative"])
    assert figures["auroc_opacity"].value == pytest.approx(expected, abs=1e-12)
    expected = roc_auc_score(
        films["appearance"], films[sorted(CATEGORIES)], multi_class="ovr", average="macro"
    )
    assert figures["auroc_macro"].value == pytest.approx(expected, abs=1e-12)
    rest = [figures[f"auroc_{name}_rest"].value for name in CATEGORIES]
    assert np.mean(rest) == pytest.approx(expected, abs=1e-12)


def test_kappa_and_accuracy_are_those_of_scikit_learn(films: pd.DataFrame) -> None:
    figures = measure_graded(films, resamples=200).figures
    grades = films["appearance"].map(CATEGORIES.index).to_numpy()
    called = films[list(CATEGORIES)].to_numpy().argmax(axis=1)
    expected = cohen_kappa_score(grades, called, weights="quadratic")
    assert figures["kappa"].value == pytest.approx(expected, abs=1e-12)
    assert figures["kappa"].low < expected < figures["kappa"].high
    assert figures["accuracy"].value == pytest.approx(np.mean(grades == called))


def test_outcomes_and_sets_are_counted_by_hand(films: pd.DataFrame) -> None:
    figures = measure_graded(films, resamples=100).figures
    for name in CATEGORIES:
        own = films[films["appearance"] == name]
        for outcome in ("positive", "inconclusive", "negative"):
            share = figures[f"{outcome}_{name}"]
            assert share.value == pytest.approx((own["outcome"] == outcome).mean())
            assert share.n == 50
    total = sum(figures[f"set_of_{k}"].value for k in range(5))
    assert total == pytest.approx(1.0)
    assert figures["set_of_1"].value == pytest.approx((set_sizes(films) == 1).mean())


def test_an_empty_set_has_no_category() -> None:
    films = graded_table(1)
    films["conformal_set"] = ["", "negative", "negative|typical", "|".join(CATEGORIES)]
    assert set_sizes(films).tolist() == [0, 1, 2, 4]


def test_films_and_patients_are_both_counted(films: pd.DataFrame) -> None:
    stratum = measure_graded(films, "siim", resamples=100)
    assert (stratum.all.films, stratum.all.patients) == (200, 100)
    assert stratum.categories[Appearance.TYPICAL].to_dict() == {"films": 50, "patients": 25}
    assert stratum.to_dict()["categories"]["atypical"] == {"films": 50, "patients": 25}


def test_two_films_a_patient_widen_the_interval() -> None:
    alone = graded_table(60, seed=4)
    doubled = pd.concat([alone, alone], ignore_index=True)
    one = measure_graded(alone, resamples=400).figures
    two = measure_graded(doubled, resamples=400).figures
    for name in ("auroc_typical", "auroc_opacity", "kappa", "positive_typical"):
        width = one[name].high - one[name].low
        assert two[name].high - two[name].low == pytest.approx(width, rel=0.12), name


def test_too_few_films_of_a_category_give_no_figure() -> None:
    films = graded_table(20)
    few = films[(films["appearance"] != "atypical") | (films.index % 4 == 0)]
    figures = measure_graded(few, resamples=100).figures
    assert "auroc_typical" in figures
    assert {"kappa", "auroc_macro", "positive_atypical"}.isdisjoint(figures)
    no_negative = films[films["appearance"] != "negative"]
    figures = measure_graded(no_negative, resamples=100).figures
    assert {"auroc_typical", "auroc_opacity"}.isdisjoint(figures)


def test_a_model_that_only_ranks_gets_the_areas_alone() -> None:
    films = graded_table(30)
    films[["negative", "atypical", "indeterminate", "typical"]] = np.nan
    films["outcome"] = None
    films["conformal_set"] = None
    figures = measure_graded(films, resamples=100).figures
    assert set(figures) == {"auroc_opacity"}


def test_random_probabilities_are_worth_nothing() -> None:
    figures = measure_graded(graded_table(200, sharpness=0.0), resamples=200).figures
    for name in ("auroc_typical", "auroc_opacity", "auroc_macro"):
        assert figures[name].low <= 0.5 <= figures[name].high
    assert figures["kappa"].low <= 0 <= figures["kappa"].high
