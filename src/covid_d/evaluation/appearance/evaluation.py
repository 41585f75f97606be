"""One evaluation of appearance: scored films, their figures, and what metrics.json says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from covid_d import __version__
from covid_d.dataset.looks import Look
from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.evaluation.appearance.coverage import CategoryCoverage, coverage_by_category
from covid_d.evaluation.appearance.figures import Count, GradedStratum, measure_graded
from covid_d.evaluation.appearance.outside import OutsideSource, measure_outside
from covid_d.evaluation.appearance.roles import SourceRole
from covid_d.evaluation.appearance.table import graded, known, probabilities, truth
from covid_d.evaluation.figures.bootstrap import RESAMPLES, SEED
from covid_d.evaluation.figures.calibration import ReliabilityBin, reliability
from covid_d.evaluation.figures.estimate import CONFIDENCE
from covid_d.evaluation.figures.metrics import LEAST_FILMS
from covid_d.evaluation.figures.subgroups import by_dimension
from covid_d.evaluation.scores import Scores

FORMAT: Final = 2
KIND: Final = "appearance"


@dataclass(frozen=True, slots=True, eq=False)
class AppearanceEvaluation:
    """What a model's answers of appearance are worth.

    Parameters
    ----------
    scores
        The scored films.
    pool
        Figures of all graded films; ``None`` when no radiologist graded any.
    subgroups
        The same by dimension (source, subsource, projection, sex, age) and name.
    headline
        The source or publisher of lowest ``auroc_typical``; ``None`` when there is none.
    coverage
        Of the conformal sets; empty when the model gives none.
    error_rate
        What the sets promise; ``None`` when the model has no thresholds.
    outside
        Films without a graded appearance, by source, at the shipped thresholds.
    outside_projection
        The same by projection.
    roles
        What each source had to do with making the model; empty when nothing tells.
    looks
        At the test split, before this one; ``None`` for another split.
    verdict
        The bundle's; ``None`` for a file of scores.
    resamples, seed
        Of the bootstrap.
    """

    scores: Scores
    pool: GradedStratum | None
    subgroups: dict[str, dict[str, GradedStratum]]
    headline: GradedStratum | None
    coverage: tuple[CategoryCoverage, ...]
    error_rate: float | None
    outside: tuple[OutsideSource, ...]
    outside_projection: tuple[OutsideSource, ...]
    roles: tuple[SourceRole, ...]
    looks: tuple[Look, ...] | None
    verdict: str | None
    resamples: int
    seed: int

    @property
    def curves(self) -> dict[Appearance, list[ReliabilityBin]]:
        """Stated against observed share of each category, over all graded films."""
        return calibration_curves(graded(self.scores.films))

    def to_dict(self) -> dict[str, Any]:
        """Return the object of ``metrics.json`` (``docs/schema/appearance.schema.json``)."""
        scores = self.scores
        refusals = scores.refused["code"].value_counts().to_dict()
        return {
            "format": FORMAT,
            "kind": KIND,
            "covid_d": __version__,
            "bundle": {**scores.bundle.to_dict(), "verdict": self.verdict},
            "dataset": {"sha256": scores.dataset_sha256, "split": scores.split},
            "seen": {
                "known": scores.seen_known,
                "allowed": scores.seen_allowed,
                "films": scores.seen,
            },
            "made_from": {role.source: role.to_dict() for role in self.roles},
            "looks_before": None if self.looks is None else len(self.looks),
            "films": {
                "scored": Count.of(scores.films).to_dict(),
                "refused": Count.of(scores.refused).to_dict(),
                "refusals": {str(code): int(n) for code, n in sorted(refusals.items())},
            },
            "method": {
                "confidence": CONFIDENCE,
                "least_films_per_class": LEAST_FILMS,
                "error_rate": self.error_rate,
                "bootstrap": {"unit": "group", "resamples": self.resamples, "seed": self.seed},
            },
            "headline": None
            if self.headline is None
            else {"name": self.headline.name, **self.headline.to_dict()},
            "pool": self.pool and self.pool.to_dict(),
            "coverage": {item.name: item.to_dict() for item in self.coverage},
            "calibration": {
                category.value: [_bin(item) for item in bins]
                for category, bins in self.curves.items()
            },
            "subgroups": {
                dimension: {name: stratum.to_dict() for name, stratum in strata.items()}
                for dimension, strata in self.subgroups.items()
            },
            "outside": {source.name: source.to_dict() for source in self.outside},
            "outside_by_projection": {
                part.name: part.to_dict() for part in self.outside_projection
            },
        }


def evaluate_appearance(
    scores: Scores,
    *,
    error_rate: float | None,
    verdict: str | None = None,
    roles: tuple[SourceRole, ...] = (),
    looks: tuple[Look, ...] | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> AppearanceEvaluation:
    """Measure scored films: graded ones by category, the others at the shipped thresholds.

    Parameters
    ----------
    scores
        From :mod:`covid_d.evaluation.appearance.scoring`.
    error_rate
        What the conformal sets promise; ``None`` when the model has no thresholds.
    verdict
        The bundle's.
    roles, looks
        What is on record about the model and the test split.
    resamples, seed
        Of the bootstrap.
    """
    films = graded(scores.films)
    options = {"resamples": resamples, "seed": seed}
    subgroups: dict[str, dict[str, GradedStratum]] = {}
    if not films.empty:
        subgroups = by_dimension(films, lambda part, name: measure_graded(part, name, **options))
    covers = error_rate is not None and not films.empty and known(films, "conformal_set")
    return AppearanceEvaluation(
        scores=scores,
        pool=None if films.empty else measure_graded(films, "pool", **options),
        subgroups=subgroups,
        headline=_worst(subgroups),
        coverage=coverage_by_category(films, error_rate or 0.0) if covers else (),
        error_rate=error_rate,
        outside=measure_outside(scores.films),
        outside_projection=measure_outside(scores.films, "projection"),
        roles=roles,
        looks=looks,
        verdict=verdict,
        resamples=resamples,
        seed=seed,
    )


def calibration_curves(films: pd.DataFrame) -> dict[Appearance, list[ReliabilityBin]]:
    """Return each category's reliability by bin; empty when the model gives no probabilities."""
    p = None if films.empty else probabilities(films)
    if p is None:
        return {}
    grades = truth(films)
    return {category: reliability(p[:, k], grades == k) for k, category in enumerate(CATEGORIES)}


def _worst(subgroups: dict[str, dict[str, GradedStratum]]) -> GradedStratum | None:
    candidates = [
        stratum
        for dimension in ("source", "subsource")
        for stratum in subgroups.get(dimension, {}).values()
        if "auroc_typical" in stratum.figures
    ]
    return min(candidates, key=lambda stratum: stratum.figures["auroc_typical"].value, default=None)


def _bin(item: ReliabilityBin) -> dict[str, float]:
    return {
        "low": item.low,
        "high": item.high,
        "films": item.n,
        "stated": item.mean_probability,
        "observed": item.observed,
    }
