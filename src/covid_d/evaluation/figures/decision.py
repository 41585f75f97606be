"""Whether acting on the answer does more good than treating all or none (decision curves)."""

from __future__ import annotations

import numpy as np

from covid_d.evaluation.figures.estimate import BoolArray, FloatArray

# Threshold probabilities of the curve; figures are given at the four below.
THRESHOLDS: FloatArray = np.round(np.arange(0.01, 0.991, 0.01), 2)
REPORTED_THRESHOLDS = (0.05, 0.10, 0.20, 0.50)


def net_benefit(
    probabilities: FloatArray, positive: BoolArray, thresholds: FloatArray, weights: FloatArray
) -> FloatArray:
    """Return the net benefit of acting when the probability reaches each threshold.

    True positives minus false positives weighed by the odds of the threshold, a film: the
    threshold says how many needless actions are worth one found patient.

    Parameters
    ----------
    probabilities, positive
        N.
    thresholds
        T, each above 0 and below 1.
    weights
        BxN.

    Returns
    -------
    BxT array.

    References
    ----------
    Vickers and Elkin (2006), Med Decis Making 26:565.
    """
    act = probabilities[:, None] >= thresholds
    odds = thresholds / (1 - thresholds)
    worth = np.where(positive[:, None], 1.0, -odds) * act
    benefit: FloatArray = weights @ worth / weights.sum(axis=1, keepdims=True)
    return benefit


def net_benefit_of_treating_all(prevalence: float, thresholds: FloatArray) -> FloatArray:
    """Return the net benefit of acting on everyone, whatever the film shows: T values."""
    return prevalence - (1 - prevalence) * thresholds / (1 - thresholds)
