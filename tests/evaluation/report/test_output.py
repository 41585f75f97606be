"""The folder: all files or none, tables that read back, plots that match the report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from covid_d.dataset.dataset import Dataset
from covid_d.detector.detector import Detector
from covid_d.errors import CovidDError
from covid_d.evaluation.evaluation import Evaluation
from covid_d.evaluation.report import output
from covid_d.evaluation.report.output import write_evaluation


def test_every_file_is_written_and_reads_back(
    phantom_evaluation: Evaluation,
    phantom_detector: Detector,
    phantom_dataset: Dataset,
    tmp_path: Path,
) -> None:
    out = tmp_path / "evaluation"
    write_evaluation(phantom_evaluation, phantom_detector, phantom_dataset, out, language="en")
    assert sorted(p.name for p in out.iterdir()) == [
        "metrics.json",
        "plots",
        "refused.csv",
        "report.html",
        "scores.csv",
    ]
    table = pd.read_csv(out / "scores.csv", keep_default_na=False)
    assert len(table) == 64
    assert table["probability"].tolist() == pytest.approx(
        phantom_evaluation.scores.films["probability"].tolist(), abs=0
    )
    assert pd.read_csv(out / "refused.csv")["code"].tolist() == ["blank"]
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert metrics == json.loads(json.dumps(phantom_evaluation.to_dict()))
    plots = sorted(p.stem for p in (out / "plots").iterdir())
    html = (out / "report.html").read_text(encoding="utf-8")
    # The names are those the report knows; each picture is in it.
    assert plots == [
        "confusion",
        "decision_curve",
        "precision_recall",
        "reliability",
        "roc",
        "scores_by_source",
        "worst_errors",
    ]
    assert html.count("data:image/png") == len(plots)


def test_an_existing_folder_is_kept_unless_told(
    phantom_evaluation: Evaluation,
    phantom_detector: Detector,
    phantom_dataset: Dataset,
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.txt").write_text("kept", encoding="utf-8")
    with pytest.raises(CovidDError, match="already exists"):
        write_evaluation(phantom_evaluation, phantom_detector, phantom_dataset, tmp_path)
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "kept"


def test_a_failure_leaves_nothing(
    phantom_evaluation: Evaluation,
    phantom_detector: Detector,
    phantom_dataset: Dataset,
    tmp_path: Path,
) -> None:
    gone = Dataset(tmp_path / "gone", phantom_dataset.manifest, phantom_dataset.record)
    with pytest.raises(CovidDError):
        write_evaluation(phantom_evaluation, phantom_detector, gone, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.iterdir()) == []


def test_without_both_classes_in_a_source_the_pool_is_drawn_alone(
    phantom_evaluation: Evaluation,
) -> None:
    bare: dict[str, Any] = {name: {} for name in phantom_evaluation.subgroups}
    curves = output._curves(replace(phantom_evaluation, headline=None, subgroups=bare))
    assert [stratum.name for stratum in curves] == ["pool"]
