"""How far gradings of the same films agree: two of them (Cohen), or three and more (Fleiss)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from covid_d.evaluation.figures.bootstrap import RESAMPLES, SEED, percentile_interval
from covid_d.evaluation.figures.estimate import Estimate, FloatArray, IntArray
from covid_d.evaluation.figures.intervals import wilson


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
        self._distance = quadratic(grades)

    def table(self, weights: FloatArray) -> FloatArray:
        """Return the weighted counts: B tables, ``first`` down, ``second`` across."""
        counts: FloatArray = (weights @ self._cells).reshape(-1, self._grades, self._grades)
        return counts

    def kappa(self, weights: FloatArray) -> FloatArray:
        """Return Cohen's kappa with quadratic weights; NaN where one grade is all there is."""
        return cohen(self.table(weights), self._distance)


def quadratic(grades: int) -> FloatArray:
    """Return how far ordered grades are apart: the squared steps between them, at most 1."""
    steps = np.arange(grades)
    distance: FloatArray = ((steps[:, None] - steps[None]) / max(1, grades - 1)) ** 2
    return distance


def nominal(grades: int) -> FloatArray:
    """Return how far grades without an order are apart: 1, whichever they are."""
    return 1 - np.eye(grades)


def cohen(tables: FloatArray, distance: FloatArray) -> FloatArray:
    """Return Cohen's kappa of B tables; NaN where one grade is all there is.

    Parameters
    ----------
    tables
        BxKxK counts, the first grading down.
    distance
        KxK, as :func:`quadratic` or :func:`nominal` give it.

    References
    ----------
    Cohen (1960), *Educational and Psychological Measurement* 20:37; weighted: Cohen (1968),
    *Psychological Bulletin* 70:213.
    """
    total = tables.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = (
            tables.sum(axis=2)[:, :, None] * tables.sum(axis=1)[:, None, :] / total[:, None, None]
        )
        apart = (tables * distance).sum(axis=(1, 2))
        by_chance = (expected * distance).sum(axis=(1, 2))
        return np.where(by_chance > 0, 1 - apart / by_chance, np.nan)


def fleiss(agreeing: FloatArray, graded: FloatArray, films: FloatArray) -> FloatArray:
    """Return Fleiss' kappa of B sets of films; NaN where one grade is all there is.

    Parameters
    ----------
    agreeing
        B sums over films of the share of a film's pairs of readers that agree.
    graded
        BxK counts of grades, over all films and readers.
    films
        B numbers of films.

    References
    ----------
    Fleiss (1971), *Psychological Bulletin* 76:378.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = graded / graded.sum(axis=1, keepdims=True)
        by_chance = (shares**2).sum(axis=1)
        return np.where(by_chance < 1, (agreeing / films - by_chance) / (1 - by_chance), np.nan)


def cohen_estimate(
    first: IntArray,
    second: IntArray,
    grades: int,
    patients: npt.ArrayLike,
    *,
    ordered: bool,
) -> Estimate:
    """Return Cohen's kappa with its 95 % interval, patients drawn whole.

    Parameters
    ----------
    first, second
        N grades, 0 to ``grades`` - 1.
    grades
        How many there are.
    patients
        N; films of one patient depend on each other.
    ordered
        Whether the grades have an order: then the weights are quadratic, else there are none.
    """
    cells = np.eye(grades * grades)[first * grades + second]
    distance = quadratic(grades) if ordered else nominal(grades)

    def statistic(sums: FloatArray) -> FloatArray:
        return cohen(sums.reshape(-1, grades, grades), distance)

    def by_chance(sums: FloatArray) -> float:
        table = sums.reshape(grades, grades)
        expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum() ** 2
        return float((expected * distance).sum())

    return _estimate(cells, patients, statistic, by_chance)


def fleiss_estimate(ratings: IntArray, grades: int, patients: npt.ArrayLike) -> Estimate:
    """Return Fleiss' kappa with its 95 % interval, patients drawn whole.

    Parameters
    ----------
    ratings
        NxR grades of as many readers a film, 0 to ``grades`` - 1, in any order.
    grades
        How many there are.
    patients
        N; films of one patient depend on each other.
    """
    readers = ratings.shape[1]
    counts = np.eye(grades)[ratings].sum(axis=1)
    agreeing = ((counts**2).sum(axis=1) - readers) / (readers * (readers - 1))
    parts = np.column_stack([agreeing, counts, np.ones(len(ratings))])

    def statistic(sums: FloatArray) -> FloatArray:
        return fleiss(sums[:, 0], sums[:, 1:-1], sums[:, -1])

    def by_chance(sums: FloatArray) -> float:
        shares = sums[1:-1] / sums[1:-1].sum()
        return float(1 - (shares**2).sum())

    return _estimate(parts, patients, statistic, by_chance)


def _estimate(
    parts: FloatArray,
    patients: npt.ArrayLike,
    statistic: Callable[[FloatArray], FloatArray],
    by_chance: Callable[[FloatArray], float],
) -> Estimate:
    """Return a statistic of sums over films, with the interval of the bootstrap by patient.

    Patients whose films add the same to the sums are told apart by nothing: how often each kind of
    them is drawn is multinomial, so the cost does not grow with the films.

    Where everybody agrees throughout, no resample knows a doubt; the lower bound is then that of
    Wilson for as many disagreements as patients without one allow, each at full distance.

    Parameters
    ----------
    parts
        NxV, what each film adds.
    patients
        N names.
    statistic
        Takes BxV sums and returns B values.
    by_chance
        Takes V sums and returns the distance that chance alone would leave.
    """
    n = len(parts)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, "bootstrap")
    _, index = np.unique(np.asarray(patients), return_inverse=True)
    clusters = int(index.max()) + 1
    sums = np.zeros((clusters, parts.shape[1]))
    np.add.at(sums, index, parts)
    whole = sums.sum(axis=0)
    value = float(statistic(whole[None])[0])
    if value >= 1:
        low = 1 - (1 - wilson(clusters, clusters)[0]) / by_chance(whole)
        return Estimate(1.0, max(-1.0, low), 1.0, n, "wilson")
    kinds, often = np.unique(sums.round(9), axis=0, return_counts=True)
    rng = np.random.default_rng(SEED)
    drawn = rng.multinomial(clusters, often / clusters, size=RESAMPLES).astype(np.float64)
    low, high = percentile_interval(statistic(drawn @ kinds))
    return Estimate(value, low, high, n, "bootstrap")
