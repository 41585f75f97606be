"""Whether probabilities mean what they say, for many weightings of the same films at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from covid_d.evaluation.figures.estimate import BoolArray, FloatArray

BINS = 10
_EDGE = 1e-6
_MAX_STEPS = 30
# A slope beyond this means that the classes are (almost) separated: no finite slope fits.
_SEPARATED = 50.0


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Films whose probability lies in one bin: how many, what was said, what was true."""

    low: float
    high: float
    n: int
    mean_probability: float
    observed: float


def bin_of(probabilities: FloatArray, bins: int = BINS) -> np.ndarray[tuple[int, ...], np.dtype]:
    """Return the equal-width bin of each probability; 1.0 belongs to the last one."""
    return np.minimum((probabilities * bins).astype(np.int64), bins - 1)


def reliability(
    probabilities: FloatArray, positive: BoolArray, bins: int = BINS
) -> list[ReliabilityBin]:
    """Return the films by equal-width bin of probability; empty bins are left out."""
    member = bin_of(probabilities, bins)
    return [
        ReliabilityBin(
            low=k / bins,
            high=(k + 1) / bins,
            n=int((member == k).sum()),
            mean_probability=float(probabilities[member == k].mean()),
            observed=float(positive[member == k].mean()),
        )
        for k in range(bins)
        if (member == k).any()
    ]


class CalibratedFilms:
    """Probabilities and truth of one evaluation, ready to be weighted.

    Parameters
    ----------
    probabilities
        N, in [0, 1].
    positive
        N; the truth.
    """

    def __init__(self, probabilities: FloatArray, positive: BoolArray) -> None:
        self._p = probabilities
        self._y = positive.astype(np.float64)
        self._x = logit(np.clip(probabilities, _EDGE, 1 - _EDGE))
        self._in_bin = np.eye(BINS)[bin_of(probabilities)]  # NxBINS

    def statistics(self, weights: FloatArray) -> dict[str, FloatArray]:
        """Return Brier score, expected calibration error, calibration slope and intercept.

        The calibration error has ten equal-width bins (Guo et al. 2017, ICML); it cannot be
        negative, so chance alone lifts it when films are few. Slope and intercept come from
        logistic recalibration, ``logit P(y) = a + b logit(p)``: ``b`` below 1 means answers too
        extreme; the intercept is calibration in the large, ``a`` with ``b`` held at 1: below 0
        means probabilities too high (Cox 1958, Biometrika 45:562; Van Calster et al. 2019, BMC
        Med 17:230). NaN where the classes are separated and no finite slope exists.
        """
        total = weights.sum(axis=1)
        gap = np.abs((weights * (self._y - self._p)) @ self._in_bin).sum(axis=1)
        return {
            "brier": weights @ (self._y - self._p) ** 2 / total,
            "calibration_error": gap / total,
            "calibration_slope": self._slope(weights),
            "calibration_intercept": self._in_the_large(weights),
        }

    def _slope(self, weights: FloatArray) -> FloatArray:
        # Newton's method on two parameters, all resamples at once.
        a, b = np.zeros(len(weights)), np.ones(len(weights))
        for _ in range(_MAX_STEPS):
            p = expit(a[:, None] + b[:, None] * self._x)
            error, curve = weights * (self._y - p), weights * p * (1 - p)
            g0, g1 = error.sum(axis=1), error @ self._x
            h00, h01, h11 = curve.sum(axis=1), curve @ self._x, curve @ self._x**2
            determinant = h00 * h11 - h01**2
            with np.errstate(invalid="ignore", divide="ignore"):
                da = (h11 * g0 - h01 * g1) / determinant
                db = (h00 * g1 - h01 * g0) / determinant
            # Half steps keep the first iterations from overshooting where p is near 0 or 1.
            da, db = np.clip(da, -4, 4), np.clip(db, -1, 1)
            a, b = a + da, b + db
            lost = ~np.isfinite(b) | (np.abs(b) > _SEPARATED)
            a, b = np.where(lost, np.nan, a), np.where(lost, np.nan, b)
            if np.nanmax(np.abs(np.r_[da[~lost], db[~lost], 0.0])) < 1e-8:
                break
        else:
            b = np.where(np.abs(db) < 1e-3, b, np.nan)
        return np.where(self._one_class(weights), np.nan, b)

    def _in_the_large(self, weights: FloatArray) -> FloatArray:
        # One class alone has no finite intercept: it would run away until nothing is left of p.
        found = np.full(len(weights), np.nan)
        both = ~self._one_class(weights)
        weights, a = weights[both], np.zeros(int(both.sum()))
        for _ in range(_MAX_STEPS):
            p = expit(a[:, None] + self._x)
            step = (weights * (self._y - p)).sum(axis=1) / (weights * p * (1 - p)).sum(axis=1)
            step = np.clip(step, -2, 2)
            a = a + step
            if np.abs(step).max(initial=0.0) < 1e-8:
                break
        found[both] = a
        return found

    def _one_class(self, weights: FloatArray) -> BoolArray:
        positives = weights @ self._y
        found: BoolArray = (positives == 0) | (positives == weights.sum(axis=1))
        return found


class BinnedFilms:
    """Probabilities and truth by equal-width bin: calibration errors and nothing else.

    Parameters
    ----------
    probabilities
        N, in [0, 1].
    positive
        N; the truth.
    """

    def __init__(self, probabilities: FloatArray, positive: BoolArray) -> None:
        self._y = positive.astype(np.float64)
        self._gap = self._y - probabilities
        self._in_bin = np.eye(BINS)[bin_of(probabilities)]  # NxBINS

    def error(self, weights: FloatArray) -> FloatArray:
        """Return the expected calibration error (Guo et al. 2017); chance alone lifts it."""
        gaps = np.abs((weights * self._gap) @ self._in_bin).sum(axis=1)
        error: FloatArray = gaps / weights.sum(axis=1)
        return error

    def corrected(self) -> float:
        """Return the calibration error without what chance adds when films are few.

        The root of the films' mean squared gap by bin, less the variance of each bin's observed
        share; never less than 0. A bin of one film has no variance to take off and is left out.
        By Jensen's inequality it is not below the expected calibration error but for that
        correction.

        References
        ----------
        Kumar, Liang and Ma (2019), *Verified uncertainty calibration*, NeurIPS 32, the debiased
        estimator.
        """
        counts = self._in_bin.sum(axis=0)
        full = counts > 1
        if not full.any():
            return float("nan")
        counts = counts[full]
        gap = (self._gap @ self._in_bin)[full] / counts
        share = (self._y @ self._in_bin)[full] / counts
        squared = gap**2 - share * (1 - share) / (counts - 1)
        return float(np.sqrt(max(0.0, float(counts @ squared / counts.sum()))))
