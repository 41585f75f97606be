"""Intervals that need no resampling, for films that come several to a patient.

Shares of films take Wilson's interval on the effective number of films, AUROC takes DeLong's
variance summed by patient, and ratios take the log method. All of them equal their textbook form
when every film is another patient's.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import binomtest, norm, rankdata

from covid_d.evaluation.figures.estimate import CONFIDENCE, BoolArray, Estimate, FloatArray

_Z = float(norm.ppf(0.5 + CONFIDENCE / 2))


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Return Wilson's score interval for ``successes`` of ``n``; both may be effective numbers.

    Source: Wilson (1927), JASA 22:209; Newcombe (1998), Stat Med 17:857.
    """
    if n <= 0:
        return math.nan, math.nan
    share = successes / n
    centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    # At the ends rounding must not push the share out of its own interval.
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def exact(successes: int, n: int) -> tuple[float, float]:
    """Return the exact binomial interval (Clopper and Pearson 1934)."""
    if n <= 0:
        return math.nan, math.nan
    found = binomtest(successes, n).proportion_ci(CONFIDENCE, method="exact")
    return float(found.low), float(found.high)


def effective_films(hit: BoolArray, groups: npt.ArrayLike) -> float:
    """Return how many independent films the films of ``groups`` are worth for a share.

    Films over the design effect, with the variance linearised over patients (Rao and Scott 1992,
    Biometrics 48:577), never more than there are films. When all or none of the films are hits
    the design effect is unknown, so each patient counts once.
    """
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    n, clusters = len(hit), int(index.max(initial=-1)) + 1
    share = float(hit.mean()) if n else math.nan
    if clusters < 2 or share in (0.0, 1.0):
        return float(clusters)
    residual = np.bincount(index, weights=hit - share)
    clustered = clusters / (clusters - 1) * float(residual @ residual) / n**2
    design_effect = max(1.0, clustered / (share * (1 - share) / n))
    return n / design_effect


def proportion(hit: BoolArray, groups: npt.ArrayLike) -> Estimate:
    """Return the share of films that are hits, with Wilson's interval on effective films."""
    n = len(hit)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, "wilson")
    effective, share = effective_films(hit, groups), float(hit.mean())
    return Estimate(share, *wilson(share * effective, effective), n, "wilson")


def exact_proportion(hit: BoolArray) -> Estimate:
    """Return the share of films that are hits, with the exact binomial interval."""
    n = len(hit)
    share = float(hit.mean()) if n else math.nan
    return Estimate(share, *exact(int(hit.sum()), n), n, "exact")


def auroc(scores: FloatArray, positive: BoolArray, groups: npt.ArrayLike | None = None) -> Estimate:
    """Return the area under the ROC curve with DeLong's interval, summed by patient.

    Where DeLong's variance is zero (perfect separation) the interval is Newcombe's, which does
    not collapse.

    Parameters
    ----------
    scores
        N; higher means more likely positive. Ties count a half.
    positive
        N; the truth.
    groups
        N; films of one group may depend on each other. Default: every film stands alone.

    Raises
    ------
    ValueError
        If a class has no film.

    References
    ----------
    DeLong et al. (1988), Biometrics 44:837; Sun and Xu (2014), IEEE Signal Process Lett 21:1389
    (placements by ranks); Obuchowski (1997), Biometrics 53:567 (clusters); Newcombe (2006), Stat
    Med 25:559, method 5.
    """
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if positives == 0 or negatives == 0:
        raise ValueError("AUROC needs films of both classes")
    index = (
        np.arange(len(scores))
        if groups is None
        else np.unique(np.asarray(groups), return_inverse=True)[1]
    )
    placements = np.empty(len(scores))
    ranks = rankdata(scores)
    placements[positive] = (ranks[positive] - rankdata(scores[positive])) / negatives
    placements[~positive] = 1.0 - (ranks[~positive] - rankdata(scores[~positive])) / positives
    area = float(placements[positive].mean())
    by_class = [
        np.bincount(index[mask], weights=placements[mask] - area, minlength=index.max() + 1)
        / mask.sum()
        for mask in (positive, ~positive)
    ]
    clusters = [len(np.unique(index[mask])) for mask in (positive, ~positive)]
    scale = [math.sqrt(m / (m - 1)) if m > 1 else math.inf for m in clusters]
    if math.inf in scale:
        return Estimate(area, *_newcombe(area, *clusters), len(scores), "newcombe")
    # A patient may have films of both classes; the sum keeps their covariance.
    total = by_class[0] * scale[0] + by_class[1] * scale[1]
    error = math.sqrt(float(total @ total))
    if error < 1e-12:
        return Estimate(area, *_newcombe(area, *clusters), len(scores), "newcombe")
    low, high = max(0.0, area - _Z * error), min(1.0, area + _Z * error)
    return Estimate(area, low, high, len(scores), "delong")


