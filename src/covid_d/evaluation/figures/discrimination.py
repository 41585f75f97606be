"""How well scores tell the classes apart, for many weightings of the same films at once.

scikit-learn computes each of these for one weighting; 2000 bootstrap resamples of every subgroup
need them vectorised. The tests hold them equal to scikit-learn, weights included.

All functions take weights BxN and return B values; NaN where a class has no weight.
"""

from __future__ import annotations

import numpy as np

from covid_d.evaluation.figures.estimate import BoolArray, FloatArray


class RankedFilms:
    """Films of one evaluation ordered by score, ready to be weighted.

    Parameters
    ----------
    scores
        N; higher means more likely positive.
    positive
        N; the truth.
    """

    def __init__(self, scores: FloatArray, positive: BoolArray) -> None:
        self._order = np.argsort(-scores, kind="stable")
        ranked = scores[self._order]
        self._starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
        self._positive = positive[self._order].astype(np.float64)

    def _counts(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        # Weight of positives and negatives at each distinct score, highest score first: BxU.
        ranked = weights[:, self._order]
        positives = ranked * self._positive
        true = np.add.reduceat(positives, self._starts, axis=1)
        false = np.add.reduceat(ranked - positives, self._starts, axis=1)
        return true, false

    def statistics(
        self, weights: FloatArray, *, specificity: float = 0.90, sensitivity: float = 0.95
    ) -> dict[str, FloatArray]:
        """Return AUROC, average precision and the two fixed-point figures.

        ``sensitivity_at_specificity`` is the best sensitivity of any threshold whose specificity
        is at least ``specificity``; ``specificity_at_sensitivity`` the reverse. Such thresholds
        are chosen on the very films they are measured on, which flatters both slightly.
        """
        true, false = self._counts(weights)
        hits, alarms = np.cumsum(true, axis=1), np.cumsum(false, axis=1)
        positives, negatives = hits[:, -1:], alarms[:, -1:]
        with np.errstate(invalid="ignore", divide="ignore"):
            below = negatives - alarms + false / 2
            area = (true * below).sum(axis=1) / (positives * negatives)[:, 0]
            precision = np.where(hits + alarms > 0, hits / (hits + alarms), 0.0)
            average_precision = (true / positives * precision).sum(axis=1)
            recall, false_rate = hits / positives, alarms / negatives
            allowed = false_rate <= 1 - specificity + 1e-12
            reached = recall >= sensitivity - 1e-12
        both = (positives > 0)[:, 0] & (negatives > 0)[:, 0]
        found = {
            "auroc": area,
            "average_precision": average_precision,
            "sensitivity_at_90_specificity": np.where(allowed, recall, 0.0).max(axis=1),
            "specificity_at_95_sensitivity": np.where(reached, 1 - false_rate, 0.0).max(axis=1),
        }
        return {name: np.where(both, values, np.nan) for name, values in found.items()}
