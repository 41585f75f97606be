"""A drawn data set, and a bundle that answers it by brightness, with markers in its card."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from bundle_factory import make_bundle
from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import COLUMNS
from covid_d.detector.bundle.contents import update
from covid_d.evaluation.report.card import BEGIN, END
from covid_d.files import sha256_of
from covid_d.radiograph.phantom import draw_phantom


def make_dataset(folder: Path, *, seed: int = 1, splits: tuple[str, ...] = ("test",)) -> Dataset:
    """Draw a data set as ``covid-d dataset build`` leaves it: 64 films and a blank one.

    Brighter films are COVID-19 more often. Patients take turns over ``splits``.
    """
    rng = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    plan = [
        ("north", "a.org", "covid", 14),
        ("north", "b.org", "nocovid", 14),
        ("south", "", "covid", 12),
        ("east", "", "nocovid", 24),
    ]
    for source, publisher, label, count in plan:
        for k in range(count):
            name = f"test/{source}-{label}-{k}.png"
            shift = rng.normal(0.06 if label == "covid" else -0.02, 0.05)
            pixels = draw_phantom(len(rows), opacities=label == "covid").pixels + shift
            _write(folder / name, np.clip(pixels, 0, 1))
            rows.append(_row(folder, name, source, publisher, label, k))
    _write(folder / "test/blank.png", np.full((256, 256), 0.5))
    rows.append(_row(folder, "test/blank.png", "east", "", "nocovid", 99))
    manifest = pd.DataFrame(rows, columns=list(COLUMNS))
    turns = pd.factorize(manifest["patient"])[0] % len(splits)
    manifest["split"] = [splits[turn] for turn in turns]
    manifest.to_csv(folder / "manifest.csv", index=False)
    record = {"sha256": "a" * 64, "protocol": "grouped", "counts": {}}
    (folder / "dataset.json").write_text(json.dumps(record), encoding="utf-8")
    return Dataset.open(folder)


def _write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path)


def _row(
    folder: Path, name: str, source: str, publisher: str, label: str, k: int
) -> dict[str, object]:
    digest = sha256_of(folder / name)
    return {
        "path": name,
        "label": label,
        "split": "test",
        "source": source,
        "subsource": publisher,
        "patient": f"{source}-{label}-{k // 2}",
        "group": "" if source == "south" else f"{source}-{label}-{k // 2}",
        "finding": "",
        "projection": "AP" if k % 2 else "PA",
        "age": 30 + k if k % 3 else "",
        "sex": "F" if k % 2 else "M",
        "license": "CC0",
        "url": "",
        "original": name,
        "width": 256,
        "height": 256,
        "sha256": digest,
        "original_sha256": digest,
        "phash": "0" * 16,
    }


def bundle_with_card(folder: Path) -> Path:
    """Write such a bundle."""
    make_bundle(folder)
    update(
        folder,
        {"MODEL_CARD.md": "# Phantom\n\nBefore.\n\n" + f"{BEGIN}\nnothing yet\n{END}\n\nAfter.\n"},
    )
    return folder
