"""From the network's logit to a probability, to the classes that remain, to the answer."""

from __future__ import annotations

import math

from covid_d.detector.assessment import Outcome
from covid_d.detector.bundle.spec import NEGATIVE, POSITIVE, Calibration, Conformal


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


def post_test_probability(
    probability: float, calibration_prevalence: float, prevalence: float
) -> float:
    """Return the probability at another prevalence, by Bayes' rule on the odds.

    The likelihood ratio ``odds / calibration odds`` is kept and the prior odds are replaced. This
    assumes that only the share of COVID-19 differs, not how either class looks.

    Parameters
    ----------
    probability
        Calibrated probability, in [0, 1].
    calibration_prevalence
        Share of positives where it was calibrated, in (0, 1).
    prevalence
        Share of positives where it is used, in (0, 1).

    Raises
    ------
    ValueError
        If ``prevalence`` does not lie in (0, 1).

    References
    ----------
    Saerens, Latinne and Decaestecker (2002), *Neural Computation* 14, equation 2.4.
    """
    check_prevalence(prevalence)
    for_covid = probability * prevalence / calibration_prevalence
    against = (1.0 - probability) * (1.0 - prevalence) / (1.0 - calibration_prevalence)
    return for_covid / (for_covid + against)


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


def _sigmoid(x: float) -> float:
    # Two branches, so that exp never overflows.
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    return math.exp(x) / (1.0 + math.exp(x))
