"""Films without a graded appearance, at the thresholds the bundle ships with: outside evidence.

What counts there is what a doctor meets: normal films called positive, films of COVID-19 called
negative, and whether pneumonia and normal films can be told apart at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from covid_d.detector.appearance import Appearance
from covid_d.evaluation.appearance.figures import OUTCOMES, Count
from covid_d.evaluation.appearance.table import (
    OPACITY,
    Finding,
    known,
    numbers,
    typical_score,
    ungraded,
)
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.figures.intervals import auroc, proportion
from covid_d.evaluation.figures.metrics import LEAST_FILMS
from covid_d.evaluation.figures.subgroups import members

_TYPICAL: Final = Appearance.TYPICAL.value
# Figure -> which score, which films are positive, which negative.
_PAIRS: Final = {
    "auroc_opacity_other_normal": (OPACITY, Finding.OTHER, Finding.NORMAL),
    "auroc_opacity_covid_normal": (OPACITY, Finding.COVID, Finding.NORMAL),
    "auroc_typical_covid_other": (_TYPICAL, Finding.COVID, Finding.OTHER),
}


@dataclass(frozen=True, slots=True)
class OutsideRow:
    """How films of one finding were called.

    Parameters
    ----------
    finding
        What is known of them.
    count
        Films and patients.
    figures
        ``positive``, ``inconclusive`` and ``negative``: shares called so. Empty with fewer than
        ``LEAST_FILMS`` films, or when the model calls nothing.
    """

    finding: Finding
    count: Count
    figures: dict[str, Estimate]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {**self.count.to_dict(), "figures": _plain(self.figures)}


@dataclass(frozen=True, slots=True)
class OutsideSource:
    """One source's films without a graded appearance, or those of one projection.

    Parameters
    ----------
    name
        Of the source or projection.
    rows
        One a finding, where there are any films.
    figures
        AUROC between findings of this very source, where both have enough films.
    counts
        Films and patients that each of them rests on.
    """

    name: str
    rows: tuple[OutsideRow, ...]
    figures: dict[str, Estimate]
    counts: dict[str, Count]

    def row(self, finding: Finding) -> OutsideRow | None:
        """Return the row of a finding, if there are such films."""
        return next((row for row in self.rows if row.finding is finding), None)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "findings": {row.finding.value: row.to_dict() for row in self.rows},
            "figures": _plain(self.figures),
        }


def measure_outside(films: pd.DataFrame, dimension: str = "source") -> tuple[OutsideSource, ...]:
    """Return the outside evidence by source, largest first.

    Parameters
    ----------
    films
        A score table; films with a graded appearance are left out.
    dimension
        ``source`` or ``projection``.
    """
    rest = ungraded(films)
    names = members(rest, dimension)
    counts = names.value_counts()
    return tuple(
        _measured(str(name), rest[names == name])
        for name in sorted(counts.index, key=lambda name: (-counts[name], name))
    )


def _measured(name: str, films: pd.DataFrame) -> OutsideSource:
    rows = tuple(
        OutsideRow(finding, Count.of(own), _called(own))
        for finding in Finding
        if len(own := films[films["kind"].eq(finding.value)])
    )
    return OutsideSource(name, rows, *_told_apart(films))


def _called(films: pd.DataFrame) -> dict[str, Estimate]:
    if len(films) < LEAST_FILMS or not known(films, "outcome"):
        return {}
    groups = films["group"].to_numpy()
    return {
        outcome: proportion(films["outcome"].eq(outcome).to_numpy(dtype=bool), groups)
        for outcome in OUTCOMES
    }


def _told_apart(films: pd.DataFrame) -> tuple[dict[str, Estimate], dict[str, Count]]:
    found, counts = {}, {}
    for name, (score, above, below) in _PAIRS.items():
        positive = films["kind"].eq(above.value).to_numpy(dtype=bool)
        pair = positive | films["kind"].eq(below.value).to_numpy(dtype=bool)
        own, truth = films[pair], positive[pair]
        values = typical_score(own) if score == _TYPICAL else numbers(own, score)
        if values is not None and min(np.sum(truth), np.sum(~truth)) >= LEAST_FILMS:
            found[name] = auroc(values, truth, own["group"].to_numpy())
            counts[name] = Count.of(own)
    return found, counts


def _plain(figures: dict[str, Estimate]) -> dict[str, Any]:
    return {name: figure.to_dict() for name, figure in figures.items()}
