"""How far one score lies above another on the very same films: a paired bootstrap of patients."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from covid_d.evaluation.figures.bootstrap import RESAMPLES, bootstrap
from covid_d.evaluation.figures.discrimination import RankedFilms
from covid_d.evaluation.figures.estimate import BoolArray, Estimate, FloatArray

METHOD = "paired-bootstrap"


def auroc_difference(
    first: FloatArray,
    second: FloatArray,
    positive: BoolArray,
    groups: npt.NDArray[np.str_],
    *,
    resamples: int = RESAMPLES,
    seed: int = 7,
) -> Estimate:
    """Return AUROC of ``first`` less that of ``second``, with its 95 % interval.

    Both are measured on the same resampled patients, so that what makes a sample easy for one and
    the other alike cancels out.

    Parameters
    ----------
    first, second
        N scores of the same films.
    positive, groups
        N; the truth, and patients.
    resamples, seed
        Of the bootstrap.
    """
    one, other = RankedFilms(first, positive), RankedFilms(second, positive)

    def difference(weights: FloatArray) -> dict[str, FloatArray]:
        return {"difference": _area(one, weights) - _area(other, weights)}

    value = float(difference(np.ones((1, len(positive))))["difference"][0])
    low, high = bootstrap(difference, groups, resamples=resamples, seed=seed)["difference"]
    return Estimate(value, min(low, value), max(high, value), len(positive), METHOD)


def _area(films: RankedFilms, weights: FloatArray) -> FloatArray:
    return films.statistics(weights)["auroc"]
