"""The notebook's view of an evaluation: the same figures, pictures that show themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

import covid_d
from covid_d.dataset.dataset import Dataset
from covid_d.detector.detector import Detector
from covid_d.errors import EvaluationError
from covid_d.evaluation import Interpretation
from covid_d.evaluation.evaluation import Evaluation
from covid_d.evaluation.report.texts import FIGURES


@pytest.fixture(scope="module")
def report(phantom_detector: Detector, phantom_dataset: Dataset) -> Interpretation:
    return Interpretation.of(
        phantom_detector.bundle, phantom_dataset, resamples=200, language="es", progress=False
    )


def test_it_measures_what_evaluate_measures(
    report: Interpretation, phantom_evaluation: Evaluation
) -> None:
    assert report.evaluation.to_dict() == phantom_evaluation.to_dict()
    assert len(report.films) == len(phantom_evaluation.scores.films)


@pytest.mark.parametrize(
    "plot", ["plot_confusion_matrix", "plot_top_losses", "plot_reliability", "plot_scores"]
)
def test_every_plot_is_a_picture_that_shows_itself(report: Interpretation, plot: str) -> None:
    picture = getattr(report, plot)()
    assert isinstance(picture, Image.Image)
    assert picture.mode == "RGB"
    assert picture._repr_png_()
    assert picture.tobytes() == getattr(report, plot)().tobytes()


def test_fewer_losses_make_a_smaller_picture(report: Interpretation) -> None:
    one, nine = report.plot_top_losses(1), report.plot_top_losses(9)
    assert one is not None
    assert nine is not None
    assert one.height < nine.height


def test_no_error_no_picture(report: Interpretation) -> None:
    # The bundle answers by brightness alone; these two it gets right.
    films = report.films
    right = films[(films["probability"] > 0.5) == films["label"].eq("covid")]
    kept = report.evaluation.scores.films.drop(films.index.difference(right.index))
    object.__setattr__(report.evaluation.scores, "films", kept)
    try:
        assert report.plot_top_losses() is None
    finally:
        object.__setattr__(report.evaluation.scores, "films", films)


def test_the_table_has_every_source_and_ends_with_the_pool(report: Interpretation) -> None:
    table = report.table()
    assert {"north", "south", "east"} <= set(table.index)
    assert int(table["Con COVID-19"].iloc[-1]) == 26
    assert int(table["Sin COVID-19"].iloc[-1]) == 38
    assert table.loc["south", FIGURES["auroc"].es] == "–"  # one class only
    assert "(" in str(table.loc["north", FIGURES["auroc"].es])  # with its interval


def test_a_notebook_leads_with_the_verdict_and_the_worst_source(report: Interpretation) -> None:
    html = report._repr_html_()
    worst = report.evaluation.headline
    assert worst is not None
    assert worst.name in html.split("<table")[0]
    assert "demostración" in html.split("<table")[0].lower()
    assert repr(report) == f"Interpretation({report.evaluation.scores.bundle.name} 1.0, 64 films)"


def test_save_writes_what_evaluate_writes(report: Interpretation, tmp_path: Path) -> None:
    folder = report.save(tmp_path / "report")
    assert (folder / "report.html").is_file()
    assert json.loads((folder / "metrics.json").read_text()) == report.evaluation.to_dict()
    assert (folder / "plots" / "confusion.png").is_file()


def test_a_split_without_films_is_an_error(
    phantom_dataset: Dataset, phantom_detector: Detector
) -> None:
    with pytest.raises(EvaluationError, match="no films in split"):
        Interpretation.of(phantom_detector.bundle, phantom_dataset, "train", progress=False)


def test_it_is_at_the_door() -> None:
    assert covid_d.Interpretation is Interpretation
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = covid_d.evaluation.nothing_like_it
