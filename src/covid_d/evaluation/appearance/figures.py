"""Every figure of films whose appearance radiologists graded, each with its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.evaluation.appearance.table import (
    OPACITY,
    is_category,
    known,
    numbers,
    probabilities,
    truth,
    typical_score,
)
from covid_d.evaluation.figures.agreement import GradedFilms
from covid_d.evaluation.figures.bootstrap import RESAMPLES, SEED, bootstrap
from covid_d.evaluation.figures.calibration import BinnedFilms
from covid_d.evaluation.figures.conformal import SET_SEPARATOR
from covid_d.evaluation.figures.discrimination import RankedFilms
from covid_d.evaluation.figures.estimate import Estimate, FloatArray
from covid_d.evaluation.figures.intervals import auroc, proportion
from covid_d.evaluation.figures.metrics import LEAST_FILMS

OUTCOMES = ("positive", "inconclusive", "negative")
ALL_FILMS = "all"


@dataclass(frozen=True, slots=True)
class Count:
    """How many films, and of how many patients."""

    films: int
    patients: int

    @classmethod
    def of(cls, films: pd.DataFrame) -> Count:
        """Return the counts of a table's rows."""
        return cls(len(films), int(films["group"].nunique()))

    def to_dict(self) -> dict[str, int]:
        """Return a JSON object."""
        return {"films": self.films, "patients": self.patients}


@dataclass(frozen=True, slots=True)
class GradedStratum:
    """The figures of one set of graded films: all, a source, a projection ...

    Parameters
    ----------
    name
        Of the set.
    all
        Films and patients.
    categories
        Of each category.
    figures
        By name; one is absent when a category it needs has fewer than ``LEAST_FILMS`` films, or
        when the model does not give what it needs.
    ends
        Typical and negative films together, which ``auroc_typical`` rests on; the other figures
        rest on all.
    """

    name: str
    all: Count
    categories: dict[Appearance, Count]
    figures: dict[str, Estimate]
    ends: Count

    def count_of(self, figure: str) -> Count:
        """Return the films and patients that a figure rests on."""
        return self.ends if figure == "auroc_typical" else self.all

    def has(self, *categories: Appearance) -> bool:
        """Return whether each of these categories has enough films."""
        return all(self.categories[category].films >= LEAST_FILMS for category in categories)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            **self.all.to_dict(),
            "categories": {
                category.value: count.to_dict() for category, count in self.categories.items()
            },
            "figures": {name: figure.to_dict() for name, figure in self.figures.items()},
        }


def measure_graded(
    films: pd.DataFrame, name: str = "", *, resamples: int = RESAMPLES, seed: int = SEED
) -> GradedStratum:
    """Return every figure that graded films allow.

    Parameters
    ----------
    films
        Rows of the table of :mod:`covid_d.evaluation.appearance.table`, all with an appearance.
    name
        Of the set.
    resamples, seed
        Of the bootstrap.
    """
    stratum = GradedStratum(
        name,
        Count.of(films),
        {category: Count.of(films[is_category(films, category)]) for category in CATEGORIES},
        {},
        Count.of(
            films[is_category(films, Appearance.NEGATIVE) | is_category(films, Appearance.TYPICAL)]
        ),
    )
    stratum.figures.update(_ranked(films, stratum))
    stratum.figures.update(_outcomes(films, stratum))
    stratum.figures.update(_sets(films))
    p = probabilities(films)
    if p is not None and stratum.has(*CATEGORIES):
        stratum.figures.update(_of_probabilities(films, p, resamples, seed))
    return stratum


def _ranked(films: pd.DataFrame, stratum: GradedStratum) -> dict[str, Estimate]:
    """AUROC of the two questions that a film with an honest answer can put."""
    negative = is_category(films, Appearance.NEGATIVE)
    typical = is_category(films, Appearance.TYPICAL)
    figures = {}
    score = typical_score(films)
    if score is not None and stratum.has(Appearance.NEGATIVE, Appearance.TYPICAL):
        pair = negative | typical
        groups = films["group"].to_numpy()[pair]
        figures["auroc_typical"] = auroc(score[pair], typical[pair], groups)
    opacity = numbers(films, OPACITY)
    if opacity is not None and min(negative.sum(), (~negative).sum()) >= LEAST_FILMS:
        figures["auroc_opacity"] = auroc(opacity, ~negative, films["group"].to_numpy())
    return figures


def _outcomes(films: pd.DataFrame, stratum: GradedStratum) -> dict[str, Estimate]:
    """How often each category is called what."""
    if not known(films, "outcome"):
        return {}
    parts = {category.value: is_category(films, category) for category in CATEGORIES}
    own = {ALL_FILMS: np.ones(len(films), dtype=bool), **parts}
    return {
        f"{outcome}_{name}": proportion(
            films.loc[mask, "outcome"].eq(outcome).to_numpy(dtype=bool),
            films.loc[mask, "group"].to_numpy(),
        )
        for name, mask in own.items()
        if mask.sum() >= LEAST_FILMS
        for outcome in OUTCOMES
    }


def _sets(films: pd.DataFrame) -> dict[str, Estimate]:
    """How many categories cannot be ruled out."""
    if not known(films, "conformal_set") or len(films) < LEAST_FILMS:
        return {}
    sizes, groups = set_sizes(films), films["group"].to_numpy()
    return {f"set_of_{k}": proportion(sizes == k, groups) for k in range(len(CATEGORIES) + 1)}


def set_sizes(films: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return how many categories each film's conformal set holds."""
    sets = films["conformal_set"].astype(str)
    return np.array([len(s.split(SET_SEPARATOR)) if s else 0 for s in sets], dtype=np.int64)


def _of_probabilities(
    films: pd.DataFrame, p: FloatArray, resamples: int, seed: int
) -> dict[str, Estimate]:
    grades, groups, n = truth(films), films["group"].to_numpy(), len(films)
    called = p.argmax(axis=1)
    figures = {
        f"auroc_{category.value}_rest": auroc(p[:, k], grades == k, groups)
        for k, category in enumerate(CATEGORIES)
    }
    figures["accuracy"] = proportion(called == grades, groups)
    statistics = _resampled(p, grades, called)
    values = statistics(np.ones((1, n)))
    bounds = bootstrap(statistics, groups, resamples=resamples, seed=seed)
    for name, value in values.items():
        low, high = bounds[name]
        # Resampling lifts the calibration error: its bounds may lie above the value itself.
        figures[name] = Estimate(float(value[0]), min(low, float(value[0])), high, n, "bootstrap")
    return figures


def _resampled(
    p: FloatArray,
    grades: np.ndarray[tuple[int], np.dtype[np.int64]],
    called: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> Callable[[FloatArray], dict[str, FloatArray]]:
    agreement = GradedFilms(grades, called, len(CATEGORIES))
    ranked = [RankedFilms(p[:, k], grades == k) for k in range(len(CATEGORIES))]
    binned = [BinnedFilms(p[:, k], grades == k) for k in range(len(CATEGORIES))]

    def statistics(weights: FloatArray) -> dict[str, FloatArray]:
        areas = [films.statistics(weights)["auroc"] for films in ranked]
        return {
            "auroc_macro": np.mean(areas, axis=0),
            "kappa": agreement.kappa(weights),
            **{
                f"calibration_error_{category.value}": films.error(weights)
                for category, films in zip(CATEGORIES, binned, strict=True)
            },
        }

    return statistics
