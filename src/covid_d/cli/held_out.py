"""Glue for ``covid-d evaluate --leave-one-source-out``: training's networks, evaluation's protocol.

The two rooms do not know each other; only the command line knows both.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import Split
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.bundle.contents import SUMS
from covid_d.detector.detector import Detector
from covid_d.errors import EvaluationError
from covid_d.evaluation.figures.estimate import FloatArray
from covid_d.evaluation.left_out.leave_one_out import SPECIFICITY, positive_films, threshold_at
from covid_d.evaluation.scores import answer
from covid_d.language import N_
from covid_d.training.recipes import RECIPES, Recipe
from covid_d.training.records import RECORD
from covid_d.training.run import train


def recipe_named(name: str) -> Recipe:
    """Return a recipe.

    Raises
    ------
    EvaluationError
        If there is none of that name.
    """
    if name not in RECIPES:
        raise EvaluationError(
            N_("There is no recipe %(name)r.", name=name),
            N_("Use one of %(recipes)s.", recipes=", ".join(RECIPES)),
        )
    return RECIPES[name]


@dataclass(frozen=True, slots=True, eq=False)
class RecipeFit:
    """Trains the whole recipe; a :class:`covid_d.evaluation.left_out.leave_one_out.Fit`.

    Parameters
    ----------
    dataset
        The data set.
    recipe
        What is trained.
    folder
        Where runs are kept; one that was killed continues, a finished one is not repeated.
    """

    dataset: Dataset
    recipe: Recipe
    folder: Path

    def __call__(self, films: pd.DataFrame, name: str) -> FittedBundle:
        """Train on the rows ``films``; those of the validation split choose the threshold."""
        part = self._part(films, name)
        run = self.folder / re.sub(r"[^A-Za-z0-9.-]+", "-", name)
        bundle = run / "bundle"
        if not (bundle / SUMS).is_file():
            bundle = train(
                part,
                run,
                self.recipe,
                cache=self.folder / "films",
                resume=(run / RECORD).is_file(),
                command="covid-d evaluate --leave-one-source-out --mode full",
                gate=False,  # what is asked for is a score of every film
            )
        loaded = Bundle.load(bundle)
        if loaded.spec.training.dataset_sha256 != part.sha256:
            raise EvaluationError(
                N_("%(run)s holds a run on other films.", run=run),
                N_("Choose another --cache folder."),
            )
        detector = Detector(loaded)
        validation = part.films(Split.VALIDATION)
        scores = _scores(detector, self.dataset, validation)
        return FittedBundle(
            self.dataset,
            detector,
            threshold_at(scores, positive_films(validation), SPECIFICITY),
        )

    def _part(self, films: pd.DataFrame, name: str) -> Dataset:
        # Nothing is judged on the test split here: its films are trained on.
        split = films["split"].where(films["split"].ne(Split.TEST.value), Split.TRAIN.value)
        digest = hashlib.sha256(f"{self.dataset.sha256}\n{name}\n".encode())
        digest.update("\n".join(films["sha256"]).encode())
        record = {**self.dataset.record, "sha256": digest.hexdigest()}
        return Dataset(self.dataset.folder, films.assign(split=split), record)


@dataclass(frozen=True, slots=True, eq=False)
class FittedBundle:
    """A trained bundle.

    Parameters
    ----------
    dataset
        Where the films are.
    detector
        The bundle, loaded.
    threshold
        Probability from which a film is called positive.
    """

    dataset: Dataset
    detector: Detector
    threshold: float

    def score(self, films: pd.DataFrame) -> FloatArray:
        """Return the probability of each row."""
        return _scores(self.detector, self.dataset, films)


def _scores(detector: Detector, dataset: Dataset, films: pd.DataFrame) -> FloatArray:
    answers = answer(detector, [dataset.folder / path for path in films["path"]])
    refused = answers["code"].ne("")
    if refused.any():
        raise EvaluationError(
            N_(
                "%(refused)s films were refused (first: %(path)s).",
                refused=int(refused.sum()),
                path=films["path"].iloc[int(np.argmax(refused))],
            ),
            N_("Build the data set without them, or use --mode light."),
        )
    return answers["probability"].to_numpy(dtype=np.float64)