def _newcombe(area: float, positives: int, negatives: int) -> tuple[float, float]:
    def excess(bound: float) -> float:
        star = (positives + negatives) / 2 - 1
        spread = 1 + star * ((1 - bound) / (2 - bound) + bound / (1 + bound))
        variance = bound * (1 - bound) * spread / (positives * negatives)
        return abs(area - bound) - _Z * math.sqrt(variance)

    tiny = 1e-9
    low = 0.0 if area <= tiny else brentq(excess, tiny, max(area - tiny, 2 * tiny))
    high = 1.0 if area >= 1 - tiny else brentq(excess, min(area + tiny, 1 - 2 * tiny), 1 - tiny)
    return float(low), float(high)


def likelihood_ratios(
    positive_calls: BoolArray, positive: BoolArray, groups: npt.ArrayLike
) -> tuple[Estimate, Estimate]:
    """Return LR+ and LR-, with the log method's intervals on effective films.

    Half a film is added to each cell for the interval when a cell is empty; the value itself is
    left as it is, infinite or zero.

    References
    ----------
    Simel, Samsa and Matchar (1991), J Clin Epidemiol 44:763.
    """
    members = np.asarray(groups)
    hits, alarms = positive_calls[positive], positive_calls[~positive]
    diseased = effective_films(hits, members[positive])
    healthy = effective_films(alarms, members[~positive])
    n = len(positive)
    return (
        _ratio(float(hits.mean()), diseased, float(alarms.mean()), healthy, n),
        _ratio(1 - float(hits.mean()), diseased, 1 - float(alarms.mean()), healthy, n),
    )


def _ratio(above: float, n_above: float, below: float, n_below: float, n: int) -> Estimate:
    value = above / below if below else (math.inf if above else math.nan)
    if above in (0.0, 1.0) or below in (0.0, 1.0):
        above, n_above = (above * n_above + 0.5) / (n_above + 1), n_above + 1
        below, n_below = (below * n_below + 0.5) / (n_below + 1), n_below + 1
    error = math.sqrt((1 - above) / (above * n_above) + (1 - below) / (below * n_below))
    middle = math.log(above / below)
    low, high = math.exp(middle - _Z * error), math.exp(middle + _Z * error)
    # The correction must not push the value out of its own interval.
    if not math.isnan(value):
        low, high = min(low, value), max(high, value)
    return Estimate(value, low, high, n, "log")


def predictive_value(ratio: Estimate, prevalence: float, *, negative: bool = False) -> Estimate:
    """Return PPV (or NPV) at a prevalence from the likelihood ratio and its interval.

    Bayes' rule is monotone in the ratio, so the bounds carry over (the standard logit interval of
    Mercaldo, Lau and Zhou 2007, Stat Med 26:2170).

    Parameters
    ----------
    ratio
        LR+ for PPV, LR- for NPV.
    prevalence
        Share of COVID-19 among those examined, above 0 and below 1.
    negative
        Whether the predictive value of a negative answer is wanted.

    Raises
    ------
    ValueError
        If the prevalence is not strictly between 0 and 1.
    """
    if not 0.0 < prevalence < 1.0:
        raise ValueError(f"prevalence must lie between 0 and 1, got {prevalence}")
    value, low, high = (
        post_test_probability(x, prevalence) for x in (ratio.value, ratio.low, ratio.high)
    )
    if negative:
        value, low, high = 1 - value, 1 - high, 1 - low
    return Estimate(value, low, high, ratio.n, ratio.method)


def post_test_probability(likelihood_ratio: float, prevalence: float) -> float:
    """Return the probability of disease after a result with this likelihood ratio."""
    if math.isinf(likelihood_ratio):
        return 1.0
    odds = prevalence / (1 - prevalence) * likelihood_ratio
    return odds / (1 + odds)
