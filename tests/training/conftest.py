"""A data set of drawn phantoms, and runs on it small enough for two slow cores."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import COLUMNS
from covid_d.radiograph.phantom import draw_phantom
from covid_d.training.recipes import DEFAULT, Recipe

# A tiny timm network, random weights, 64 pixels: an epoch takes a second.
TINY = DEFAULT.changed(
    name="tiny",
    backbone="test_resnet",
    pretrained=False,
    size=64,
    batch_size=8,
    frozen_epochs=1,
    epochs=4,
    lr_min=1e-3,
    lr_max=3e-3,
    lr_finder=False,
    probe=0.0,  # tests of the probe ask for it
    batchnorm="train",
)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny() -> Recipe:
    return TINY


def make_dataset(folder: Path, *, train: int = 12, validation: int = 12) -> Path:
    """Write a data set with so many phantoms of each class in each split."""
    rows: list[dict[str, object]] = []
    for split, count in (("train", train), ("validation", validation)):
        for label in ("covid", "nocovid"):
            for number in range(count):
                seed = len(rows)
                path = folder / split / label / f"{seed:03}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                picture = draw_phantom(seed, opacities=label == "covid", size=144).to_image()
                picture.crop((0, 0, 144, 132)).save(path)  # not square, like real films
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                known = {
                    "path": path.relative_to(folder).as_posix(),
                    "label": label,
                    "split": split,
                    "source": "first" if number % 3 else "second",
                    "patient": f"p{seed // 2}",
                    "group": f"g{seed // 2}",
                    "license": "CC0",
                    "width": 144,
                    "height": 132,
                    "sha256": digest,
                    "original_sha256": hashlib.sha256(digest.encode()).hexdigest(),
                }
                rows.append({column: known.get(column, "") for column in COLUMNS})
    pd.DataFrame(rows).to_csv(folder / "manifest.csv", index=False)
    digest = hashlib.sha256((folder / "manifest.csv").read_bytes()).hexdigest()
    record = {"sha256": digest, "protocol": "grouped", "counts": {}}
    (folder / "dataset.json").write_text(json.dumps(record))
    return folder


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """48 phantoms: 12 a class in each of two splits, two sources, two films a group."""
    return Dataset.open(make_dataset(tmp_path_factory.mktemp("phantoms")))


@pytest.fixture(scope="session")
def finished_run(phantoms: Dataset, tiny: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with both stages and the finder, from data set to bundle; not to be changed."""
    from covid_d.training.machine import Machine
    from covid_d.training.run import train

    run = tmp_path_factory.mktemp("finished") / "run"
    recipe = tiny.changed(lr_finder=True)
    train(phantoms, run, recipe, machine=Machine("cpu", threads=1), command="covid-d train ...")
    return run


@pytest.fixture
def own_dataset(tmp_path: Path) -> Callable[..., Path]:
    """Make a data set that a test may spoil."""

    def make(**counts: int) -> Path:
        return make_dataset(tmp_path / "dataset", **counts)

    return make
