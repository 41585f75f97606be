"""Which sets of films get figures of their own, and which of them is the headline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import pandas as pd

from covid_d.dataset.describe.describe import AGE_BANDS, UNKNOWN, age_bands
from covid_d.evaluation.figures.metrics import Stratum, measure

Figures = TypeVar("Figures")

DIMENSIONS = ("source", "subsource", "projection", "sex", "age")


def members(films: pd.DataFrame, dimension: str) -> pd.Series:
    """Return the subgroup of each film along one of ``DIMENSIONS``."""
    if dimension == "age":
        return age_bands(pd.to_numeric(films["age"], errors="coerce"))
    names = films[dimension].fillna("").astype(str).str.strip()
    return names.where(names.ne(""), UNKNOWN)


def measure_subgroups(
    films: pd.DataFrame, *, resamples: int, seed: int
) -> dict[str, dict[str, Stratum]]:
    """Return the figures of every subgroup, by dimension and name, largest first, ages in order.

    Publishers (subsources) are named with their source: ``cohen/radiopaedia.org``. Films of an
    unknown publisher stand under their source only.
    """
    return by_dimension(
        films, lambda part, name: measure(part, name, resamples=resamples, seed=seed)
    )


def by_dimension(
    films: pd.DataFrame, measured: Callable[[pd.DataFrame, str], Figures]
) -> dict[str, dict[str, Figures]]:
    """Return what ``measured`` makes of every subgroup; see :func:`measure_subgroups`.

    Parameters
    ----------
    films
        A score table.
    measured
        Takes a subgroup's films and its name.
    """
    found: dict[str, dict[str, Figures]] = {}
    for dimension in DIMENSIONS:
        names = members(films, dimension)
        if dimension == "subsource":
            names = (members(films, "source") + "/" + names).where(names.ne(UNKNOWN))
        counts = names.value_counts()
        found[dimension] = {
            str(name): measured(films[names == name], str(name))
            for name in _ordered(counts, dimension)
        }
    return found


def _ordered(counts: pd.Series, dimension: str) -> list[str]:
    if dimension == "age":
        return [name for name in (*AGE_BANDS, UNKNOWN) if name in counts.index]
    return sorted(counts.index, key=lambda name: (-counts[name], name))


def notable_publishers(subgroups: Mapping[str, Mapping[str, Stratum]]) -> list[Stratum]:
    """Return the publishers that have a figure and are not a whole source under another name."""
    sources = subgroups["source"]
    return [
        stratum
        for name, stratum in subgroups["subsource"].items()
        if stratum.figures and stratum.films < sources[name.split("/", 1)[0]].films
    ]


def worst_source(subgroups: Mapping[str, Mapping[str, Stratum]]) -> Stratum | None:
    """Return the source or publisher of lowest AUROC among those with both classes.

    This is the headline: within one source the model cannot win by recognising the source.
    ``None`` when no source has enough films of both classes.
    """
    candidates = [
        stratum
        for dimension in ("source", "subsource")
        for stratum in subgroups[dimension].values()
        if stratum.has_both_classes
    ]
    return min(candidates, key=lambda stratum: stratum.figures["auroc"].value, default=None)
