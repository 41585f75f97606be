"""Score tables drawn from known laws; a drawn data set and a bundle that answers by brightness."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from covid_d.dataset.dataset import Dataset
from covid_d.detector.detector import Detector
from covid_d.evaluation.evaluation import Evaluation, evaluate
from covid_d.evaluation.scores import Scores, score
from score_factory import bundle_with_card, make_dataset

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


@pytest.fixture(scope="session")
def phantom_dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A test split of 64 drawn films of three sources, and one that any bundle refuses.

    Brighter films are COVID-19 more often, so that a bundle that answers by brightness is right
    more often than not.
    """
    return make_dataset(tmp_path_factory.mktemp("phantoms") / "dataset")


@pytest.fixture(scope="session")
def phantom_detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    """A bundle that answers by brightness, with evaluation markers in its card."""
    return Detector.load(bundle_with_card(tmp_path_factory.mktemp("bundle") / "bundle"))


@pytest.fixture(scope="session")
def phantom_scores(phantom_detector: Detector, phantom_dataset: Dataset) -> Scores:
    return score(phantom_detector, phantom_dataset, progress=False)


@pytest.fixture(scope="session")
def phantom_evaluation(phantom_detector: Detector, phantom_scores: Scores) -> Evaluation:
    return evaluate(phantom_scores, phantom_detector.bundle, resamples=200)
