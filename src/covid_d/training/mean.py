"""The mean of the weights of several runs: one network that answers much as all of them together.

Networks trained from the same first weights, with other seeds or other changes of the films, lie
close enough for the mean of their weights to be a network too, as a rule a better one, and no
slower than one of them.

Source: Wortsman et al. 2022, *Model soups: averaging weights of multiple fine-tuned models improves
accuracy without increasing inference time*, ICML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from fastai.learner import Learner

from covid_d.errors import TrainingError
from covid_d.language import N_, Text
from covid_d.training.recipes import Recipe
from covid_d.training.records import read_record
from covid_d.training.stages import stages_of

# What must be alike in the records of two runs, and how it is called.
_ALIKE = {
    "dataset": N_("data set"),
    "limit": N_("number of films"),
    "lungs": N_("lung model"),
    "preprocessing": N_("preparation of films"),
    "weights": N_("first weights"),
}
_NETWORK = ("target", "backbone", "head")


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run whose weights may be averaged with another's.

    Parameters
    ----------
    folder
        The run's.
    recipe
        It was trained by.
    """

    folder: Path
    recipe: Recipe

    @classmethod
    def alike(cls, folder: Path, record: Mapping[str, Any]) -> FinishedRun:
        """Return the run in a folder.

        Parameters
        ----------
        record
            ``run.json`` of the run that it is to be averaged with.

        Raises
        ------
        TrainingError
            If there is none, it is not finished, or it is of other films or another network.
        """
        other = read_record(folder)
        run = cls(folder, Recipe.model_validate(other["recipe"]))
        if not run.weights.is_file():
            raise TrainingError(
                N_("The run in %(run)s is not finished.", run=folder),
                N_("Finish it with covid-d train --resume."),
            )
        for key, called in _ALIKE.items():
            if _of(other, key) != _of(record, key):
                raise _unlike(folder, called)
        own = Recipe.model_validate(record["recipe"])
        if any(getattr(run.recipe, key) != getattr(own, key) for key in _NETWORK):
            raise _unlike(folder, N_("network"))
        if not own.pretrained and run.recipe.seed != own.seed:  # random ones, by the seed
            raise _unlike(folder, N_("first weights"))
        return run

    @property
    def weights(self) -> Path:
        """Where the weights of its last stage lie."""
        return self.folder / f"{stages_of(self.recipe)[-1].name}.pth"

    def load(self) -> dict[str, torch.Tensor]:
        """Return the weights of its last stage, by name.

        Raises
        ------
        TrainingError
            If they cannot be read.
        """
        try:
            found: dict[str, torch.Tensor] = torch.load(
                self.weights, map_location="cpu", weights_only=True
            )
        except Exception as error:  # unpicklers raise nearly everything
            raise TrainingError(
                N_("%(path)s cannot be read: %(error)s", path=self.weights, error=error),
                N_("Train that run again."),
            ) from error
        return found


def take_mean(learn: Learner, others: Sequence[FinishedRun]) -> None:
    """Set the weights of a Learner to the mean of its own and those of other runs.

    What counts steps stays the Learner's own. The others' recipes are kept as ``learn.averaged``.

    Raises
    ------
    TrainingError
        If weights cannot be read.
    """
    own = learn.model.state_dict()
    sums = {
        name: value.to("cpu", torch.float64)
        for name, value in own.items()
        if value.is_floating_point()
    }
    for run in others:
        weights = run.load()
        if {*weights} != {*own}:
            raise _unlike(run.folder, N_("network"))
        for name, value in sums.items():
            value += weights[name]
    learn.model.load_state_dict(
        {**own, **{name: value / (len(others) + 1) for name, value in sums.items()}}
    )
    learn.averaged = [run.recipe for run in others]


def _of(record: Mapping[str, Any], key: str) -> Any:
    """Return what a record says of its films; a data set is known by its hash, wherever it lies."""
    value = record.get(key)
    return value["sha256"] if key == "dataset" and value is not None else value


def _unlike(folder: Path, what: Text) -> TrainingError:
    return TrainingError(
        N_("The run in %(run)s differs from this one in: %(what)s.", run=folder, what=what),
        N_("Average runs that differ only in their seed and in how their films were changed."),
    )
