"""The two stages: body frozen, then all layers; each one cycle, each looked at when done."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
from fastai.callback.schedule import LRFinder
from fastai.learner import Learner

from covid_d.files import write_atomically
from covid_d.training.callbacks import (
    AverageWeights,
    KeepHistory,
    SeededEpochs,
    ShowProgress,
    seed_of,
)
from covid_d.training.checkpoint import Checkpoint, RunProgress, restore
from covid_d.training.group import by_first, group_size
from covid_d.training.interpret import interpret
from covid_d.training.metrics import metric_names
from covid_d.training.probe import fit_probe
from covid_d.training.recipes import Recipe

_FINDER_STEPS = 100


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the two stages."""

    number: int
    frozen: bool
    epochs: int
    rate: float | slice

    @property
    def name(self) -> str:
        """``stage-1`` or ``stage-2``."""
        return f"stage-{self.number}"


def stages_of(recipe: Recipe) -> list[Stage]:
    """Return the stages of a recipe that have epochs."""
    both = [
        Stage(1, frozen=True, epochs=recipe.frozen_epochs, rate=recipe.frozen_lr),
        Stage(2, frozen=False, epochs=recipe.epochs, rate=slice(recipe.lr_min, recipe.lr_max)),
    ]
    return [stage for stage in both if stage.epochs]


def fit(learn: Learner, recipe: Recipe, run: Path | str, *, resume: bool = False) -> RunProgress:
    """Train through both stages; write weights, history and pictures into the run's folder.

    After every epoch ``checkpoint.pth`` is replaced. After each stage there are ``stage-N.pth``
    (weights) and ``stage-N/`` (see :func:`covid_d.training.interpret.interpret`).

    Parameters
    ----------
    learn
        From :func:`covid_d.training.learner`.
    recipe
        Epochs, rates, what to keep.
    run
        The run's folder.
    resume
        Go on from the folder's checkpoint, if there is one. On a CPU the result is that of the
        unbroken run.

    Several processes that train together each call it; the first one writes, and does by itself
    what is no training: the probe, the learning-rate finder, the pictures.

    Raises
    ------
    TrainingError
        If the checkpoint is of another run, or training diverges.
    """
    run = Path(run)
    run.mkdir(parents=True, exist_ok=True)
    checkpoint = Checkpoint(run / "checkpoint.pth", _fingerprint(learn, recipe))
    progress, content = RunProgress(), None
    if resume and checkpoint.path.is_file():
        progress, content = checkpoint.load(learn)
    elif recipe.probe:
        by_first(partial(fit_probe, learn, recipe))
    for stage in stages_of(recipe):
        if progress.stage > stage.number:
            continue  # done, and its results written, before the run was broken off
        resuming = content is not None and progress.stage == stage.number
        progress.begin(stage.number)
        (learn.freeze if stage.frozen else learn.unfreeze)()
        if recipe.lr_finder and not stage.frozen and not resuming:
            by_first(partial(find_rates, learn, recipe, run))
        if resuming and content is not None:
            restore(learn, content)
        smooth = content["smooth_loss"] if resuming and content is not None else None
        _run_stage(learn, recipe, stage, progress, checkpoint, smooth)
        by_first(partial(_finish_stage, learn, recipe, stage, progress, run))
        content = None
    return progress


def find_rates(learn: Learner, recipe: Recipe, run: Path) -> None:
    """Run the learning-rate finder (Smith 2017); weights and optimiser are as before afterwards.

    Writes ``lr-finder.csv``: learning rate and smoothed loss of each step.
    """
    callbacks = [
        LRFinder(num_it=_FINDER_STEPS),
        SeededEpochs(seed_of(recipe.seed, 0, 0), 0),
        ShowProgress("learning-rate finder", epochs=False),
    ]
    rounds = _FINDER_STEPS // len(learn.dls.train) + 1
    # fastai keeps the weights in a folder of random name meanwhile; in one that is known, the
    # next run clears what a killed one left.
    work = run.resolve() / ".lr-finder"
    shutil.rmtree(work, ignore_errors=True)
    usual, learn.model_dir = learn.model_dir, work
    try:
        with learn.no_bar(), learn.no_logging():
            learn.fit(rounds, cbs=callbacks)
    finally:
        learn.model_dir = usual
        shutil.rmtree(work, ignore_errors=True)
    table = pd.DataFrame(
        {
            "lr": [float(rate) for rate in learn.recorder.lrs],
            "loss": [float(loss) for loss in learn.recorder.losses],
        }
    )
    write_atomically(run / "lr-finder.csv", table.to_csv(index=False, lineterminator="\n"))


def _run_stage(
    learn: Learner,
    recipe: Recipe,
    stage: Stage,
    progress: RunProgress,
    checkpoint: Checkpoint,
    smooth: dict[str, object] | None,
) -> None:
    start = progress.epoch
    if start < stage.epochs:
        callbacks = [
            SeededEpochs(recipe.seed, stage.number),
            KeepHistory(
                progress,
                checkpoint,
                names=metric_names(recipe),
                keep_best=recipe.keep == "best",
                smooth_loss=smooth,
            ),
            ShowProgress(f"stage {stage.number}", start=start),
        ]
        if recipe.average:
            callbacks.append(AverageWeights(progress, recipe.average))
        if group_size() > 1:
            from covid_d.training.shared import SharedTraining  # accelerate is needed for it alone

            callbacks.append(SharedTraining(learn.dls.device))
        with learn.no_bar(), learn.no_logging():
            learn.fit_one_cycle(stage.epochs, stage.rate, cbs=callbacks, start_epoch=start)
    if progress.best is not None:
        learn.model.load_state_dict(progress.best["model"])
    if progress.average is not None:
        learn.model.load_state_dict(progress.average)


def _finish_stage(
    learn: Learner, recipe: Recipe, stage: Stage, progress: RunProgress, run: Path
) -> None:
    table = pd.DataFrame(progress.epochs)
    write_atomically(run / "history.csv", table.to_csv(index=False, lineterminator="\n"))
    learn.save(run.resolve() / stage.name, with_opt=False)
    interpret(learn, recipe, progress, run / stage.name)


def _fingerprint(learn: Learner, recipe: Recipe) -> str:
    films = list(learn.dls.films["sha256"])
    # Without default values: an option that a later version adds leaves older runs resumable.
    options = recipe.model_dump(exclude_defaults=True)
    # Nor the code that wrote it: `run.json` says who did, and who continued.
    text = json.dumps([options, films], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
