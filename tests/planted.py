"""A rehearsal of the audit: phantom films with or without a planted shortcut, and a real network.

Positives carry fine reticular opacities inside the lungs: invisible in a thumbnail, absent from
the border, and neither brighter nor darker. Hazy patches fall on both classes alike. With
``marker`` the positives carry a bright square in one corner as well. The network is really trained
on these films, by torch, and exported to the bundle's contract.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.ndimage import gaussian_filter
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import COLUMNS
from covid_d.detector import Bundle
from covid_d.radiograph import Preprocessing, prepare, read
from covid_d.radiograph.phantom import Phantom, draw_phantom
from planted_films import DrawnLungs

SIZE = 128
FILMS = {"train": 160, "validation": 80, "test": 120}
SOURCES = ("north", "south")
PREPROCESSING = Preprocessing(
    size=SIZE, fit="squash", intensity="full", mean=(0.4, 0.4, 0.4), std=(0.25, 0.25, 0.25)
)


def draw_film(seed: int, *, positive: bool, marker: bool) -> Phantom:
    """Draw one film of the rehearsal."""
    rng = np.random.default_rng([seed, 1])
    haze = bool(rng.integers(2))  # says nothing about the class
    phantom = draw_phantom(seed, opacities=haze, size=SIZE, marker=marker and positive)
    if not positive:
        return phantom
    noise = rng.normal(size=(SIZE, SIZE))
    fine = gaussian_filter(noise, 0.7) - gaussian_filter(noise, 1.8)  # nothing above a few pixels
    pixels = phantom.pixels + np.where(phantom.lungs, 0.05 * fine / fine.std(), 0.0)
    return Phantom(np.clip(pixels, 0.0, 1.0).astype(np.float32), phantom.lungs)


@dataclass(frozen=True)
class Rehearsal:
    """A data set of phantoms with the bundle trained on it."""

    dataset: Dataset
    bundle: Bundle
    lungs: DrawnLungs


def draw_dataset(folder: Path, *, seed: int, marker: bool) -> tuple[Dataset, DrawnLungs]:
    """Draw a data set as ``covid-d dataset build`` would leave it: two sources, both classes."""
    rows, masks = [], {}
    number = 0
    for split, count in FILMS.items():
        for index in range(count):
            number += 1
            positive, source = index % 2 == 0, SOURCES[index // 2 % 2]
            label = "covid" if positive else "nocovid"
            phantom = draw_film(1000 * seed + number, positive=positive, marker=marker)
            name = f"{split}-{index:03d}.png"
            path = folder / split / name
            path.parent.mkdir(parents=True, exist_ok=True)
            phantom.to_image().save(path)
            masks[name] = phantom.lungs
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            known = {
                "path": f"{split}/{name}",
                "label": label,
                "split": split,
                "source": source,
                "patient": f"p{number}",
                "group": f"g{number}",
                "projection": "PA",
                "age": "50",
                "width": str(SIZE),
                "height": str(SIZE),
                "sha256": digest,
                "original_sha256": digest,
            }
            rows.append([known.get(column, "") for column in COLUMNS])
    pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(folder / "manifest.csv", index=False)
    record = {"sha256": f"{seed:064d}", "protocol": "grouped", "counts": {}}
    (folder / "dataset.json").write_text(json.dumps(record), encoding="utf-8")
    return Dataset.open(folder), DrawnLungs(masks)


class TinyNetwork(nn.Module):
    """Two convolutions and a linear class activation map; the bundle's three outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.AvgPool2d(4),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
        )
        self.head = nn.Linear(16, 1)

    def forward(self, film: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logit, features and activation."""
        grid = self.body(film)
        features = grid.mean(dim=(2, 3))
        activation = (grid * self.head.weight[0][:, None, None]).sum(dim=1)
        activation = activation / (grid.shape[2] * grid.shape[3])
        return self.head(features)[:, 0], features, activation


def train_network(dataset: Dataset, *, seed: int, epochs: int = 12) -> TinyNetwork:
    """Train the tiny network on the data set's training films."""
    torch.manual_seed(seed)
    films, truth = _inputs(dataset, "train")
    network = TinyNetwork()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(epochs):
        for batch in torch.split(torch.randperm(len(films)), 16):
            logit, _, _ = network(films[batch])
            loss = nn.functional.binary_cross_entropy_with_logits(logit, truth[batch])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return network.eval()


def export_bundle(
    network: TinyNetwork, dataset: Dataset, folder: Path, make_bundle: Callable[..., Path]
) -> Bundle:
    """Calibrate on the validation films (Platt) and write a sealed bundle."""
    films, truth = _inputs(dataset, "validation")
    with torch.inference_mode():
        logits = network(films)[0].numpy()[:, None]
    platt = LogisticRegression(C=1.0).fit(logits, truth.numpy())
    probability = platt.predict_proba(logits)[:, 1]
    positive = truth.numpy() == 1
    program = torch.onnx.export(
        network,
        (films[:2],),
        dynamo=True,
        verbose=False,
        input_names=["film"],
        output_names=["logit", "features", "activation"],
        dynamic_shapes={"film": {0: torch.export.Dim("n", min=1)}},
    )
    assert program is not None
    make_bundle(
        folder,
        model=program.model_proto.SerializeToString(),
        preprocessing=PREPROCESSING.model_dump(mode="json"),
        calibration={
            "slope": float(platt.coef_[0, 0]),
            "intercept": float(platt.intercept_[0]),
            "prevalence": 0.5,
            "films": len(films),
        },
        conformal={
            "error_rate": 0.1,
            "positive_quantile": float(np.quantile(1 - probability[positive], 0.9)),
            "negative_quantile": float(np.quantile(probability[~positive], 0.9)),
            "positives": int(positive.sum()),
            "negatives": int((~positive).sum()),
        },
    )
    return Bundle.load(folder)


def rehearse(
    folder: Path, make_bundle: Callable[..., Path], *, seed: int, marker: bool
) -> Rehearsal:
    """Draw the films, train on them, export."""
    dataset, lungs = draw_dataset(folder / "dataset", seed=seed, marker=marker)
    network = train_network(dataset, seed=seed)
    bundle = export_bundle(network, dataset, folder / "bundle", make_bundle)
    return Rehearsal(dataset, bundle, lungs)


def _inputs(dataset: Dataset, split: str) -> tuple[Tensor, Tensor]:
    rows = dataset.films(split)
    films = [prepare(read(dataset.path(row)), PREPROCESSING) for row in rows.itertuples()]
    truth = (rows["label"] == "covid").to_numpy(dtype=np.float32)
    return torch.from_numpy(np.stack(films)), torch.from_numpy(truth)
