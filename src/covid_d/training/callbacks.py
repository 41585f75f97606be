"""fastai callbacks: repeatable epochs, a history that survives a kill, a quiet progress bar."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from fastai.callback.core import Callback
from fastai.torch_core import rank_distrib, set_seed
from torch import nn
from tqdm.auto import tqdm

from covid_d.errors import TrainingError
from covid_d.language import N_
from covid_d.training.checkpoint import Checkpoint, RunProgress
from covid_d.training.depthwise import WholeDepthwiseGradients
from covid_d.training.group import bare, is_first


def seed_of(seed: int, stage: int, epoch: int, rank: int = 0) -> int:
    """Return the seed of one epoch, so that an epoch does not depend on those before it.

    Parameters
    ----------
    seed, stage, epoch
        Of the recipe, of the stage, from 0.
    rank
        Of the process, where several train together: the first draws as one alone would.
    """
    parts = [seed, stage, epoch, *([rank] if rank else [])]
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


class SeededEpochs(Callback):  # type: ignore[misc]
    """Seed every random source before each epoch: order of films, augmentation, dropout.

    A resumed run therefore draws what the unbroken run would have drawn.
    """

    order = -20

    def __init__(self, seed: int, stage: int) -> None:
        self.seed, self.stage = seed, stage

    def before_train(self) -> None:
        """Seed python, numpy, torch and the loader."""
        seed = seed_of(self.seed, self.stage, self.epoch)
        set_seed(seed_of(self.seed, self.stage, self.epoch, rank_distrib()))
        self.dls.train.rng = random.Random(seed)  # noqa: S311 - no secret


class KeepBatchNorm(Callback):  # type: ignore[misc]
    """Leave the body's batch normalisations as pretrained: neither statistics nor weights move."""

    order = -10

    def before_fit(self) -> None:
        """Put them out of the gradient's reach, before anybody waits for their gradients."""
        for layer in self._layers():
            layer.requires_grad_(False)

    def before_train(self) -> None:
        """Put them in evaluation mode."""
        for layer in self._layers():
            layer.eval()
            layer.requires_grad_(False)

    def _layers(self) -> list[nn.Module]:
        body, *_ = bare(self.model).children()
        return [
            layer for layer in body.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)
        ]


class AverageWeights(Callback):  # type: ignore[misc]
    """Keep a running average of the weights, and validate by it (Polyak and Juditsky 1992).

    Early steps weigh less: of step n at most ``(1 + n) / (10 + n)`` of the average is kept.
    """

    order = 61  # after the step of the optimiser and of the scheduler

    def __init__(self, progress: RunProgress, keep: float) -> None:
        self.progress, self.keep = progress, keep

    def before_fit(self) -> None:
        """Start from the network's weights, or take up the average where it was."""
        stage = self.progress.stage
        self.steps = sum(step["stage"] == stage for step in self.progress.steps)
        if self.progress.average is None:
            self.progress.average = _copied(bare(self.model).state_dict())

    def after_step(self) -> None:
        """Move the average."""
        self.steps += 1
        keep = min(self.keep, (1 + self.steps) / (10 + self.steps))
        average = self.progress.average or {}
        with torch.no_grad():
            for name, value in bare(self.model).state_dict().items():
                if value.dtype.is_floating_point:
                    average[name].lerp_(value, 1.0 - keep)
                else:
                    average[name].copy_(value)

    def before_validate(self) -> None:
        """Put the average into the network."""
        self.own = _copied(bare(self.model).state_dict())
        bare(self.model).load_state_dict(self.progress.average or {})

    def after_validate(self) -> None:
        """Put the network's own weights back."""
        bare(self.model).load_state_dict(self.own)
        del self.own


class Bfloat16(Callback):  # type: ignore[misc]
    """Compute training films in half the bits on the CPU; weights and loss stay whole.

    Gradients of depthwise convolutions that are slow in half the bits stay whole too.
    """

    order = -5

    def before_batch(self) -> None:
        """Enter the automatic choice of types."""
        self.context = ExitStack()
        self.context.enter_context(torch.autocast("cpu", torch.bfloat16, enabled=self.training))
        if self.training:
            self.context.enter_context(WholeDepthwiseGradients())

    def after_pred(self) -> None:
        """Leave it; the loss is computed in full."""
        self.context.close()
        self.learn.pred = self.pred.float()


