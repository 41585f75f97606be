"""The three-way answer: how often the classes not ruled out include the true one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from covid_d.dataset.manifest import Label
from covid_d.detector.assessment import Outcome
from covid_d.evaluation.figures.estimate import BoolArray, Estimate
from covid_d.evaluation.figures.intervals import exact_proportion

SET_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often the conformal set of one class's films holds that class.

    Parameters
    ----------
    label
        The films' true class.
    observed
        Share covered, with the exact binomial interval.
    target
        What the bundle promises: one minus its error rate.
    """

    label: Label
    observed: Estimate
    target: float

    @property
    def holds(self) -> bool:
        """Whether the promise lies within, or below, the interval of what was observed."""
        return self.observed.high >= self.target

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {"target": self.target, "observed": self.observed.to_dict(), "holds": self.holds}


def covered(films: pd.DataFrame) -> BoolArray:
    """Return for each film of a score table whether its conformal set holds its true class."""
    sets = films["conformal_set"].str.split(SET_SEPARATOR)
    pairs = zip(films["label"], sets, strict=True)
    return np.array([label in members for label, members in pairs], dtype=bool)


def coverage(films: pd.DataFrame, label: Label, error_rate: float) -> Coverage:
    """Return the coverage of one class in a score table."""
    own = films[films["label"] == label.value]
    return Coverage(label, exact_proportion(covered(own)), 1 - error_rate)


def conclusive(films: pd.DataFrame) -> BoolArray:
    """Return for each film whether the answer is positive or negative."""
    return films["outcome"].ne(Outcome.INCONCLUSIVE.value).to_numpy(dtype=bool)
