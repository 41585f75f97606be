from __future__ import annotations

import random
from pathlib import Path

import fastai.callback.schedule  # noqa: F401 - gives a Learner its fit_one_cycle
import numpy as np
import pytest
import torch
from fastai.callback.core import Callback
from fastai.data.core import DataLoaders

from covid_d.dataset.dataset import Dataset
from covid_d.errors import TrainingError
from covid_d.training.build import learner
from covid_d.training.callbacks import (
    AverageWeights,
    KeepHistory,
    SeededEpochs,
    ShowProgress,
    line_of,
    seed_of,
)
from covid_d.training.checkpoint import Checkpoint, RunProgress
from covid_d.training.data import dataloaders
from covid_d.training.metrics import metric_names
from covid_d.training.recipes import APPEARANCE, DEFAULT, Recipe

NAMES = metric_names(DEFAULT)
RECORD = dict.fromkeys(NAMES, 0.25) | {
    "stage": 1,
    "epoch": 2,
    "train_loss": 0.5,
    "valid_loss": 0.75,
    "seconds": 61.2,
}


_POSITION = ("stage", "epoch", "train_loss", "valid_loss", "seconds")


@pytest.fixture(scope="module")
def dls(phantoms: Dataset, tiny: Recipe, tmp_path_factory: pytest.TempPathFactory) -> DataLoaders:
    return dataloaders(phantoms, tiny, cache=tmp_path_factory.getbasetemp() / "shared-cache")


def test_seeds_differ_by_seed_stage_and_epoch() -> None:
    seeds = [seed_of(s, g, e) for s in (7, 8) for g in (1, 2) for e in range(5)]
    assert len(set(seeds)) == 20
    assert seed_of(7, 1, 0) == seed_of(7, 1, 0)


def test_an_epoch_s_films_do_not_depend_on_what_was_drawn_before(
    dls: DataLoaders, tiny: Recipe
) -> None:
    learn = learner(dls, tiny)
    callback = SeededEpochs(7, 1)
    learn.add_cb(callback)

    def films(epoch: int) -> torch.Tensor:
        learn.epoch = epoch
        callback.before_train()
        return torch.cat([batch for batch, _ in dls.train])

    first = films(0)
    _ = random.random(), np.random.rand(), torch.rand(1)
    later = films(1)
    assert torch.equal(films(0), first)
    assert not torch.equal(first, later)


def test_history_keeps_the_best_weights_and_a_checkpoint_an_epoch(
    dls: DataLoaders, tiny: Recipe, tmp_path: Path
) -> None:
    learn, progress = learner(dls, tiny), RunProgress()
    checkpoint = Checkpoint(tmp_path / "checkpoint.pth", "x")
    seen: list[dict[str, torch.Tensor]] = []

    class Spy(KeepHistory):
        def after_epoch(self) -> None:
            super().after_epoch()
            assert checkpoint.path.is_file()
            seen.append({k: v.clone() for k, v in self.model.state_dict().items()})

    with learn.no_bar(), learn.no_logging():
        callbacks = [SeededEpochs(1, 1), Spy(progress, checkpoint, names=NAMES, keep_best=True)]
        learn.fit_one_cycle(4, 1e-2, cbs=callbacks)
    assert [record["epoch"] for record in progress.epochs] == [1, 2, 3, 4]
    assert len(progress.steps) == 4 * 3
    losses = [record["valid_loss"] for record in progress.epochs]
    assert progress.best is not None
    best = int(np.argmin(losses))
    assert (progress.best["epoch"], progress.best["loss"]) == (best + 1, losses[best])
    for name, value in progress.best["model"].items():
        assert torch.equal(value, seen[best][name]), name


def test_one_line_an_epoch_where_there_is_no_terminal(
    dls: DataLoaders, tiny: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learn, progress = learner(dls, tiny), RunProgress()
    checkpoint = Checkpoint(tmp_path / "c.pth", "x")
    keep = KeepHistory(progress, checkpoint, names=NAMES, keep_best=False)
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(2, 1e-3, cbs=[keep, ShowProgress("stage 1")])
    output = capsys.readouterr()
    lines = output.out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["stage 1 epoch 1/2", "stage 1 epoch 2/2"]
    assert output.err == ""
    assert progress.best is None


def test_line_of_a_record() -> None:
    assert line_of(RECORD, 4) == (
        "epoch 2/4: train loss 0.5000, validation loss 0.7500, error 25.0%, sensitivity 25.0%, "
        "specificity 25.0%, AUROC 0.250, F1 0.250, 61 s"
    )
    record = dict.fromkeys(metric_names(APPEARANCE), 0.5) | RECORD
    shown = line_of({name: record[name] for name in (*metric_names(APPEARANCE), *_POSITION)}, 4)
    assert shown == (
        "epoch 2/4: train loss 0.5000, validation loss 0.7500, error 25.0%, "
        "AUROC typical v negative 0.500, AUROC opacity v negative 0.500, kappa 0.500, 61 s"
    )


def test_the_average_of_the_weights_is_validated_and_the_weights_train_on(
    dls: DataLoaders, tiny: Recipe
) -> None:
    learn, progress = learner(dls, tiny), RunProgress()
    after_steps: list[torch.Tensor] = []
    validated: list[torch.Tensor] = []

    def weight() -> torch.Tensor:
        first: torch.nn.Parameter = next(iter(learn.model[1].parameters()))
        return first.detach().clone()

    class Spy(Callback):  # type: ignore[misc]
        order = 62  # after the average

        def after_step(self) -> None:
            after_steps.append(weight())

        def before_validate(self) -> None:
            validated.append(weight())

    before = weight()
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(1, 1e-2, cbs=[Spy(), AverageWeights(progress, 0.5)])
    expected = before
    for step, value in enumerate(after_steps, start=1):
        keep = min(0.5, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * value
    assert len(after_steps) == 3
    assert torch.allclose(validated[0], expected, atol=1e-6)
    assert torch.equal(weight(), after_steps[-1])


def test_half_precision_is_for_training_only_and_the_loss_is_whole(
    dls: DataLoaders, tiny: Recipe
) -> None:
    learn = learner(dls, tiny.changed(precision="bfloat16"))
    seen: dict[bool, set[torch.dtype]] = {True: set(), False: set()}
    layer = next(m for m in learn.model.modules() if isinstance(m, torch.nn.Conv2d))
    layer.register_forward_hook(lambda *found: seen[learn.training].add(found[2].dtype))
    losses: set[torch.dtype] = set()

    class Spy(Callback):  # type: ignore[misc]
        def after_loss(self) -> None:
            losses.add(self.loss.dtype)

    with learn.no_bar(), learn.no_logging():
        learn.fit(1, 1e-3, cbs=[Spy()])
    assert seen == {True: {torch.bfloat16}, False: {torch.float32}}
    assert losses == {torch.float32}


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_divergence_is_an_error_and_makes_no_checkpoint(
    dls: DataLoaders, tiny: Recipe, tmp_path: Path, value: float
) -> None:
    class Explode(Callback):  # type: ignore[misc]
        def after_step(self) -> None:
            with torch.no_grad():
                next(self.model[1].parameters()).fill_(value)

    learn, path = learner(dls, tiny), tmp_path / "checkpoint.pth"
    keep = KeepHistory(RunProgress(), Checkpoint(path, "x"), names=NAMES, keep_best=False)
    with learn.no_bar(), learn.no_logging(), pytest.raises(TrainingError, match="stage 1, epoch 1"):
        learn.fit_one_cycle(1, 1e-3, cbs=[keep, Explode()])
    assert not path.exists()
