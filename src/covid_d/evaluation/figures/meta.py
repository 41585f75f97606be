"""Random-effects meta-analysis: one figure from many places that differ.

Each place's figure is taken to be drawn around a common middle with variance ``tau2`` between
places, estimated by restricted maximum likelihood. The interval of the middle is that of Hartung
and Knapp, which stays honest with few places.

References
----------
Viechtbauer (2005), *Bias and efficiency of meta-analytic variance estimators*, J Educ Behav Stat
30:261 (REML). DerSimonian and Laird (1986), Control Clin Trials 7:177. Hartung and Knapp (2001),
Stat Med 20:3875. Higgins, Thompson and Spiegelhalter (2009), J R Stat Soc A 172:137 (prediction).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.special import expit
from scipy.stats import chi2, t

from covid_d.evaluation.figures.estimate import CONFIDENCE, Estimate, FloatArray

_STEPS: Final = 200
_CLOSE: Final = 1e-10


@dataclass(frozen=True, slots=True)
class RandomEffects:
    """A middle of many figures, and how far they lie apart.

    Parameters
    ----------
    mean, low, high, error
        The middle, its 95 % interval and its standard error; of one place without interval (NaN).
    tau2
        Variance between places.
    i2
        Share of the figures' spread that is no chance, in [0, 1].
    q, p
        Cochran's statistic and its p-value.
    predict_low, predict_high
        Between which the figure of another such place lies, 95 %; NaN below three places.
    places
        How many.
    """

    mean: float
    low: float
    high: float
    error: float
    tau2: float
    i2: float
    q: float
    p: float
    predict_low: float
    predict_high: float
    places: int


def random_effects(
    figures: FloatArray,
    variances: FloatArray,
    *,
    method: Literal["reml", "dl"] = "reml",
    adjusted: bool = True,
) -> RandomEffects:
    """Return the middle of many figures.

    Parameters
    ----------
    figures, variances
        K figures on a scale where they are about normal, and their variances within places.
    method
        How ``tau2`` is estimated: restricted maximum likelihood, or DerSimonian and Laird.
    adjusted
        Whether the interval is Hartung's and Knapp's; else the normal one.

    Raises
    ------
    ValueError
        Without figures, or if a variance is not positive.
    """
    k = len(figures)
    if k == 0 or len(variances) != k or not (variances > 0).all():
        raise ValueError("a meta-analysis needs figures, each with a positive variance")
    q = _cochran(figures, variances)
    tau2 = _dersimonian_laird(figures, variances, q)
    if method == "reml":
        tau2 = _reml(figures, variances, tau2)
    weights = 1.0 / (variances + tau2)
    mean = float(weights @ figures / weights.sum())
    if k == 1:
        nan = math.nan
        return RandomEffects(mean, nan, nan, math.sqrt(variances[0]), 0.0, 0.0, q, nan, nan, nan, 1)
    error = math.sqrt(1.0 / weights.sum())
    factor = float(t.ppf(0.5 + CONFIDENCE / 2, math.inf))
    if adjusted:
        error *= math.sqrt(float(weights @ (figures - mean) ** 2) / (k - 1))
        factor = float(t.ppf(0.5 + CONFIDENCE / 2, k - 1))
    half = factor * error
    spread = float(t.ppf(0.5 + CONFIDENCE / 2, k - 2)) if k > 2 else math.nan
    reach = spread * math.sqrt(tau2 + error**2)
    return RandomEffects(
        mean,
        mean - half,
        mean + half,
        error,
        tau2,
        _share_no_chance(variances, tau2),
        q,
        float(chi2.sf(q, k - 1)),
        mean - reach,
        mean + reach,
        k,
    )


def pooled_share(hits: Sequence[int], totals: Sequence[int]) -> tuple[Estimate, RandomEffects]:
    """Return the middle of many shares, pooled as logits, and what was found on that scale.

    Where a place has none or all, half is added to either side, as the logit needs.

    Parameters
    ----------
    hits, totals
        K counts each; every total is positive.
    """
    share, n = np.array(hits, dtype=np.float64), np.array(totals, dtype=np.float64)
    edge = (share == 0) | (share == n)
    yes, no = share + 0.5 * edge, n - share + 0.5 * edge
    found = random_effects(np.log(yes / no), 1 / yes + 1 / no)
    value, low, high = (float(expit(x)) for x in (found.mean, found.low, found.high))
    return Estimate(value, low, high, int(n.sum()), "reml"), found


def _cochran(figures: FloatArray, variances: FloatArray) -> float:
    weights = 1.0 / variances
    return float(weights @ (figures - weights @ figures / weights.sum()) ** 2)


def _dersimonian_laird(figures: FloatArray, variances: FloatArray, q: float) -> float:
    if len(figures) == 1:
        return 0.0
    weights = 1.0 / variances
    scale = weights.sum() - (weights**2).sum() / weights.sum()
    return max(0.0, float((q - (len(figures) - 1)) / scale))


def _reml(figures: FloatArray, variances: FloatArray, tau2: float) -> float:
    """Return ``tau2`` by Fisher scoring of the restricted likelihood."""
    if len(figures) == 1:
        return 0.0
    for _ in range(_STEPS):
        weights = 1.0 / (variances + tau2)
        total = weights.sum()
        mean = weights @ figures / total
        # With P = W - W11'W / sum(W): y'PPy, tr(P) and tr(PP).
        squares = float(weights**2 @ (figures - mean) ** 2)
        trace = float(total - (weights**2).sum() / total)
        trace_2 = float(
            (weights**2).sum() - 2 * (weights**3).sum() / total + ((weights**2).sum() / total) ** 2
        )
        step = (squares - trace) / trace_2
        while tau2 + step < 0 and tau2 > _CLOSE:
            step /= 2
        before, tau2 = tau2, max(0.0, tau2 + step)
        if abs(tau2 - before) < _CLOSE:
            break
    return tau2


def _share_no_chance(variances: FloatArray, tau2: float) -> float:
    """Return I2 (Higgins and Thompson 2002, Stat Med 21:1539), from ``tau2``."""
    weights = 1.0 / variances
    typical = (len(weights) - 1) * weights.sum() / (weights.sum() ** 2 - (weights**2).sum())
    return float(tau2 / (tau2 + typical))