class KeepHistory(Callback):  # type: ignore[misc]
    """Record every step and epoch, keep the best weights, write the checkpoint."""

    order = 65  # after Recorder (50) and the scheduler (60)
    run_valid = True

    def __init__(
        self,
        progress: RunProgress,
        checkpoint: Checkpoint,
        *,
        names: Sequence[str],
        keep_best: bool,
        smooth_loss: dict[str, Any] | None = None,
    ) -> None:
        self.progress, self.checkpoint, self.keep_best = progress, checkpoint, keep_best
        self.names = names
        self.start, self.smooth = progress.epoch, smooth_loss

    def before_train(self) -> None:
        """Start the clock; on resuming, take up the smoothed loss where it was."""
        self.began = time.perf_counter()
        if self.smooth is not None:
            meter = self.recorder.smooth_loss
            meter.val, meter.count = torch.tensor(self.smooth["val"]), self.smooth["count"]
            self.smooth = None

    def after_batch(self) -> None:
        """Record learning rate and loss of a training step."""
        if self.training:
            self.progress.steps.append(
                {
                    "stage": self.progress.stage,
                    "lr": float(self.opt.hypers[-1]["lr"]),
                    "loss": float(self.recorder.smooth_loss.value),
                }
            )

    def after_epoch(self) -> None:
        """Record the epoch and write the checkpoint."""
        if self.epoch < self.start:  # skipped on resuming: no values
            return
        train_loss, valid_loss, *values = (float(v) for v in self.recorder.values[-1])
        progress = self.progress
        if not (math.isfinite(train_loss) and math.isfinite(valid_loss)):
            raise TrainingError(
                N_(
                    "Training diverged in stage %(stage)s, epoch %(epoch)s: the loss is "
                    "no longer a number.",
                    stage=progress.stage,
                    epoch=self.epoch + 1,
                ),
                N_("Lower --frozen-lr or --lr-max and train again in a new folder."),
            )
        progress.epoch = self.epoch + 1
        progress.epochs.append(
            {
                "stage": progress.stage,
                "epoch": progress.epoch,
                "train_loss": train_loss,
                "valid_loss": valid_loss,
                **dict(zip(self.names, values, strict=True)),
                "seconds": round(time.perf_counter() - self.began, 2),
            }
        )
        if self.keep_best and (progress.best is None or valid_loss < progress.best["loss"]):
            weights = _copied(bare(self.model).state_dict())
            progress.best = {"loss": valid_loss, "epoch": progress.epoch, "model": weights}
        if is_first():
            self.checkpoint.save(self.learn, progress)


class ShowProgress(Callback):  # type: ignore[misc]
    """A bar over the steps of an epoch in a terminal; one line an epoch everywhere.

    Of several processes the first shows it.
    """

    order = 70

    def __init__(self, title: str, *, start: int = 0, epochs: bool = True) -> None:
        self.title, self.start, self.epochs = title, start, epochs
        self.bar: tqdm[Any] | None = None

    def before_train(self) -> None:
        """Open the bar."""
        text = f"{self.title} epoch {self.epoch + 1}/{self.n_epoch}" if self.epochs else self.title
        hidden = None if is_first() else True
        self.bar = tqdm(total=len(self.dls.train), desc=text, leave=False, disable=hidden)

    def after_batch(self) -> None:
        """Advance the bar by a training step."""
        if self.bar is not None and self.training:
            self.bar.set_postfix(loss=f"{float(self.recorder.smooth_loss.value):.4f}")
            self.bar.update()

    def after_train(self) -> None:
        """Close the bar."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def after_epoch(self) -> None:
        """Write the epoch's line."""
        if not (self.epochs and is_first()) or self.epoch < self.start:
            return
        last = self.keep_history.progress.epochs[-1]
        tqdm.write(f"{self.title} {line_of(last, self.n_epoch)}")

    def after_fit(self) -> None:
        """Close the bar of a broken epoch too."""
        self.after_train()


def _copied(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in state.items()}


_PERCENTS = ("error_rate", "sensitivity", "specificity")
_WORDS = {
    "error_rate": "error",
    "auroc": "AUROC",
    "f1": "F1",
    "typical_auroc": "AUROC typical v negative",
    "opacity_auroc": "AUROC opacity v negative",
}
_NOT_SHOWN = ("stage", "epoch", "train_loss", "valid_loss", "accuracy", "seconds")


def line_of(record: dict[str, Any], epochs: int) -> str:
    """Return an epoch's record in one line."""
    figures = [
        f"{_WORDS.get(name, name)} " + (f"{value:.1%}" if name in _PERCENTS else f"{value:.3f}")
        for name, value in record.items()
        if name not in _NOT_SHOWN
    ]
    return (
        f"epoch {record['epoch']}/{epochs}: train loss {record['train_loss']:.4f}, "
        f"validation loss {record['valid_loss']:.4f}, {', '.join(figures)}, "
        f"{record['seconds']:.0f} s"
    )
