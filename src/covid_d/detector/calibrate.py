"""From the network's numbers to probabilities, to the classes that remain, to the answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.detector.assessment import Outcome
from covid_d.detector.bundle.spec import (
    NEGATIVE,
    POSITIVE,
    AppearanceCalibration,
    AppearanceConformal,
    Calibration,
    Conformal,
)


def calibrated_probability(logit: float, calibration: Calibration) -> float:
    """Return the probability of COVID-19: ``sigmoid(slope * logit + intercept)``.

    Raises
    ------
    ValueError
        If the logit is not a finite number.
    """
    if not math.isfinite(logit):
        raise ValueError(f"the network's logit is not a number: {logit}")
    return _sigmoid(calibration.slope * logit + calibration.intercept)


def appearance_probabilities(
    logits: Sequence[float], calibration: AppearanceCalibration
) -> dict[Appearance, float]:
    """Return the probability of each category: ``softmax(logits / temperature + bias)``.

    Parameters
    ----------
    logits
        Four, in the order of ``CATEGORIES``.

    Raises
    ------
    ValueError
        If a logit is not a finite number, or there are not four.
    """
    if not all(map(math.isfinite, logits)):
        raise ValueError(f"the network's logits are not numbers: {logits}")
    scores = [
        logit / calibration.temperature + bias
        for logit, bias in zip(logits, calibration.bias, strict=True)
    ]
    highest = max(scores)
    weights = [math.exp(score - highest) for score in scores]
    total = math.fsum(weights)
    return {category: weight / total for category, weight in zip(CATEGORIES, weights, strict=True)}


def check_prevalence(prevalence: float) -> None:
    """Raise ``ValueError`` unless ``prevalence`` lies in (0, 1)."""
    if not 0.0 < prevalence < 1.0:
        raise ValueError(f"prevalence must lie between 0 and 1, got {prevalence}")


def conformal_set(probability: float, conformal: Conformal | None) -> tuple[str, ...]:
    """Return the classes that cannot be ruled out; both when the bundle has no thresholds."""
    if conformal is None:
        return (POSITIVE, NEGATIVE)
    remaining = []
    if 1.0 - probability <= conformal.positive_quantile:
        remaining.append(POSITIVE)
    if probability <= conformal.negative_quantile:
        remaining.append(NEGATIVE)
    return tuple(remaining)


def outcome_of(remaining: tuple[str, ...]) -> Outcome:
    """Return the answer for a conformal set; only a single class is conclusive."""
    if remaining == (POSITIVE,):
        return Outcome.POSITIVE
    if remaining == (NEGATIVE,):
        return Outcome.NEGATIVE
    return Outcome.INCONCLUSIVE


def appearance_set(
    appearance: Mapping[Appearance, float], conformal: AppearanceConformal | None
) -> tuple[Appearance, ...]:
    """Return the categories that cannot be ruled out; all when the bundle has no thresholds."""
    if conformal is None:
        return CATEGORIES
    return tuple(
        category
        for category, quantile in zip(CATEGORIES, conformal.quantiles, strict=True)
        if 1.0 - appearance[category] <= quantile
    )


def outcome_of_appearance(remaining: tuple[Appearance, ...]) -> Outcome:
    """Return the answer for a set of categories.

    Only typical or negative alone is conclusive. Negative says that no pneumonia is seen; it does
    not rule COVID-19 out.
    """
    if remaining == (Appearance.TYPICAL,):
        return Outcome.POSITIVE
    if remaining == (Appearance.NEGATIVE,):
        return Outcome.NEGATIVE
    return Outcome.INCONCLUSIVE


def _sigmoid(x: float) -> float:
    # Two branches, so that exp never overflows.
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    return math.exp(x) / (1.0 + math.exp(x))
