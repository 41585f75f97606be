"""Tables of appearance drawn from known laws, and the scores of a whole evaluation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from covid_d.detector.assessment import BundleId
from covid_d.evaluation.scores import Scores

CATEGORIES = ("negative", "atypical", "indeterminate", "typical")
QUANTILES = (0.55, 0.9, 0.85, 0.6)
ID = BundleId("drawn", "1.0", "5" * 64)


def probabilities_for(
    grades: np.ndarray, *, sharpness: float = 2.0, seed: int = 0
) -> np.ndarray:
    """Draw Nx4 probabilities that lean to each film's grade, by softmax of noisy evidence."""
    rng = np.random.default_rng(seed)
    evidence = rng.normal(size=(len(grades), 4))
    evidence[np.arange(len(grades)), grades] += sharpness
    raised = np.exp(evidence)
    return raised / raised.sum(axis=1, keepdims=True)


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
