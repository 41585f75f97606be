"""The national report: its figures by hand, its files, and what it says of who sent them."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit

from covid_d.clinic.federation.merge import merge, read
from covid_d.clinic.federation.page import files, html
from covid_d.clinic.federation.report import NationalReport, make, share
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.figures.intervals import wilson
from covid_d.evaluation.figures.meta import random_effects
from federation_factory import BUNDLE, OTHER, block, sent

DRIFT = {
    "bundle": BUNDLE, "unit": "Hospital", "month": "2026-10", "alarms": ["scores", "refusals"],
    "distance": 0.4, "p_scores": 0.0001, "p_refused": None,
}  # fmt: skip
CLINICS = (
    sent("Uno", [block((80, 20, 10), (10, 90, 10))]),
    sent("Dos", [block((30, 20, 5), (12, 48, 0))], drift=[DRIFT]),
    sent("Tres", [block((45, 5, 0), (30, 170, 20)), block((5, 5, 5), (6, 6, 6), bundle=OTHER)]),
    sent("Cuatro", [block((6, None, None), (5, 5, 5))]),
)


@pytest.fixture(scope="module")
def report() -> NationalReport:
    return make(merge([read(one, "file") for one in CLINICS]))


def _row(report: NationalReport, table: str, first: str) -> dict[str, Any]:
    found = report.tables[table]
    names = [column.name for column in found.columns]
    rows = [dict(zip(names, row, strict=True)) for row in found.rows]
    return next(row for row in rows if str(row[names[0]]).startswith(first))


def _text(cell: Any) -> str:
    return str(cell.in_language("en"))


def test_a_share_needs_cases() -> None:
    assert share(5, 9) is None
    found = share(5, 10)
    assert found is not None
    assert (found.low, found.high) == wilson(5, 10)


def test_clinics(report: NationalReport) -> None:
    one = _row(report, "clinics", "Uno")
    assert (one["with_covid"], one["without_covid"], one["inconclusive"]) == (110, 110, 20)
    assert one["sensitivity"].value == pytest.approx(0.8)
    assert one["specificity"].value == pytest.approx(0.9)
    last = _row(report, "clinics", "Cuatro")
    assert (last["with_covid"], last["hidden"]) == (0, 1)
    assert last["sensitivity"] is None
    assert last["specificity"].n == 10


def test_pooled_by_hand(report: NationalReport) -> None:
    rows = {_text(row[0]): row for row in report.tables["pooled"].rows}
    row = rows["Sensitivity, conclusive answers"]
    assert row[1].value == pytest.approx(155 / 200)  # type: ignore[union-attr]
    hits, misses = np.array([30.0, 45.0, 80.0]), np.array([20.0, 5.0, 20.0])
    found = random_effects(np.log(hits / misses), 1 / hits + 1 / misses)
    middle = row[2]
    assert isinstance(middle, Estimate)
    assert middle.value == pytest.approx(expit(found.mean))
    assert middle.low == pytest.approx(expit(found.low))
    assert row[3] == pytest.approx(expit(found.predict_low))
    assert row[4] == pytest.approx(expit(found.predict_high))
    assert row[8] == 3, "the clinic that hides its answers is not among them"
    assert logit(middle.value) == pytest.approx(found.mean)
    of_all = rows["Sensitivity, inconclusive counted as missed"]
    assert of_all[1].value == pytest.approx(155 / 215)  # type: ignore[union-attr]
    assert rows["Specificity, conclusive answers"][8] == 4


def test_models_are_apart_and_the_most_used_is_judged(report: NationalReport) -> None:
    assert report.bundle == BUNDLE
    assert [row[1] for row in report.tables["models"].rows] == [215, 15]
    other = make(report.merged, OTHER)
    assert other.bundle == OTHER
    assert [row[0] for row in other.tables["clinics"].rows] == ["Tres"]
    assert make(report.merged, "unknown").bundle == BUNDLE


def test_who_drifts_comes_first(report: NationalReport) -> None:
    (row,) = report.tables["drift"].rows
    assert row[0] == "Dos"
    assert _text(row[4]) == "scores and films not analysed"
    assert row[7] is None


def test_one_clinic_has_no_interval_and_no_diamond() -> None:
    alone = make(merge([read(CLINICS[0], "file")]))
    row = alone.tables["pooled"].rows[0]
    assert row[2] is None
    assert row[3] is None
    assert math.isnan(alone.pooled["sensitivity"][0].low)
    assert "<polygon" not in alone.plots("en")["sensitivity"]


def test_nothing_sent_is_an_empty_report() -> None:
    empty = make(merge([read(sent("Uno", []), "file")]))
    assert empty.plots("es") == {}
    assert empty.tables["pooled"].rows == []
    assert "Nothing to show yet." in html(empty, "en")


@pytest.mark.parametrize("language", ["es", "en"])
def test_files(report: NationalReport, language: Any) -> None:
    made = dict(files(report, language))
    assert set(made) == {"report.html", "report.json", *(f"{name}.csv" for name in report.tables)}
    page = made["report.html"]
    assert page.count("<svg") == 2
    assert "src=" not in page, "one page that needs no other"
    assert f'lang="{language}"' in page
    assert ("Sensibilidad" in page) == (language == "es")
    told = json.loads(made["report.json"])
    assert [one["clinic"] for one in told["clinics"]] == ["Cuatro", "Dos", "Tres", "Uno"]
    assert told["unknown_keys"] == ["Cuatro", "Dos", "Tres", "Uno"]
    assert told["tables"]["clinics"]["rows"][0]["hidden"] == 1
    rows = list(csv.DictReader(io.StringIO(made["clinics.csv"])))
    assert rows[3]["clinic"] == "Uno"
    assert float(rows[3]["sensitivity"]) == pytest.approx(0.8)
    assert rows[3]["sensitivity_n"] == "100"


def test_names_of_clinics_cannot_write_the_page() -> None:
    odd = block((80, 20, 10), (10, 90, 10), unit="<img src=x>")
    evil = sent("<script>alert(1)</script>", [odd])
    page = html(make(merge([read(evil, "file")])), "en")
    assert "<script>" not in page
    assert "<img" not in page
