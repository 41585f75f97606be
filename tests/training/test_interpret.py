from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from covid_d.training.data import VOCABULARY
from covid_d.training.interpret import ValidationAnswers, top_losses

# Columns: covid, nocovid. Films: covid right, covid wrong, other right, other wrong.
READING = ValidationAnswers(
    np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.99, 0.01]]), np.array([0, 0, 1, 1])
)
ROWS = pd.DataFrame({"path": list("abcd"), "source": ["s", "t", "s", "t"]})


def test_confusion_counts_actual_by_predicted() -> None:
    assert READING.confusion().tolist() == [[1, 1], [1, 1]]
    lopsided = ValidationAnswers(READING.probabilities, np.array([0, 0, 0, 1]))
    assert lopsided.confusion().tolist() == [[1, 2], [1, 0]]


def test_losses_are_cross_entropy() -> None:
    wanted = [-math.log(p) for p in (0.9, 0.2, 0.7, 0.01)]
    assert READING.losses == pytest.approx(wanted)


def test_certain_and_wrong_is_a_finite_loss() -> None:
    assert np.isfinite(ValidationAnswers(np.array([[1.0, 0.0]]), np.array([1])).losses).all()


def test_top_losses_worst_first_with_the_article_s_columns() -> None:
    worst = top_losses(READING, ROWS, VOCABULARY, count=3)
    assert list(worst["path"]) == ["d", "b", "c"]
    assert list(worst["prediction"]) == ["covid", "nocovid", "nocovid"]
    assert list(worst["actual"]) == ["nocovid", "covid", "nocovid"]
    assert list(worst["probability"]) == pytest.approx([0.01, 0.2, 0.7])
    assert worst["loss"].is_monotonic_decreasing


def test_fewer_films_than_asked_for() -> None:
    assert len(top_losses(READING, ROWS, VOCABULARY, count=9)) == 4


@pytest.mark.train
@pytest.mark.parametrize("stage", ["stage-1", "stage-2"])
def test_a_stage_s_folder_agrees_with_its_history(finished_run: Path, stage: str) -> None:
    facts = json.loads((finished_run / stage / "stage.json").read_text())
    counts = np.array(facts["confusion"])
    assert counts.sum() == 24
    kept = facts["kept"]
    assert 1 - np.trace(counts) / counts.sum() == pytest.approx(kept["error_rate"])
    assert counts[0, 0] / counts[0].sum() == pytest.approx(kept["sensitivity"])
    assert counts[1, 1] / counts[1].sum() == pytest.approx(kept["specificity"])
    history = pd.read_csv(finished_run / "history.csv")
    own = history[history["stage"] == int(stage[-1])]
    assert kept["valid_loss"] == pytest.approx(own["valid_loss"].min())
    worst = pd.read_csv(finished_run / stage / "top-losses.csv")
    assert len(worst) == 9
    assert np.allclose(worst["loss"], -np.log(worst["probability"]))
    assert worst["path"].str.startswith("validation/").all()
