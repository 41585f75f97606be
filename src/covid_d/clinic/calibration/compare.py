"""What two tables of likelihood ratios are worth on the same cases, which neither was fitted on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from covid_d.clinic.calibration.laboratory_cases import Floats, LaboratoryCases
from covid_d.detector.likelihood import LikelihoodTable, Vector
from covid_d.evaluation.figures.bootstrap import bootstrap
from covid_d.evaluation.figures.calibration import CalibratedFilms
from covid_d.evaluation.figures.estimate import Estimate

FIGURES = ("log_likelihood", "brier", "calibration_slope", "calibration_intercept")
_TINY = 1e-12
_RESAMPLES = 400
"""Enough for a bound to two digits; a page waits for them."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two tables on the same cases.

    Parameters
    ----------
    before, after
        Of the published table and of the local one: ``FIGURES`` by name, the log-likelihood a case
        in nats.
    gain
        Log-likelihood a case, after less before.
    positives, negatives
        Cases.
    prevalence
        The share of COVID-19 that both were given.
    """

    before: dict[str, Estimate]
    after: dict[str, Estimate]
    gain: Estimate
    positives: int
    negatives: int
    prevalence: float

    @property
    def helps(self) -> bool:
        """Whether the local table surely says more."""
        return self.gain.low > 0  # false for NaN

    @property
    def is_worse(self) -> bool:
        """Whether it says less."""
        return self.gain.value < 0

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "before": {name: one.to_dict() for name, one in self.before.items()},
            "after": {name: one.to_dict() for name, one in self.after.items()},
            "gain": self.gain.to_dict(),
            "positives": self.positives,
            "negatives": self.negatives,
            "prevalence": self.prevalence,
        }

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Comparison:
        """Return what :meth:`to_dict` was called on."""
        return cls(
            {name: _estimate(one) for name, one in kept["before"].items()},
            {name: _estimate(one) for name, one in kept["after"].items()},
            _estimate(kept["gain"]),
            kept["positives"],
            kept["negatives"],
            kept["prevalence"],
        )


def compare(
    before: LikelihoodTable,
    after: LikelihoodTable,
    cases: LaboratoryCases,
    shares: Vector,
    prevalence: float,
) -> Comparison:
    """Return what two tables say of cases.

    Parameters
    ----------
    before, after
        The published table and the local one.
    cases
        That neither was fitted on.
    shares
        Of the bundle's calibration films.
    prevalence
        Given to both, in (0, 1); from earlier cases, so that it looks at no answer either.
    """
    said = [posterior(table, cases, shares, prevalence) for table in (before, after)]
    logs = [_log_likelihood(p, cases) for p in said]
    figures = [_figures(p, log, cases) for p, log in zip(said, logs, strict=True)]
    positives, negatives = cases.counts
    gain = _mean(logs[1] - logs[0])
    return Comparison(figures[0], figures[1], gain, positives, negatives, prevalence)


def posterior(
    table: LikelihoodTable, cases: LaboratoryCases, shares: Vector, prevalence: float
) -> Floats:
    """Return each case's probability of COVID-19 by a table: float64, N."""
    odds = prevalence / (1 - prevalence) * table.ratios(cases.appearance, shares)
    found: Floats = odds / (1 + odds)
    return found


def _log_likelihood(probability: Floats, cases: LaboratoryCases) -> Floats:
    right = np.where(cases.positive, probability, 1 - probability)
    found: Floats = np.log(np.maximum(right, _TINY))
    return found


def _figures(probability: Floats, logs: Floats, cases: LaboratoryCases) -> dict[str, Estimate]:
    films, n = CalibratedFilms(probability, cases.positive), len(cases)
    whole = films.statistics(np.ones((1, n)))
    bounds = bootstrap(films.statistics, np.arange(n), resamples=_RESAMPLES)
    found = {"log_likelihood": _mean(logs)}
    for name in FIGURES[1:]:
        found[name] = Estimate(float(whole[name][0]), *bounds[name], n, "bootstrap")
    return found


def _mean(values: Floats) -> Estimate:
    """Return the mean of many cases with its normal interval."""
    n = len(values)
    middle = float(values.mean())
    half = 1.959964 * float(values.std(ddof=1)) / math.sqrt(n)
    return Estimate(middle, middle - half, middle + half, n, "normal")


def _estimate(kept: dict[str, Any]) -> Estimate:
    numbers = (kept[name] for name in ("value", "low", "high"))
    value, low, high = (math.nan if number is None else float(number) for number in numbers)
    return Estimate(value, low, high, kept["n"], kept["method"])
