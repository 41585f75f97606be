"""Leave one source out: what a recipe is worth on a source it never saw.

The protocol only; what is trained is the caller's. A fit gets the rows of the films it may learn
from and returns something that scores others. Films whose patient, or near-duplicate, is among the
held-out ones are taken out of training too, as are a held-out publisher's films in other
collections.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Any, Protocol

import numpy as np
import pandas as pd

from covid_d.dataset.describe.describe import UNKNOWN
from covid_d.dataset.manifest import Label
from covid_d.errors import EvaluationError
from covid_d.evaluation.figures.bootstrap import RESAMPLES, SEED, bootstrap
from covid_d.evaluation.figures.discrimination import RankedFilms
from covid_d.evaluation.figures.estimate import BoolArray, Estimate, FloatArray
from covid_d.evaluation.figures.intervals import auroc, proportion
from covid_d.evaluation.figures.metrics import LEAST_FILMS
from covid_d.evaluation.figures.subgroups import members
from covid_d.language import N_

SPECIFICITY = 0.90


class HeldOutKind(StrEnum):
    """What is held out."""

    SOURCE = "source"
    PUBLISHER = "publisher"
    PAIR = "pair"


class Fitted(Protocol):
    """Something trained that scores films it never saw."""

    @property
    def threshold(self) -> float:
        """Score from which a film is called positive, chosen on the films trained on."""
        ...

    def score(self, films: pd.DataFrame) -> FloatArray:
        """Return a score a film; higher means more likely COVID-19."""
        ...


class Fit(Protocol):
    """A way to train."""

    def __call__(self, films: pd.DataFrame, name: str) -> Fitted:
        """Train on these rows of a manifest; ``name`` tells runs apart."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Experiment:
    """One thing to hold out.

    Parameters
    ----------
    name
        Source, ``source/publisher`` or ``source + source``.
    kind
        A pair is one source of positives and one of negatives, both held out: disease and source
        cannot be told apart in its AUROC.
    held_out, training
        Rows of the manifest; no group is in both.
    """

    name: str
    kind: HeldOutKind
    held_out: pd.DataFrame
    training: pd.DataFrame


@dataclass(frozen=True, slots=True)
class ExperimentResult:
    """What one experiment found.

    Parameters
    ----------
    name, kind
        Of the experiment.
    positives, negatives, patients
        Held out.
    trained_positives, trained_negatives
        Trained on.
    figures
        ``auroc`` (DeLong by patient), ``auroc_bootstrap``, ``sensitivity`` and ``specificity`` at
        the threshold chosen on the other sources; those that its classes allow.
        ``auroc_source_seen`` is the AUROC of the same films when films of their source (other
        patients) were trained on.
    """

    name: str
    kind: HeldOutKind
    positives: int
    negatives: int
    patients: int
    trained_positives: int
    trained_negatives: int
    figures: dict[str, Estimate]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "source_confounded": self.kind is HeldOutKind.PAIR,
            "positives": self.positives,
            "negatives": self.negatives,
            "patients": self.patients,
            "trained_positives": self.trained_positives,
            "trained_negatives": self.trained_negatives,
            "figures": {name: figure.to_dict() for name, figure in self.figures.items()},
        }


def positive_films(films: pd.DataFrame) -> BoolArray:
    """Return which rows are COVID-19."""
    return films["label"].eq(Label.COVID.value).to_numpy(dtype=bool)


def plan(films: pd.DataFrame) -> list[Experiment]:
    """Return what to hold out: each source, each publisher of both classes, each one-class pair.

    Parameters
    ----------
    films
        Rows of a manifest, every radiograph.

    Raises
    ------
    EvaluationError
        If there are fewer than two sources.
    """
    sources, publishers = members(films, "source"), members(films, "subsource")
    names = sorted(sources.unique())
    if len(names) < 2:
        raise EvaluationError(
            N_(
                "The data set has one source only (%(source)s).",
                source=names[0] if names else N_("none"),
            ),
            N_("Build it from two or more collections: covid-d dataset build."),
        )
    found = [_experiment(name, HeldOutKind.SOURCE, films, sources.eq(name)) for name in names]
    keys = (sources + "/" + publishers).where(publishers.ne(UNKNOWN))
    for key in sorted(keys.dropna().unique()):
        chosen = keys.eq(key)
        whole_source = sources.eq(str(key).split("/", 1)[0])
        if _has_both(films[chosen]) and not chosen.equals(whole_source):
            # Other collections may carry the same publisher's films: those are not trained on.
            same = publishers.eq(str(key).split("/", 1)[1])
            found.append(_experiment(str(key), HeldOutKind.PUBLISHER, films, chosen, same))
    found += [
        _experiment(f"{one} + {other}", HeldOutKind.PAIR, films, sources.isin([one, other]))
        for one, other in product(
            [name for name in names if _only(films[sources.eq(name)], Label.COVID)],
            [name for name in names if _only(films[sources.eq(name)], Label.NOCOVID)],
        )
    ]
    return found


