"""Looking at a stage: confusion matrix, top losses, curves, on the validation split."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from fastai.learner import Learner

from covid_d.dataset.manifest import Split
from covid_d.files import atomic_folder
from covid_d.html_report import png_of
from covid_d.training import figures
from covid_d.training.checkpoint import RunProgress
from covid_d.training.data import classes_of
from covid_d.training.recipes import Recipe

_TOP = 9


@dataclass(frozen=True, slots=True, eq=False)
class ValidationAnswers:
    """What a network answers on the validation films.

    Parameters
    ----------
    probabilities
        float64, n x K, in the order of the recipe's classes; not calibrated.
    truth
        int, n: index of the true class.
    """

    probabilities: npt.NDArray[np.float64]
    truth: npt.NDArray[np.int64]

    @property
    def answers(self) -> npt.NDArray[np.int64]:
        """The likelier class of each film."""
        answers: npt.NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return answers

    @property
    def losses(self) -> npt.NDArray[np.float64]:
        """Cross-entropy of each film, whatever loss the network was trained with."""
        actual = self.probabilities[np.arange(len(self.truth)), self.truth]
        losses: npt.NDArray[np.float64] = -np.log(np.clip(actual, 1e-12, 1.0))
        return losses

    def confusion(self) -> npt.NDArray[np.int64]:
        """Return the K x K counts, rows true, columns answered."""
        classes = self.probabilities.shape[1]
        counts = np.zeros((classes, classes), dtype=np.int64)
        np.add.at(counts, (self.truth, self.answers), 1)
        return counts


def validation_rows(learn: Learner) -> pd.DataFrame:
    """Return the manifest's rows of the validation films, in the loader's order."""
    rows: pd.DataFrame = learn.dls.films
    return rows[rows["split"] == Split.VALIDATION.value].reset_index(drop=True)


def read_validation(learn: Learner) -> ValidationAnswers:
    """Answer every validation film."""
    with learn.no_bar():
        probabilities, truth = learn.get_preds(ds_idx=1)
    return ValidationAnswers(probabilities.double().numpy(), truth.long().numpy())


def top_losses(
    reading: ValidationAnswers, rows: pd.DataFrame, classes: Sequence[str], count: int = _TOP
) -> pd.DataFrame:
    """Return the films answered worst: the article's prediction, actual, loss, probability.

    ``probability`` is of the actual class; ``index`` counts validation films.
    """
    worst = np.argsort(-reading.losses, kind="stable")[:count]
    return pd.DataFrame(
        {
            "index": worst,
            "path": rows["path"].to_numpy()[worst],
            "source": rows["source"].to_numpy()[worst],
            "prediction": [classes[i] for i in reading.answers[worst]],
            "actual": [classes[i] for i in reading.truth[worst]],
            "loss": reading.losses[worst],
            "probability": reading.probabilities[worst, reading.truth[worst]],
        }
    )


def interpret(
    learn: Learner, recipe: Recipe, progress: RunProgress, folder: Path
) -> ValidationAnswers:
    """Write a stage's pictures and tables into ``folder``, whole or not at all.

    ``confusion.png``, ``top-losses.png``, ``curves.png``, ``top-losses.csv`` and ``stage.json``
    (confusion counts, the kept epoch's record).
    """
    reading, rows = read_validation(learn), validation_rows(learn)
    classes = classes_of(recipe)
    worst = top_losses(reading, rows, classes)
    films = [film_of(learn, int(index)) for index in worst["index"]]
    epochs = [record for record in progress.epochs if record["stage"] == progress.stage]
    steps = [record for record in progress.steps if record["stage"] == progress.stage]
    kept = epochs[progress.best["epoch"] - 1] if progress.best else epochs[-1]
    with atomic_folder(folder, overwrite=True) as work:
        pictures = {
            "confusion": figures.confusion_matrix(reading.confusion(), classes),
            "top-losses": figures.top_losses(films, worst),
            "curves": figures.curves(steps, epochs),
        }
        for name, figure in pictures.items():
            (work / f"{name}.png").write_bytes(png_of(figure))
        worst.to_csv(work / "top-losses.csv", index=False, lineterminator="\n")
        facts: dict[str, Any] = {"confusion": reading.confusion().tolist(), "kept": kept}
        (work / "stage.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return reading


def film_of(learn: Learner, index: int) -> npt.NDArray[np.uint8]:
    """Return a validation film as it was standardised, uint8 S x S."""
    film, _ = learn.dls.valid_ds[index]
    grey: npt.NDArray[np.uint8] = np.asarray(film)[0]
    return grey
