"""Tables as CSV and JSON: estimates in four columns, hidden cells hidden, no formulas."""

from __future__ import annotations

import csv
import io
from datetime import date

import numpy as np

from covid_d.clinic.statistics.table import HIDDEN, Column, FigureTable, to_csv, to_json
from covid_d.evaluation.figures.intervals import proportion
from covid_d.language import N_

ESTIMATE = proportion(np.array([True] * 8 + [False] * 2), np.arange(10))
TABLE = FigureTable(
    "t",
    N_("Cases"),
    (
        Column("name", N_("Reason")),
        Column("day", N_("Day"), "day"),
        Column("cases", N_("Cases"), "count"),
        Column("share", N_("Positive"), "share"),
    ),
    [
        ("=HYPERLINK(1)", date(2026, 11, 1), 12, ESTIMATE),
        (N_("Positive"), None, HIDDEN, None),
        ('Quito, "Sur"', None, 0, HIDDEN),
    ],
)


def _rows(language: str = "es") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(TABLE, language))))  # type: ignore[arg-type]


def test_csv() -> None:
    first, second, third = _rows()
    assert first == {
        "name": "'=HYPERLINK(1)", "day": "2026-11-01", "cases": "12", "share": "0.8000",
        "share_low": f"{ESTIMATE.low:.4f}", "share_high": f"{ESTIMATE.high:.4f}", "share_n": "10",
    }  # fmt: skip
    assert (second["name"], second["cases"], second["share"]) == ("Positivo", "*", "")
    assert (third["name"], third["cases"], third["share"]) == ('Quito, "Sur"', "0", "*")


def test_json() -> None:
    found = to_json(TABLE, "en")
    assert found["headers"]["cases"] == "Cases"
    assert found["rows"][0]["share"]["n"] == 10
    assert found["rows"][1] == {"name": "Positive", "day": None, "cases": None, "share": None}
