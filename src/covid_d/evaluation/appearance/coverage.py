"""Whether the conformal sets keep their promise, by category, counted in films and in patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from covid_d.detector.appearance import CATEGORIES
from covid_d.evaluation.appearance.figures import ALL_FILMS, Count
from covid_d.evaluation.appearance.table import APPEARANCE, is_category
from covid_d.evaluation.figures.conformal import SET_SEPARATOR
from covid_d.evaluation.figures.estimate import BoolArray, Estimate
from covid_d.evaluation.figures.intervals import proportion, wilson
from covid_d.evaluation.figures.metrics import LEAST_FILMS


@dataclass(frozen=True, slots=True)
class CategoryCoverage:
    """How often the conformal set of one category's films holds that category.

    Parameters
    ----------
    name
        The category, or ``all``.
    count
        Films and patients.
    by_film
        Share of films, with Wilson's interval on effective films.
    by_patient
        The same with each patient counting once, whatever the number of films.
    target
        What the bundle promises: one minus its error rate.
    """

    name: str
    count: Count
    by_film: Estimate
    by_patient: Estimate
    target: float

    @property
    def holds(self) -> bool:
        """Whether the promise lies within, or below, the interval by patient."""
        return self.by_patient.high >= self.target

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            **self.count.to_dict(),
            "target": self.target,
            "by_film": self.by_film.to_dict(),
            "by_patient": self.by_patient.to_dict(),
            "holds": self.holds,
        }


def coverage_by_category(films: pd.DataFrame, error_rate: float) -> tuple[CategoryCoverage, ...]:
    """Return the coverage of every category with enough films, and of all together.

    Parameters
    ----------
    films
        Graded films with conformal sets.
    error_rate
        The bundle's.
    """
    hit = covered(films)
    parts = {category.value: is_category(films, category) for category in CATEGORIES}
    parts[ALL_FILMS] = np.ones(len(films), dtype=bool)
    return tuple(
        CategoryCoverage(
            name,
            Count.of(films[own]),
            proportion(hit[own], films.loc[own, "group"].to_numpy()),
            _by_patient(hit[own], films.loc[own, "group"]),
            1 - error_rate,
        )
        for name, own in parts.items()
        if own.sum() >= LEAST_FILMS
    )


def covered(films: pd.DataFrame) -> BoolArray:
    """Return for each graded film whether its conformal set holds its category."""
    sets = films["conformal_set"].astype(str).str.split(SET_SEPARATOR)
    pairs = zip(films[APPEARANCE], sets, strict=True)
    return np.array([category in members for category, members in pairs], dtype=bool)


def _by_patient(hit: BoolArray, groups: pd.Series[str]) -> Estimate:
    shares = pd.Series(hit.astype(np.float64)).groupby(groups.to_numpy()).mean()
    successes, patients = float(shares.sum()), len(shares)
    return Estimate(successes / patients, *wilson(successes, patients), len(hit), "wilson")
