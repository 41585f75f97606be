"""One evaluation: scored films, their figures, the headline, and what metrics.json says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from covid_d import __version__
from covid_d.dataset.manifest import Label
from covid_d.detector.bundle.bundle import Bundle
from covid_d.evaluation.figures.bootstrap import RESAMPLES, SEED
from covid_d.evaluation.figures.conformal import Coverage, coverage
from covid_d.evaluation.figures.estimate import CONFIDENCE
from covid_d.evaluation.figures.metrics import LEAST_FILMS, THRESHOLD, Stratum, measure
from covid_d.evaluation.figures.subgroups import measure_subgroups, worst_source
from covid_d.evaluation.scores import Scores

FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What a bundle's answers on a data set are worth.

    Parameters
    ----------
    scores
        The scored films.
    pool
        Figures of all films together; inflated where the source predicts the class.
    subgroups
        Figures by dimension (source, subsource, projection, sex, age) and name.
    headline
        The worst source or publisher with both classes; ``None`` when there is none.
    coverage
        Of each class with enough films; empty when the bundle has no conformal thresholds.
    coverage_apart
        The same for publishers ``trained_on`` and ``held_out``, where the data set held any out:
        the promise is made for the former only.
    error_rate
        What the conformal sets promise; ``None`` when the bundle has none.
    verdict
        The bundle's verdict when it was evaluated.
    resamples, seed
        Of the bootstrap.
    """

    scores: Scores
    pool: Stratum
    subgroups: dict[str, dict[str, Stratum]]
    headline: Stratum | None
    coverage: tuple[Coverage, ...]
    coverage_apart: dict[str, tuple[Coverage, ...]]
    error_rate: float | None
    verdict: str
    resamples: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Return the object of ``metrics.json`` (``docs/schema/metrics.schema.json``)."""
        scores = self.scores
        refusals = scores.refused["code"].value_counts().to_dict()
        return {
            "format": FORMAT,
            "covid_d": __version__,
            "bundle": {**scores.bundle.to_dict(), "verdict": self.verdict},
            "dataset": {"sha256": scores.dataset_sha256, "split": scores.split},
            "seen": {"allowed": scores.seen_allowed, "films": scores.seen},
            "films": {
                "scored": len(scores.films),
                "refused": len(scores.refused),
                "refusals": {str(code): int(n) for code, n in sorted(refusals.items())},
            },
            "method": {
                "confidence": CONFIDENCE,
                "threshold": THRESHOLD,
                "least_films_per_class": LEAST_FILMS,
                "bootstrap": {
                    "unit": "group",
                    "resamples": self.resamples,
                    "seed": self.seed,
                },
            },
            "headline": None
            if self.headline is None
            else {"name": self.headline.name, **self.headline.to_dict()},
            "coverage": _by_label(self.coverage),
            "coverage_apart": {name: _by_label(of) for name, of in self.coverage_apart.items()},
            "pool": {"inflated_by_source": True, **self.pool.to_dict()},
            "subgroups": {
                dimension: {name: stratum.to_dict() for name, stratum in strata.items()}
                for dimension, strata in self.subgroups.items()
            },
        }


def _coverages(films: pd.DataFrame, error_rate: float) -> tuple[Coverage, ...]:
    """Return the coverage of each class of which there are enough films."""
    return tuple(
        coverage(films, label, error_rate)
        for label in Label
        if films["label"].eq(label.value).sum() >= LEAST_FILMS
    )


def _by_label(coverage: tuple[Coverage, ...]) -> dict[str, Any]:
    return {item.label.value: item.to_dict() for item in coverage}


def evaluate(
    scores: Scores, bundle: Bundle, *, resamples: int = RESAMPLES, seed: int = SEED
) -> Evaluation:
    """Measure scored films: the pool, every subgroup, the headline and the coverage.

    Parameters
    ----------
    scores
        From :func:`covid_d.evaluation.scores.score`.
    bundle
        The bundle that scored them.
    resamples, seed
        Of the bootstrap.
    """
    conformal = bundle.spec.conformal
    return evaluate_scores(
        scores,
        None if conformal is None else conformal.error_rate,
        bundle.spec.verdict.status,
        resamples=resamples,
        seed=seed,
    )


def evaluate_scores(
    scores: Scores,
    error_rate: float | None,
    verdict: str,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Evaluation:
    """Measure scored films of any model; see :func:`evaluate`.

    Parameters
    ----------
    scores
        One row a film.
    error_rate
        What the conformal sets promise; ``None`` when there are none.
    verdict
        Of the model's bundle; ``demonstration`` for what has none.
    resamples, seed
        Of the bootstrap.
    """
    films = scores.films
    subgroups = measure_subgroups(films, resamples=resamples, seed=seed)
    covered: tuple[Coverage, ...] = ()
    apart: dict[str, tuple[Coverage, ...]] = {}
    if error_rate is not None:
        covered = _coverages(films, error_rate)
        if scores.held_out:
            new = films["source"].isin(scores.held_out) | films["subsource"].isin(scores.held_out)
            apart = {
                "trained_on": _coverages(films[~new], error_rate),
                "held_out": _coverages(films[new], error_rate),
            }
    return Evaluation(
        scores=scores,
        pool=measure(films, "pool", resamples=resamples, seed=seed),
        subgroups=subgroups,
        headline=worst_source(subgroups),
        coverage=covered,
        coverage_apart=apart,
        error_rate=error_rate,
        verdict=verdict,
        resamples=resamples,
        seed=seed,
    )
