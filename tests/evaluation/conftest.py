"""Score tables drawn from known laws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

ScoreTable = Callable[..., pd.DataFrame]


def _table(
    positives: int,
    negatives: int,
    *,
    source: str = "hospital",
    subsource: str = "",
    separation: float = 1.5,
    seed: int = 0,
    error_rate: float = 0.1,
) -> pd.DataFrame:
    """Draw films whose logit is normal, two a patient, and answer them with conformal sets."""
    rng = np.random.default_rng(seed)
    positive = np.arange(positives + negatives) < positives
    logits = rng.normal(np.where(positive, separation, -separation), 1.0)
    p = expit(logits)
    # True quantiles of the law, so that coverage is what it should be.
    spare = 1.2816 if error_rate == 0.1 else 1.6449
    low, high = expit(separation - spare), expit(-separation + spare)
    kept_positive, kept_negative = p >= low, p <= high
    sets = [
        "|".join(name for name, kept in (("covid", a), ("nocovid", b)) if kept)
        for a, b in zip(kept_positive, kept_negative, strict=True)
    ]
    outcome = np.where(
        kept_positive & ~kept_negative,
        "positive",
        np.where(kept_negative & ~kept_positive, "negative", "inconclusive"),
    )
    numbers = np.arange(len(p))
    return pd.DataFrame(
        {
            "path": [f"{source}/{k}.png" for k in numbers],
            "label": np.where(positive, "covid", "nocovid"),
            "split": "test",
            "group": [
                f"{source}-{flag}-{k // 2}" for k, flag in zip(numbers, positive, strict=True)
            ],
            "patient": [f"{source}-{k // 2}" for k in numbers],
            "source": source,
            "subsource": subsource,
            "projection": np.where(numbers % 3 == 0, "AP", "PA"),
            "sex": np.where(numbers % 2 == 0, "F", "M"),
            "age": np.where(numbers % 5 == 0, np.nan, 20.0 + numbers % 70),
            "original_sha256": [f"{source}{k:060d}" for k in numbers],
            "logit": logits,
            "probability": p,
            "outcome": outcome,
            "conformal_set": sets,
        }
    )


@pytest.fixture
def draw_scores() -> ScoreTable:
    """Return the drawing function."""
    return _table