def _experiment(
    name: str,
    kind: HeldOutKind,
    films: pd.DataFrame,
    chosen: pd.Series,
    related: pd.Series | None = None,
) -> Experiment:
    held_out = films[chosen]
    barred = chosen if related is None else chosen | related
    known = films.loc[barred & films["group"].ne(""), "group"]
    training = films[~barred & ~films["group"].isin(known)]
    return Experiment(name, kind, held_out, training)


def _has_both(films: pd.DataFrame) -> bool:
    positives = int(positive_films(films).sum())
    return min(positives, len(films) - positives) >= LEAST_FILMS


def _only(films: pd.DataFrame, label: Label) -> bool:
    return bool(films["label"].eq(label.value).all()) and len(films) >= LEAST_FILMS


def threshold_at(scores: FloatArray, positive: BoolArray, specificity: float) -> float:
    """Return the lowest threshold that keeps ``specificity`` of these negatives below it.

    Raises
    ------
    ValueError
        If there is no negative film.
    """
    negatives = np.sort(scores[~positive])
    if not len(negatives):
        raise ValueError("a threshold needs negative films")
    allowed = int(np.floor(len(negatives) * (1 - specificity) + 1e-9))
    # Just above the highest negative that must stay below.
    return float(np.nextafter(negatives[len(negatives) - 1 - allowed], np.inf))


def leave_out(
    experiments: Iterable[Experiment],
    fit: Fit,
    *,
    source_seen: pd.Series | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Iterator[ExperimentResult]:
    """Run experiments one after the other.

    Those whose remaining films lack a class are yielded without figures.

    Parameters
    ----------
    experiments
        From :func:`plan`.
    fit
        What is trained.
    source_seen
        Score of each film, by row label of the manifest, from a fit that saw its source but not
        its patient; for comparison.
    resamples, seed
        Of the bootstrap.
    """
    for experiment in experiments:
        figures: dict[str, Estimate] = {}
        if _has_both(experiment.training):
            fitted = fit(experiment.training, experiment.name)
            figures = _figures(
                experiment.held_out,
                fitted.score(experiment.held_out),
                fitted.threshold,
                resamples,
                seed,
            )
            if source_seen is not None and "auroc" in figures:
                films = experiment.held_out
                figures["auroc_source_seen"] = auroc(
                    source_seen.loc[films.index].to_numpy(dtype=np.float64),
                    positive_films(films),
                    _groups(films),
                )
        yield _result(experiment, figures)


def _result(experiment: Experiment, figures: dict[str, Estimate]) -> ExperimentResult:
    held_out, trained = positive_films(experiment.held_out), positive_films(experiment.training)
    return ExperimentResult(
        name=experiment.name,
        kind=experiment.kind,
        positives=int(held_out.sum()),
        negatives=int((~held_out).sum()),
        patients=len(np.unique(_groups(experiment.held_out))),
        trained_positives=int(trained.sum()),
        trained_negatives=int((~trained).sum()),
        figures=figures,
    )


def _groups(films: pd.DataFrame) -> np.ndarray[Any, Any]:
    alone = "film:" + films["original_sha256"]
    return films["group"].where(films["group"].ne(""), alone).to_numpy()


def _figures(
    films: pd.DataFrame, scores: FloatArray, threshold: float, resamples: int, seed: int
) -> dict[str, Estimate]:
    positive, groups, calls = positive_films(films), _groups(films), scores >= threshold
    figures: dict[str, Estimate] = {}
    if _has_both(films):
        figures["auroc"] = auroc(scores, positive, groups)
        ranked = RankedFilms(scores, positive)

        def area(weights: FloatArray) -> dict[str, FloatArray]:
            return {"auroc": ranked.statistics(weights)["auroc"]}

        low, high = bootstrap(area, groups, resamples=resamples, seed=seed)["auroc"]
        figures["auroc_bootstrap"] = Estimate(
            figures["auroc"].value, low, high, len(films), "bootstrap"
        )
    if positive.sum() >= LEAST_FILMS:
        figures["sensitivity"] = proportion(calls[positive], groups[positive])
    if (~positive).sum() >= LEAST_FILMS:
        figures["specificity"] = proportion(~calls[~positive], groups[~positive])
    return figures
