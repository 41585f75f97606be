"""How far two gradings of the same films agree, for many weightings of them at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from covid_d.evaluation.figures.estimate import FloatArray


class GradedFilms:
    """Two gradings of the same films, ready to be weighted.

    Parameters
    ----------
    first, second
        N grades, 0 to ``grades`` - 1.
    grades
        How many there are.
    """

    def __init__(
        self, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], grades: int
    ) -> None:
        self._cells = np.eye(grades * grades)[first * grades + second]
        self._grades = grades
        steps = np.arange(grades)
        self._distance = ((steps[:, None] - steps[None]) / max(1, grades - 1)) ** 2

    def table(self, weights: FloatArray) -> FloatArray:
        """Return the weighted counts: B tables, ``first`` down, ``second`` across."""
        counts: FloatArray = (weights @ self._cells).reshape(-1, self._grades, self._grades)
        return counts

    def kappa(self, weights: FloatArray) -> FloatArray:
        """Return Cohen's kappa with quadratic weights; NaN where one grade is all there is.

        References
        ----------
        Cohen (1968), *Psychological Bulletin* 70:213.
        """
        observed = self.table(weights)
        total = observed.sum(axis=(1, 2))
        expected = (
            observed.sum(axis=2)[:, :, None]
            * observed.sum(axis=1)[:, None, :]
            / total[:, None, None]
        )
        apart = (observed * self._distance).sum(axis=(1, 2))
        by_chance = (expected * self._distance).sum(axis=(1, 2))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(by_chance > 0, 1 - apart / by_chance, np.nan)
