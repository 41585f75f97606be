"""What a run needs to go on after a kill: written whole after every epoch."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from fastai.learner import Learner
from fastcore.foundation import L

from covid_d.errors import TrainingError
from covid_d.files import write_atomically
from covid_d.language import N_
from covid_d.training.group import bare

_FORMAT = 1


@dataclass(slots=True)
class RunProgress:
    """How far a run has come.

    Parameters
    ----------
    stage, epoch
        The stage under way (1 or 2) and how many of its epochs are done.
    epochs
        One record an epoch: stage, epoch, losses, metrics, seconds.
    steps
        One record a batch: stage, learning rate, smoothed loss.
    best
        Of the stage under way, when the recipe keeps the best: ``loss``, ``epoch``, ``model``.
    average
        Of the stage under way, when the recipe averages weights: the average.
    """

    stage: int = 1
    epoch: int = 0
    epochs: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Any] | None = None
    average: dict[str, torch.Tensor] | None = None

    def begin(self, stage: int) -> None:
        """Go to the start of ``stage`` unless the run is within it already."""
        if self.stage != stage:
            self.stage, self.epoch, self.best, self.average = stage, 0, None, None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One file that holds weights, optimiser, position and history of a run.

    Random states are not kept: every epoch's are a function of (seed, stage, epoch), see
    :class:`~covid_d.training.callbacks.SeededEpochs`. The schedule's position follows from the
    epoch.

    Parameters
    ----------
    path
        The file.
    fingerprint
        Of recipe and films; a checkpoint of another run is refused.
    """

    path: Path
    fingerprint: str

    def save(self, learn: Learner, progress: RunProgress) -> None:
        """Write the state of a run, replacing the earlier one as a whole."""
        smooth = learn.recorder.smooth_loss
        content = {
            "format": _FORMAT,
            "fingerprint": self.fingerprint,
            "progress": {
                "stage": progress.stage,
                "epoch": progress.epoch,
                "epochs": progress.epochs,
                "steps": progress.steps,
                "best": progress.best,
                "average": progress.average,
            },
            "model": bare(learn.model).state_dict(),
            "optimiser": _plain_optimiser(learn),
            # A plain number: fastai's own tensor type would not load without running its code.
            "smooth_loss": {"val": float(smooth.val), "count": smooth.count},
        }
        buffer = io.BytesIO()
        torch.save(content, buffer)
        write_atomically(self.path, buffer.getvalue())

    def load(self, learn: Learner) -> tuple[RunProgress, dict[str, Any]]:
        """Fill ``learn``'s weights; return the progress and the state :func:`restore` needs.

        Raises
        ------
        TrainingError
            If the file is damaged or of another run.
        """
        try:
            content = torch.load(self.path, map_location="cpu", weights_only=True)
            known = content["format"] == _FORMAT
            same = content["fingerprint"] == self.fingerprint
            if known and same:
                learn.model.load_state_dict(content["model"])
                return RunProgress(**content["progress"]), content
        except Exception as error:  # unpicklers raise nearly everything
            raise TrainingError(
                N_(
                    "Checkpoint %(path)s cannot be read (%(error)s).",
                    path=self.path,
                    error=type(error).__name__,
                ),
                N_("Delete it to start this run anew, without --resume."),
            ) from error
        raise TrainingError(
            N_(
                "Checkpoint %(path)s belongs to a run with another recipe or data set.",
                path=self.path,
            ),
            N_("Give the options of that run, or start a new one in another folder."),
        )


def restore(learn: Learner, content: dict[str, Any]) -> None:
    """Fill the optimiser of a Learner that is frozen or unfrozen as it was when saved."""
    saved = content["optimiser"]
    if len(saved["hypers"]) != len(learn.opt.param_lists):
        raise TrainingError(
            N_("The checkpoint's optimiser does not fit the network."), N_("Start anew.")
        )
    learn.opt.load_state_dict({"hypers": L(saved["hypers"]), "state": saved["state"]})
    device = next(learn.model.parameters()).device
    for state in learn.opt.state.values():
        for name, value in state.items():
            if isinstance(value, torch.Tensor):
                state[name] = value.to(device)


def _plain_optimiser(learn: Learner) -> dict[str, Any]:
    """Return the optimiser's state as built-in types, which load without running any code."""
    state = learn.opt.state_dict()
    return {
        "hypers": [
            {name: float(value) for name, value in group.items()} for group in state["hypers"]
        ],
        "state": [dict(one) for one in state["state"]],
    }
