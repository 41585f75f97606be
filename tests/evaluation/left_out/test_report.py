"""Leaving sources out, told: publisher first, pairs labelled as confounded, JSON by its schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from covid_d.errors import CovidDError
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.left_out.leave_one_out import ExperimentResult, HeldOutKind
from covid_d.evaluation.left_out.report import HeldOutReport, write_held_out

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs/schema/leave-one-out.schema.json").read_text(
        encoding="utf-8"
    )
)


@pytest.fixture
def report() -> HeldOutReport:
    area = Estimate(0.61, 0.52, 0.70, 160, "delong")
    share = Estimate(0.8, 0.7, 0.88, 100, "wilson")
    results = [
        ExperimentResult(
            "cohen/radiopaedia.org", HeldOutKind.PUBLISHER, 88, 72, 120, 700, 1600, {"auroc": area}
        ),
        ExperimentResult(
            "cxnet", HeldOutKind.SOURCE, 475, 0, 470, 300, 1700, {"sensitivity": share}
        ),
        ExperimentResult("alone", HeldOutKind.SOURCE, 475, 0, 470, 0, 1700, {}),
        ExperimentResult(
            "cxnet + rsna", HeldOutKind.PAIR, 475, 875, 1300, 300, 900, {"auroc": area}
        ),
    ]
    return HeldOutReport(results, "light", "a network", "b" * 64, 2000, 7)


def test_json_is_valid(report: HeldOutReport) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(report.to_dict())))


def test_the_publisher_comes_first_and_pairs_are_called_confounded(
    report: HeldOutReport,
) -> None:
    html = report.page("es").to_html()
    assert html.index("la cifra que cuenta") < html.index("Por fuente excluida")
    assert "NO son medidas de la enfermedad" in html
    assert "0,61 (0,52–0,70)" in html
    assert "do NOT measure the disease" in report.page("en").to_html()


def test_what_could_not_be_measured_says_why(report: HeldOutReport) -> None:
    rows = {row[0]: row for row in report.table(HeldOutKind.SOURCE, "en").rows}
    assert "both classes are not left for training" in str(rows["alone"][-1])
    assert rows["alone"][3:7] == ["–"] * 4
    assert rows["cxnet"][5] == "80% (70–88)"


def test_kinds_without_results_have_no_section(report: HeldOutReport) -> None:
    only = HeldOutReport(report.results[1:2], "full", "default", "b" * 64, 2000, 7)
    page = only.page("en")
    assert len(page.sections) == 2
    assert "the whole recipe default" in page.sections[0].paragraphs[1]


def test_files_read_back(report: HeldOutReport, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_held_out(report, out, language="en")
    table = pd.read_csv(out / "leave-one-out.csv")
    assert table["figure"].tolist() == ["auroc", "sensitivity", "auroc"]
    assert table["value"].tolist() == [0.61, 0.8, 0.61]
    found = json.loads((out / "leave-one-out.json").read_text(encoding="utf-8"))
    assert found == report.to_dict()
    assert (out / "report.html").is_file()
    with pytest.raises(CovidDError, match="already exists"):
        write_held_out(report, out)
    write_held_out(report, out, overwrite=True)
