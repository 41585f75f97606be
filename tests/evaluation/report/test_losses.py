"""The worst errors: only wrong answers, worst first, with where the model looked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from covid_d.dataset.dataset import Dataset
from covid_d.detector.detector import Detector
from covid_d.evaluation.report.losses import draw, losses, worst
from covid_d.evaluation.scores import Scores
from covid_d.html_report import png_of


def test_loss_is_minus_log_of_the_truths_probability() -> None:
    films = pd.DataFrame({"label": ["covid", "nocovid"], "probability": [0.2, 0.9]})
    assert losses(films) == pytest.approx([-np.log(0.2), -np.log(0.1)])


def test_certainty_of_the_opposite_is_survived() -> None:
    films = pd.DataFrame({"label": ["covid", "nocovid"], "probability": [0.0, 1.0]})
    assert np.isfinite(losses(films)).all()


def test_only_wrong_answers_worst_first() -> None:
    films = pd.DataFrame(
        {
            "path": ["a", "b", "c", "d"],
            "label": ["covid", "nocovid", "covid", "nocovid"],
            "probability": [0.4, 0.9, 0.8, 0.1],
        }
    )
    assert worst(films)["path"].tolist() == ["b", "a"]
    assert worst(films, top=1)["path"].tolist() == ["b"]


def test_the_picture_shows_each_film_under_its_activation(
    phantom_scores: Scores, phantom_detector: Detector, phantom_dataset: Dataset
) -> None:
    films = phantom_scores.films.head(4)
    figure = draw(phantom_detector, phantom_dataset.folder, films, "es")
    assert figure is not None
    drawn = [axes for axes in figure.axes if axes.images]
    assert len(drawn) == 4
    assert all(len(axes.images) == 2 for axes in drawn)
    assert "Con COVID-19\nel modelo dice" in drawn[0].get_title()
    assert "north" in drawn[0].get_title()
    assert png_of(figure).startswith(b"\x89PNG")


def test_no_error_no_picture(phantom_detector: Detector, phantom_dataset: Dataset) -> None:
    nothing = pd.DataFrame(columns=["path", "label", "probability", "source"])
    assert draw(phantom_detector, phantom_dataset.folder, nothing, "en") is None
