"""A small data set of phantoms on disk, with sources of both classes and of one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import COLUMNS
from covid_d.evaluation.audit import probes
from covid_d.radiograph.phantom import draw_phantom

SIZE = 128
# split -> source, publisher, films with COVID-19, films without.
_FILMS = {
    "train": (
        ("mixed", "a.org", 10, 10),
        ("mixed", "b.org", 4, 4),
        ("sick", "", 16, 0),
        ("well", "", 0, 16),
    ),
    "test": (
        ("mixed", "a.org", 10, 10),
        ("mixed", "b.org", 4, 4),
        ("sick", "", 12, 0),
        ("well", "", 0, 12),
    ),
}


def draw_films(folder: Path) -> Dataset:
    """Draw the films, positives with opacities, as ``covid-d dataset build`` would leave them."""
    rows: list[list[object]] = []
    for split, sources in _FILMS.items():
        for source, publisher, positives, negatives in sources:
            for index in range(positives + negatives):
                rows.append(_film(folder, len(rows), split, source, publisher, index < positives))
    pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(folder / "manifest.csv", index=False)
    record = {"sha256": "5" * 64, "protocol": "grouped", "counts": {}}
    (folder / "dataset.json").write_text(json.dumps(record), encoding="utf-8")
    return Dataset.open(folder)


@contextmanager
def small_probes() -> Iterator[None]:
    """Let the audit's probes learn little, where nothing is asked of how well they answer.

    Nearly all of an audit of so few films is their learning; ``test_probes.py`` and the rehearsals
    with planted signs have them learn in full.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probes, "_TREES", 4)
        patch.setattr(probes, "_FOLDS", 2)
        yield


def _film(
    folder: Path, number: int, split: str, source: str, publisher: str, positive: bool
) -> list[object]:
    path = folder / split / f"{number:03d}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    draw_phantom(number, opacities=positive, size=SIZE).to_image().save(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    known = {
        "path": f"{split}/{path.name}",
        "label": "covid" if positive else "nocovid",
        "split": split,
        "source": source,
        "subsource": publisher,
        "patient": f"p{number}",
        "group": f"g{number}",
        "projection": "PA",
        "width": SIZE,
        "height": SIZE,
        "sha256": digest,
        "original_sha256": digest,
    }
    return [known.get(column, "") for column in COLUMNS]
