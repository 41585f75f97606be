"""Outside evidence: called what at the shipped thresholds, told apart within a source."""

from __future__ import annotations

import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from appearance_factory import graded_table, outside_table
from covid_d.evaluation.appearance.outside import measure_outside
from covid_d.evaluation.appearance.table import Finding


@pytest.fixture(scope="module")
def films() -> pd.DataFrame:
    return pd.concat(
        [
            graded_table(20),
            outside_table("rsna", "Normal", 0, 90, projection="PA"),
            outside_table("nih", "No Finding", 0, 40, seed=1, projection="PA"),
            outside_table("nih", "Pneumonia", 2, 35, seed=2, projection="AP"),
            outside_table("cohen", "COVID-19", 3, 25, seed=3),
            outside_table("cohen", "SARS", 1, 4, seed=4),
        ],
        ignore_index=True,
    )


def test_rows_are_counted_by_hand(films: pd.DataFrame) -> None:
    found = {source.name: source for source in measure_outside(films)}
    assert list(found) == ["rsna", "nih", "cohen"]  # largest first; graded films are left out
    row = found["rsna"].row(Finding.NORMAL)
    assert row is not None
    own = films[films["source"] == "rsna"]
    positives = int((own["outcome"] == "positive").sum())
    share = row.figures["positive"]
    assert share.value == pytest.approx(positives / 90)
    expected = binomtest(positives, 90).proportion_ci(method="wilson")
    assert (share.low, share.high) == pytest.approx((expected.low, expected.high), abs=1e-3)
    assert (row.count.films, row.count.patients) == (90, 90)
    assert found["rsna"].row(Finding.COVID) is None
    assert sum(figure.value for figure in row.figures.values()) == pytest.approx(1)


def test_told_apart_within_the_source(films: pd.DataFrame) -> None:
    found = {source.name: source for source in measure_outside(films)}
    own = films[films["source"] == "nih"]
    expected = roc_auc_score(own["finding"] == "Pneumonia", own["opacity"])
    assert found["nih"].figures["auroc_opacity_other_normal"].value == pytest.approx(expected)
    assert found["nih"].figures["auroc_opacity_other_normal"].n == 75
    assert found["rsna"].figures == {}
    assert found["cohen"].figures == {}  # only four films that are not of COVID-19


def test_few_films_are_counted_and_given_no_share(films: pd.DataFrame) -> None:
    cohen = next(source for source in measure_outside(films) if source.name == "cohen")
    row = cohen.row(Finding.OTHER)
    assert row is not None
    assert row.count.films == 4
    assert row.figures == {}
    assert cohen.to_dict()["findings"]["other"] == {"films": 4, "patients": 4, "figures": {}}


def test_by_projection(films: pd.DataFrame) -> None:
    found = {part.name: part for part in measure_outside(films, "projection")}
    assert set(found) == {"PA", "AP", "unknown"}
    assert [row.finding for row in found["PA"].rows] == [Finding.NORMAL]
    assert found["PA"].rows[0].count.films == 130


def test_without_outcomes_only_the_ranks_are_judged(films: pd.DataFrame) -> None:
    found = {s.name: s for s in measure_outside(films.assign(outcome=None))}
    assert found["nih"].rows[0].figures == {}
    assert "auroc_opacity_other_normal" in found["nih"].figures


def test_films_of_which_nothing_is_known_are_no_evidence() -> None:
    assert measure_outside(outside_table("else", "", 0, 30)) == ()
