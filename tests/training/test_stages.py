from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from fastai.callback.core import Callback
from fastai.callback.schedule import LRFinder
from fastai.learner import Learner

from covid_d.dataset.dataset import Dataset
from covid_d.training.build import learner
from covid_d.training.callbacks import KeepHistory
from covid_d.training.data import dataloaders
from covid_d.training.recipes import ARTICLE, Recipe
from covid_d.training.stages import find_rates, fit, stages_of


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "shared-cache"


def _learn(phantoms: Dataset, recipe: Recipe, cache: Path, run: Path) -> Learner:
    return learner(dataloaders(phantoms, recipe, cache=cache), recipe, path=run)


def _history(run: Path) -> pd.DataFrame:
    return pd.read_csv(run / "history.csv").drop(columns="seconds")


def _weights(run: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(run / "stage-2.pth", weights_only=True)
    return state


def _assert_same(one: Path, other: Path) -> None:
    pd.testing.assert_frame_equal(_history(one), _history(other), rtol=1e-6)
    first, second = _weights(one), _weights(other)
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=0, atol=1e-6)


@pytest.mark.train
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_a_killed_process_resumes_to_the_same_result(phantoms: Dataset, tmp_path: Path) -> None:
    """Stands first, for it takes longest: what comes last keeps one worker while others rest."""

    def command(out: Path, *more: str) -> list[str]:
        return [
            sys.executable, "-m", "covid_d", "train", str(phantoms.folder), "--out", str(out),
            "--cache", str(tmp_path / "cache"), "--device", "cpu", "--threads", "1", *more,
        ]  # fmt: skip

    options = [
        "--backbone", "test_resnet", "--no-pretrained", "--size", "64", "--batch", "4",
        "--frozen-epochs", "1", "--epochs", "5", "--lr-min", "0.001", "--lr-max", "0.003",
        "--no-lr-finder",
    ]  # fmt: skip
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command(whole, *options), check=True, capture_output=True)

    process = subprocess.Popen(
        command(killed, *options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    deadline = time.monotonic() + 600
    for line in process.stdout:  # the second epoch of stage 2 is done: kill within the third
        if "stage 2 epoch 2/5" in line or time.monotonic() > deadline:
            process.send_signal(signal.SIGKILL)
            break
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    assert not (killed / "bundle").exists()

    subprocess.run(command(killed, "--resume"), check=True, capture_output=True)
    _assert_same(whole, killed)
    for name in ("model.onnx", "training_films.csv"):
        assert (killed / "bundle" / name).read_bytes() == (whole / "bundle" / name).read_bytes()


def test_stages_of_the_article() -> None:
    first, second = stages_of(ARTICLE)
    assert (first.frozen, first.epochs, first.rate) == (True, 4, 3e-3)
    assert (second.frozen, second.epochs, second.rate) == (False, 10, slice(1e-6, 1e-4))


def test_a_stage_without_epochs_is_left_out() -> None:
    assert [s.number for s in stages_of(ARTICLE.changed(frozen_epochs=0))] == [2]
    assert [s.number for s in stages_of(ARTICLE.changed(epochs=0))] == [1]


@pytest.mark.train
def test_loss_falls_and_every_artefact_is_written(
    phantoms: Dataset, tiny: Recipe, cache: Path, tmp_path: Path
) -> None:
    recipe = tiny.changed(keep="last", label_smoothing=0.0)
    progress = fit(_learn(phantoms, recipe, cache, tmp_path), recipe, tmp_path)
    assert progress.epochs[-1]["train_loss"] < progress.epochs[0]["train_loss"]
    assert [(e["stage"], e["epoch"]) for e in progress.epochs] == [
        (1, 1), (2, 1), (2, 2), (2, 3), (2, 4),
    ]  # fmt: skip
    wanted = {"checkpoint.pth", "history.csv", "stage-1.pth", "stage-2.pth"}
    assert wanted <= {path.name for path in tmp_path.iterdir()}
    for stage in ("stage-1", "stage-2"):
        assert {path.name for path in (tmp_path / stage).iterdir()} == {
            "confusion.png", "curves.png", "top-losses.png", "top-losses.csv", "stage.json",
        }  # fmt: skip


@pytest.mark.train
def test_runs_repeat_for_a_seed(
    phantoms: Dataset, tiny: Recipe, cache: Path, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        fit(_learn(phantoms, tiny, cache, tmp_path / name), tiny, tmp_path / name)
    _assert_same(tmp_path / "one", tmp_path / "two")
    other = tiny.changed(seed=8)
    fit(_learn(phantoms, other, cache, tmp_path / "other"), other, tmp_path / "other")
    assert not _history(tmp_path / "one").equals(_history(tmp_path / "other"))


class _Break(Callback):  # type: ignore[misc]
    """Break a run off in the middle of an epoch, as Ctrl-C does."""

    order = 200

    def __init__(self, stage: int, epoch: int) -> None:
        self.stage, self.at = stage, epoch

    def after_batch(self) -> None:
        keeper = self.learn.keep_history if hasattr(self.learn, "keep_history") else None
        stage = keeper.progress.stage if isinstance(keeper, KeepHistory) else 0
        if (stage, self.epoch, self.iter) == (self.stage, self.at, 1) and self.training:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def unbroken(
    phantoms: Dataset, tiny: Recipe, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Recipe, Path]]:
    """Unbroken runs to compare with, made once each."""
    made: dict[str, tuple[Recipe, Path]] = {}

    def run(keep: str) -> tuple[Recipe, Path]:
        if keep not in made:
            recipe = tiny.changed(frozen_epochs=2, epochs=3, keep=keep, lr_finder=keep == "last")
            folder = tmp_path_factory.mktemp("unbroken")
            cache = tmp_path_factory.getbasetemp() / "shared-cache"
            fit(_learn(phantoms, recipe, cache, folder), recipe, folder)
            made[keep] = recipe, folder
        return made[keep]

    return run


@pytest.mark.train
@pytest.mark.parametrize(
    ("stage", "epoch", "keep"),
    [(1, 0, "best"), (1, 1, "best"), (2, 2, "best"), (2, 0, "last"), (2, 1, "last")],
)
def test_a_resumed_run_equals_the_unbroken_one(
    phantoms: Dataset,
    unbroken: Callable[[str], tuple[Recipe, Path]],
    cache: Path,
    tmp_path: Path,
    stage: int,
    epoch: int,
    keep: str,
) -> None:
    recipe, whole = unbroken(keep)
    learn = _learn(phantoms, recipe, cache, tmp_path)
    learn.add_cb(_Break(stage, epoch))
    with pytest.raises(KeyboardInterrupt):
        fit(learn, recipe, tmp_path)
    fit(_learn(phantoms, recipe, cache, tmp_path), recipe, tmp_path, resume=True)
    _assert_same(whole, tmp_path)


@pytest.mark.train
def test_resuming_a_finished_run_changes_nothing(
    phantoms: Dataset, tiny: Recipe, cache: Path, tmp_path: Path
) -> None:
    recipe = tiny.changed(epochs=1)
    fit(_learn(phantoms, recipe, cache, tmp_path), recipe, tmp_path)
    history, weights = _history(tmp_path), _weights(tmp_path)
    fit(_learn(phantoms, recipe, cache, tmp_path), recipe, tmp_path, resume=True)
    pd.testing.assert_frame_equal(_history(tmp_path), history)
    for name, value in _weights(tmp_path).items():
        assert torch.equal(value, weights[name]), name


@pytest.mark.train
def test_the_finder_leaves_weights_and_mode_alone(
    phantoms: Dataset, tiny: Recipe, cache: Path, tmp_path: Path
) -> None:
    learn = _learn(phantoms, tiny, cache, tmp_path)
    learn.unfreeze()
    before = {name: value.clone() for name, value in learn.model.state_dict().items()}
    find_rates(learn, tiny, tmp_path)
    for name, value in learn.model.state_dict().items():
        assert torch.equal(value, before[name]), name
    table = pd.read_csv(tmp_path / "lr-finder.csv")
    assert table["lr"].is_monotonic_increasing
    assert table["lr"].iloc[0] == pytest.approx(1e-7, rel=0.5)
    assert {path.name for path in tmp_path.iterdir()} == {"lr-finder.csv"}


@pytest.mark.train
def test_a_finder_that_was_killed_leaves_nothing_after_the_next(
    phantoms: Dataset, tiny: Recipe, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[Path] = []

    class KilledFinder(LRFinder):  # type: ignore[misc]
        def before_batch(self) -> None:
            left.append(Path(self.tmp_d.name))
            raise ZeroDivisionError("killed")

    learn = _learn(phantoms, tiny, cache, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("covid_d.training.stages.LRFinder", KilledFinder)
        with pytest.raises(ZeroDivisionError):
            find_rates(learn, tiny, tmp_path)
    left[0].mkdir(parents=True, exist_ok=True)  # as SIGKILL leaves it
    find_rates(_learn(phantoms, tiny, cache, tmp_path), tiny, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"lr-finder.csv"}
