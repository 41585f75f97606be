"""A rehearsal of the audit: phantom films with or without a planted shortcut, and a real network.

Positives carry faint, soft nodules inside both lungs, coarser in one film than in the next:
invisible in a thumbnail, absent from the border, neither brighter nor darker, and of far less
contrast than letters and wires. Hazy patches fall on both classes alike. With ``marker`` the
positives carry a bright square in one corner as well. The network is really trained on these
films, by torch, calibrated as ``covid-d train`` does, and exported to the bundle's contract.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import COLUMNS
from covid_d.detector import Bundle
from covid_d.radiograph import Preprocessing, Radiograph, prepare, read
from covid_d.radiograph.phantom import Phantom, draw_phantom
from covid_d.training.calibrate import calibrate
from planted_films import DrawnLungs

SIZE = 128
FILMS = {"train": 160, "validation": 240, "test": 120}
SOURCES = ("north", "south")
WIDTHS = (0.7, 1.1, 1.8)  # of the detail that the network sees, pixels
BOUND = 0.15  # in units of the network's input: 0.03 of the grey scale
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
    noise, width = rng.normal(size=(SIZE, SIZE)), rng.uniform(0.9, 1.2)
    # Bumps with a rim: nothing wider than a few pixels, so that no thumbnail grows brighter.
    soft = gaussian_filter(noise, width) - gaussian_filter(noise, 2.5 * width)
    # Bounded: a peak of more contrast is rightly called a thing that lies on the lungs.
    strength = rng.uniform(0.05, 0.06)
    pixels = phantom.pixels + np.where(phantom.lungs, strength * np.tanh(soft / soft.std()), 0.0)
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


def _bumps(side: int) -> Tensor:
    """Return filters for bright bumps with a dark rim, one for each width: Wx3xSxS."""
    spot = np.zeros((side, side))
    spot[side // 2, side // 2] = 1.0
    found = [gaussian_filter(spot, width) - gaussian_filter(spot, 1.6 * width) for width in WIDTHS]
    flat = np.stack([one - one.mean() for one in found]) / 3  # three equal channels
    return torch.from_numpy(np.repeat(flat[:, None], 3, axis=1).astype(np.float32))


class TinyNetwork(nn.Module):
    """Two convolutions and a linear class activation map; the bundle's three outputs.

    It looks at detail of two widths, and what a place can say is bounded: a white wire says no more
    than the faintest nodule that is surely one, so that the whole lung field decides.
    """

    def __init__(self) -> None:
        super().__init__()
        bumps = nn.Conv2d(3, len(WIDTHS), 9, padding=4, padding_mode="replicate", bias=False)
        bumps.weight = nn.Parameter(_bumps(9), requires_grad=False)
        self.detail = bumps
        self.body = nn.Sequential(
            nn.Conv2d(len(WIDTHS), 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.Hardtanh(0.0, 2.0),
        )
        self.head = nn.Linear(16, 1)

    def seen(self, film: Tensor) -> Tensor:
        """Return how much detail of each width there is by place; nothing of it is learned."""
        return nn.functional.avg_pool2d(self.detail(film).abs().clamp(max=BOUND), 4)

    def forward(self, film: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logit, features and activation."""
        grid = self.body(self.seen(film))
        features = grid.mean(dim=(2, 3))
        activation = (grid * self.head.weight[0][:, None, None]).sum(dim=1)
        activation = activation / (grid.shape[2] * grid.shape[3])
        return self.head(features)[:, 0], features, activation


def train_network(dataset: Dataset, *, seed: int, epochs: int = 60) -> TinyNetwork:
    """Train the tiny network on the data set's training films.

    Each is shown plain and with wires and dots laid on it, whatever its class, so that the network
    learns that they say nothing.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 2])
    network = TinyNetwork()
    plain, truth = _inputs(dataset, "train")
    wired, _ = _inputs(dataset, "train", lambda film: _with_wires(film, rng))
    with torch.inference_mode():
        seen = network.seen(torch.cat([plain, wired]))
    seen, truth = seen.clone(), torch.cat([truth, truth])
    optimizer = torch.optim.Adam([*network.body.parameters(), *network.head.parameters()], lr=1e-2)
    for _ in range(epochs):
        for batch in torch.split(torch.randperm(len(seen)), 16):
            logit = network.head(network.body(seen[batch]).mean(dim=(2, 3)))[:, 0]
            loss = nn.functional.binary_cross_entropy_with_logits(logit, truth[batch])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
            optimizer.step()
    network.eval()
    return network


def export_bundle(
    network: TinyNetwork, dataset: Dataset, folder: Path, make_bundle: Callable[..., Path]
) -> Bundle:
    """Calibrate on the validation films, as training does, and write a sealed bundle."""
    films, truth = _inputs(dataset, "validation")
    with torch.inference_mode():
        logits = network(films)[0].numpy()
    groups = dataset.films("validation")["group"].tolist()
    calibration, conformal = calibrate(logits, truth.numpy() == 1, groups, seed=1)
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
        calibration=calibration.model_dump(mode="json"),
        conformal=conformal.model_dump(mode="json"),
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


def _inputs(
    dataset: Dataset, split: str, change: Callable[[Radiograph], Radiograph] = lambda film: film
) -> tuple[Tensor, Tensor]:
    rows = dataset.films(split)
    films = [prepare(change(read(dataset.path(row))), PREPROCESSING) for row in rows.itertuples()]
    truth = (rows["label"] == "covid").to_numpy(dtype=np.float32)
    return torch.from_numpy(np.stack(films)), torch.from_numpy(truth)


def _with_wires(film: Radiograph, rng: np.random.Generator) -> Radiograph:
    """Return the film with a few bent lines and dots, some of them bright, at random places."""
    picture = Image.fromarray(np.array(film.pixels))
    pen = ImageDraw.Draw(picture)
    for _ in range(rng.integers(2, 6)):
        way = rng.uniform(0, SIZE, (rng.integers(2, 4), 2))
        grey, width = float(rng.uniform(0.4, 1.0)), int(rng.integers(1, 4))
        pen.line([(x, y) for x, y in way], fill=grey, width=width)
        (x, y), reach = way[0], rng.uniform(1, 4)
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=grey)
    return replace(film, pixels=np.asarray(picture, dtype=np.float32))
