"""Every figure of a set of scored films, each with its interval, or withheld with a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from covid_d.dataset.manifest import Label
from covid_d.evaluation.figures.bootstrap import RESAMPLES, SEED, bootstrap
from covid_d.evaluation.figures.calibration import CalibratedFilms
from covid_d.evaluation.figures.conformal import conclusive, covered
from covid_d.evaluation.figures.decision import REPORTED_THRESHOLDS, net_benefit
from covid_d.evaluation.figures.discrimination import RankedFilms
from covid_d.evaluation.figures.estimate import BoolArray, Estimate, FloatArray
from covid_d.evaluation.figures.intervals import (
    auroc,
    effective_films,
    exact_proportion,
    likelihood_ratios,
    predictive_value,
    proportion,
    wilson,
)

# The forced two-way answer; the bundle's own answer is the three-way one.
THRESHOLD = 0.5
# Fewer films of a class than this and no figure of that class is given.
LEAST_FILMS = 10
PREVALENCES = (0.02, 0.05, 0.20, 0.50)


@dataclass(frozen=True, slots=True)
class Stratum:
    """The figures of one set of films: the pool, a source, a projection ...

    Parameters
    ----------
    name
        Of the set.
    films, positives, negatives
        How many were scored.
    patients
        Groups that must stay together: patients, or near-duplicates.
    figures
        By name; a figure is absent when a class it needs has fewer than ``LEAST_FILMS`` films.
    """

    name: str
    films: int
    positives: int
    negatives: int
    patients: int
    figures: dict[str, Estimate]

    @property
    def has_both_classes(self) -> bool:
        """Whether each class has enough films for figures that need both."""
        return min(self.positives, self.negatives) >= LEAST_FILMS

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "films": self.films,
            "positives": self.positives,
            "negatives": self.negatives,
            "patients": self.patients,
            "figures": {name: figure.to_dict() for name, figure in self.figures.items()},
        }


def measure(
    films: pd.DataFrame, name: str = "", *, resamples: int = RESAMPLES, seed: int = SEED
) -> Stratum:
    """Return every figure that the films of a score table allow.

    Parameters
    ----------
    films
        Rows with ``label``, ``group``, ``probability``, ``outcome`` and ``conformal_set``, as
        made by :func:`covid_d.evaluation.scores.score`.
    name
        Name of the stratum.
    resamples, seed
        Of the bootstrap.
    """
    positive = films["label"].eq(Label.COVID.value).to_numpy(dtype=bool)
    stratum = Stratum(
        name=name,
        films=len(films),
        positives=int(positive.sum()),
        negatives=int((~positive).sum()),
        patients=films["group"].nunique(),
        figures={},
    )
    for label, own in ((Label.COVID, positive), (Label.NOCOVID, ~positive)):
        if own.sum() >= LEAST_FILMS:
            stratum.figures.update(_of_one_class(films[own], label))
    if stratum.has_both_classes:
        stratum.figures.update(_of_both_classes(films, positive, resamples, seed))
    return stratum


def _of_one_class(films: pd.DataFrame, label: Label) -> dict[str, Estimate]:
    calls = films["probability"].to_numpy() >= THRESHOLD
    right = calls if label is Label.COVID else ~calls
    groups, decided = films["group"].to_numpy(), conclusive(films)
    share = "sensitivity" if label is Label.COVID else "specificity"
    figures = {
        share: proportion(right, groups),
        f"coverage_{label.value}": exact_proportion(covered(films)),
        f"inconclusive_{label.value}": proportion(~decided, groups),
    }
    if decided.sum() >= LEAST_FILMS:
        # Among the conclusive the answer is right when the one class left is the true one.
        answers = films["outcome"].eq("positive" if label is Label.COVID else "negative")
        hits = answers.to_numpy(dtype=bool)[decided]
        figures[f"conclusive_{share}"] = proportion(hits, groups[decided])
    return figures


def _of_both_classes(
    films: pd.DataFrame, positive: BoolArray, resamples: int, seed: int
) -> dict[str, Estimate]:
    p = films["probability"].to_numpy(dtype=np.float64)
    groups = films["group"].to_numpy()
    calls, n = p >= THRESHOLD, len(films)
    positive_ratio, negative_ratio = likelihood_ratios(calls, positive, groups)
    figures = {
        "auroc": auroc(p, positive, groups),
        "accuracy": proportion(calls == positive, groups),
        "error_rate": proportion(calls != positive, groups),
        "inconclusive": proportion(~conclusive(films), groups),
        "likelihood_ratio_positive": positive_ratio,
        "likelihood_ratio_negative": negative_ratio,
    }
    for prevalence in PREVALENCES:
        percent = round(prevalence * 100)
        figures[f"ppv_at_{percent}"] = predictive_value(positive_ratio, prevalence)
        figures[f"npv_at_{percent}"] = predictive_value(negative_ratio, prevalence, negative=True)
    statistics = _resampled(p, positive)
    values = statistics(np.ones((1, n)))
    bounds = bootstrap(statistics, groups, resamples=resamples, seed=seed)
    for name, value in values.items():
        low, high = bounds[name]
        # Resampling lifts the calibration error: its bounds may lie above the value itself.
        figures["auroc_bootstrap" if name == "auroc" else name] = Estimate(
            float(value[0]), min(low, float(value[0])), high, n, "bootstrap"
        )
    for name, own in (
        ("sensitivity_at_90_specificity", positive),
        ("specificity_at_95_sensitivity", ~positive),
    ):
        figures[name] = _not_collapsed(figures[name], own, groups)
    return figures


def _resampled(p: FloatArray, positive: BoolArray) -> Callable[[FloatArray], dict[str, FloatArray]]:
    ranked, calibrated = RankedFilms(p, positive), CalibratedFilms(p, positive)
    thresholds = np.array(REPORTED_THRESHOLDS)

    def statistics(weights: FloatArray) -> dict[str, FloatArray]:
        benefit = net_benefit(p, positive, thresholds, weights)
        return {
            **ranked.statistics(weights),
            **calibrated.statistics(weights),
            **{
                f"net_benefit_at_{round(t * 100)}": benefit[:, k]
                for k, t in enumerate(REPORTED_THRESHOLDS)
            },
        }

    return statistics


def _not_collapsed(figure: Estimate, own: BoolArray, groups: np.ndarray[Any, Any]) -> Estimate:
    # Resampling a share of 0 or 1 can only give 0 or 1 again: no honest interval.
    if figure.low != figure.high:
        return figure
    n = effective_films(np.ones(int(own.sum()), dtype=bool), groups[own])
    return Estimate(figure.value, *wilson(figure.value * n, n), figure.n, "wilson")
