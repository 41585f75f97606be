from __future__ import annotations

from pathlib import Path

import pytest
import torch
from fastai.data.core import DataLoaders
from fastai.learner import Learner

from covid_d.dataset.dataset import Dataset
from covid_d.errors import TrainingError
from covid_d.training.build import learner
from covid_d.training.checkpoint import Checkpoint, RunProgress, restore
from covid_d.training.data import dataloaders
from covid_d.training.recipes import Recipe


@pytest.fixture(scope="module")
def dls(phantoms: Dataset, tiny: Recipe, tmp_path_factory: pytest.TempPathFactory) -> DataLoaders:
    return dataloaders(phantoms, tiny, cache=tmp_path_factory.getbasetemp() / "shared-cache")


@pytest.fixture
def trained(dls: DataLoaders, tiny: Recipe) -> Learner:
    learn = learner(dls, tiny)
    learn.unfreeze()
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, lr=slice(1e-4, 1e-3))
    return learn


def test_round_trip(trained: Learner, dls: DataLoaders, tiny: Recipe, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint.pth", "abc")
    best = {"loss": 0.5, "epoch": 1, "model": trained.model.state_dict()}
    progress = RunProgress(2, 1, [{"stage": 2, "epoch": 1}], [{"stage": 2, "lr": 0.1}], best)
    checkpoint.save(trained, progress)

    other = learner(dls, tiny.changed(seed=99))
    found, content = checkpoint.load(other)
    other.unfreeze()
    restore(other, content)

    assert (found.stage, found.epoch, found.epochs) == (2, 1, progress.epochs)
    assert found.best is not None
    assert found.best["loss"] == 0.5
    for name, value in trained.model.state_dict().items():
        assert torch.equal(other.model.state_dict()[name], value), name
        assert torch.equal(found.best["model"][name], value), name
    assert [dict(h) for h in other.opt.hypers] == [
        {k: float(v) for k, v in h.items()} for h in trained.opt.hypers
    ]
    pairs = zip(trained.opt.all_params(), other.opt.all_params(), strict=True)
    for (_, _, one, _), (_, _, two, _) in pairs:
        assert set(one) == set(two)
        for name, value in one.items():
            same = torch.equal(value, two[name]) if torch.is_tensor(value) else value == two[name]
            assert same, name
    assert content["smooth_loss"]["count"] == trained.recorder.smooth_loss.count


def test_another_run_s_checkpoint_is_refused(trained: Learner, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pth"
    Checkpoint(path, "one").save(trained, RunProgress())
    with pytest.raises(TrainingError, match="another recipe"):
        Checkpoint(path, "two").load(trained)


@pytest.mark.parametrize("content", [b"", b"rubbish", b"PK\x03\x04half a zip"])
def test_damaged_checkpoints_are_refused(trained: Learner, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "checkpoint.pth"
    path.write_bytes(content)
    with pytest.raises(TrainingError, match="cannot be read"):
        Checkpoint(path, "one").load(trained)


def test_a_truncated_checkpoint_is_refused(trained: Learner, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pth"
    Checkpoint(path, "one").save(trained, RunProgress())
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(TrainingError, match="cannot be read"):
        Checkpoint(path, "one").load(trained)


def test_optimiser_must_fit(trained: Learner, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint.pth", "one")
    checkpoint.save(trained, RunProgress())
    _, content = checkpoint.load(trained)
    content["optimiser"]["hypers"].append({"lr": 0.1})
    with pytest.raises(TrainingError, match="does not fit"):
        restore(trained, content)


def test_begin_clears_only_at_a_new_stage() -> None:
    progress = RunProgress(1, 3, [{"stage": 1}], [], {"loss": 0.1})
    progress.begin(1)
    assert (progress.epoch, progress.best) == (3, {"loss": 0.1})
    progress.begin(2)
    assert (progress.stage, progress.epoch, progress.best) == (2, 0, None)
    assert progress.epochs == [{"stage": 1}]
