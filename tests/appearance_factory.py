"""Tables of appearance drawn from known laws, and the scores of a whole evaluation."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from bundle_factory import make_appearance_bundle
from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import COLUMNS
from covid_d.detector.assessment import BundleId
from covid_d.detector.bundle.contents import update
from covid_d.evaluation.report.card import BEGIN, END
from covid_d.evaluation.scores import Scores
from covid_d.radiograph.phantom import draw_phantom

CATEGORIES = ("negative", "atypical", "indeterminate", "typical")
QUANTILES = (0.55, 0.9, 0.85, 0.6)
ID = BundleId("drawn", "1.0", "5" * 64)


def probabilities_for(grades: np.ndarray, *, sharpness: float = 2.0, seed: int = 0) -> np.ndarray:
    """Draw Nx4 probabilities that lean to each film's grade, by softmax of noisy evidence."""
    rng = np.random.default_rng(seed)
    evidence = rng.normal(size=(len(grades), 4))
    evidence[np.arange(len(grades)), grades] += sharpness
    raised = np.exp(evidence)
    shares: np.ndarray = raised / raised.sum(axis=1, keepdims=True)
    return shares


def table(
    p: np.ndarray,
    *,
    appearance: list[str] | None = None,
    label: str = "",
    finding: str = "",
    source: str = "siim",
    projection: str = "",
    films_per_patient: int = 1,
) -> pd.DataFrame:
    """Return a score table of films with these probabilities, answered at ``QUANTILES``."""
    sets = ["|".join(c for c, q, t in zip(CATEGORIES, row, QUANTILES, strict=True) if 1 - q <= t)
            for row in p]  # fmt: skip
    outcome = ["positive" if s == "typical" else "negative" if s == "negative" else "inconclusive"
               for s in sets]  # fmt: skip
    numbers = np.arange(len(p))
    patients = [f"{source}{finding}-{k // films_per_patient}" for k in numbers]
    return pd.DataFrame(
        {
            "path": [f"{source}/{finding}{k}.png" for k in numbers],
            "label": label,
            "split": "test",
            "group": patients,
            "patient": patients,
            "source": source,
            "subsource": "",
            "projection": projection,
            "sex": "",
            "age": np.nan,
            "original_sha256": [f"{source}{finding}{k:060d}"[:64] for k in numbers],
            "sha256": [f"{source}{finding}{k:060d}"[:64] for k in numbers],
            "finding": finding,
            "appearance": appearance if appearance is not None else "",
            "seen": False,
            **{name: p[:, k] for k, name in enumerate(CATEGORIES)},
            "opacity": 1 - p[:, 0],
            "outcome": outcome,
            "conformal_set": sets,
        }
    )


def graded_table(
    per_category: int = 40,
    *,
    sharpness: float = 2.0,
    seed: int = 0,
    source: str = "siim",
    films_per_patient: int = 1,
    projection: str = "",
) -> pd.DataFrame:
    """Return as many graded films of each category."""
    grades = np.repeat(np.arange(4), per_category)
    return table(
        probabilities_for(grades, sharpness=sharpness, seed=seed),
        appearance=[CATEGORIES[k] for k in grades],
        source=source,
        films_per_patient=films_per_patient,
        projection=projection,
    )


def outside_table(
    source: str, finding: str, grade: int, count: int, *, seed: int = 0, projection: str = ""
) -> pd.DataFrame:
    """Return films that nobody graded, which look like one category."""
    grades = np.full(count, grade)
    return table(
        probabilities_for(grades, seed=seed),
        label="covid" if finding == "COVID-19" else "nocovid",
        finding=finding,
        source=source,
        projection=projection,
    )


def scores_of(*tables: pd.DataFrame, seen_known: bool = True) -> Scores:
    """Return tables as the scores of one evaluation; one more film was refused."""
    films = pd.concat(tables, ignore_index=True)
    refused = films.iloc[:1].assign(
        code="blank", reason_es="Imagen vacía.", reason_en="Blank picture."
    )
    return Scores(
        films=films.iloc[1:].reset_index(drop=True),
        refused=refused,
        bundle=ID,
        dataset_sha256="a" * 64,
        split="test",
        seen_allowed=False,
        seen_known=seen_known,
    )


KINDS = (*CATEGORIES, "", "")


def draw_graded(folder: Path, per_kind: int = 12) -> Dataset:
    """Draw graded films, brighter by grade, and ungraded normal ones of two sources."""
    rows = []
    for place, kind in enumerate(KINDS):
        for k in range(per_kind):
            name = f"test/{place}-{k}.png"
            phantom = draw_phantom(100 * place + k, size=192).pixels
            pixels = np.clip(phantom * 0.7 + 0.07 * (place % 4), 0, 1)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((pixels * 255).astype(np.uint8)).save(folder / name)
            digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            known = {
                "path": name, "label": "" if kind else "nocovid", "split": "test",
                "source": "siim" if kind else ("rsna", "nih")[place % 2],
                "patient": f"p{place}-{k}", "group": f"g{place}-{k // 2}" if k else "",
                "finding": "" if kind else "Normal", "appearance": kind,
                "width": 192, "height": 192, "sha256": digest, "original_sha256": digest,
            }  # fmt: skip
            rows.append(known)
    (folder / "test/empty.png").write_bytes(b"")
    rows.append({**rows[0], "path": "test/empty.png", "sha256": "0" * 64,
                 "original_sha256": "0" * 64})  # fmt: skip
    manifest = pd.DataFrame(rows).reindex(columns=list(COLUMNS)).astype(object).fillna("")
    manifest.to_csv(folder / "manifest.csv", index=False)
    record = {"sha256": "b" * 64, "protocol": "grouped", "counts": {}}
    (folder / "dataset.json").write_text(json.dumps(record), encoding="utf-8")
    return Dataset.open(folder)


def bundle_of_appearance(folder: Path) -> Path:
    """Write a bundle of appearance that answers by brightness, with markers in its card."""
    make_appearance_bundle(folder)
    update(
        folder,
        {"MODEL_CARD.md": "# Phantom\n\nBefore.\n\n" + f"{BEGIN}\nnothing yet\n{END}\n\nAfter.\n"},
    )
    return folder
