"""Leaving sources out where nothing could be measured: what is written still reads back."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.left_out.leave_one_out import ExperimentResult, HeldOutKind
from covid_d.evaluation.left_out.report import HeldOutReport, write_held_out
from covid_d.language import Language

COLUMNS = [
    "name", "kind", "positives", "negatives", "patients", "figure", "value", "low", "high", "n",
    "method",
]  # fmt: skip


def _report(*results: ExperimentResult, mode: str = "light") -> HeldOutReport:
    return HeldOutReport(results, mode, "a network", "b" * 64, 2000, 7)


def _alone(kind: HeldOutKind = HeldOutKind.SOURCE, **figures: Estimate) -> ExperimentResult:
    return ExperimentResult("cohen", kind, 40, 0, 38, 0, 170, figures)


@pytest.mark.parametrize("results", [(), (_alone(),)], ids=["no experiment", "no figure"])
def test_a_table_without_figures_has_its_header(
    results: tuple[ExperimentResult, ...], tmp_path: Path
) -> None:
    write_held_out(_report(*results), tmp_path / "out")
    found = pd.read_csv(tmp_path / "out" / "leave-one-out.csv")
    assert list(found.columns) == COLUMNS
    assert len(found) == 0


def test_one_row_a_figure_in_the_same_columns() -> None:
    share = Estimate(0.8, 0.7, 0.88, 40, "wilson")
    found = _report(_alone(sensitivity=share), _alone()).to_frame()
    assert list(found.columns) == COLUMNS
    assert found.iloc[0].tolist() == [
        "cohen", "source", 40, 0, 38, "sensitivity", 0.8, 0.7, 0.88, 40, "wilson",
    ]  # fmt: skip


def test_a_figure_that_is_not_defined_is_null_in_json(tmp_path: Path) -> None:
    unknown = Estimate(float("nan"), float("nan"), float("inf"), 40, "delong")
    write_held_out(_report(_alone(auroc=unknown)), tmp_path / "out")
    text = (tmp_path / "out" / "leave-one-out.json").read_text(encoding="utf-8")
    (told,) = json.loads(text)["results"]
    assert told["figures"]["auroc"] == {
        "value": None, "low": None, "high": None, "n": 40, "method": "delong",
    }  # fmt: skip
    assert told["source_confounded"] is False


@pytest.mark.parametrize(
    ("language", "mode", "said"),
    [
        ("es", "light", "regresión logística sobre las características fijas de a network"),
        ("en", "light", "logistic regression on frozen features of a network"),
        ("es", "full", "la receta a network entera"),
        ("en", "full", "the whole recipe a network"),
    ],
)
def test_each_mode_is_told_in_each_language(language: Language, mode: str, said: str) -> None:
    page = _report(_alone(), mode=mode).page(language)
    assert said in page.to_html()
    assert page.language == language


def test_only_a_pair_is_called_confounded() -> None:
    told = _report(*(_alone(kind) for kind in HeldOutKind)).to_dict()["results"]
    assert {one["kind"]: one["source_confounded"] for one in told} == {
        "source": False,
        "publisher": False,
        "pair": True,
    }


def test_each_table_has_the_results_of_its_kind_alone() -> None:
    report = _report(
        ExperimentResult("north", HeldOutKind.SOURCE, 40, 0, 38, 20, 170, {}),
        ExperimentResult("north/a.org", HeldOutKind.PUBLISHER, 30, 9, 38, 20, 170, {}),
        ExperimentResult("north + south", HeldOutKind.PAIR, 40, 50, 38, 20, 170, {}),
    )
    names = {kind: [row[0] for row in report.table(kind, "es").rows] for kind in HeldOutKind}
    assert names == {
        HeldOutKind.SOURCE: ["north"],
        HeldOutKind.PUBLISHER: ["north/a.org"],
        HeldOutKind.PAIR: ["north + south"],
    }
