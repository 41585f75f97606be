"""Which sets of films get figures of their own, and which of them is the headline."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from covid_d.evaluation.metrics import Stratum, measure

DIMENSIONS = ("source", "subsource", "projection", "sex", "age")
UNKNOWN = "unknown"

_AGE_BANDS = ("0-17", "18-39", "40-59", "60-79", "80+")
_AGE_EDGES = (0, 18, 40, 60, 80, np.inf)


def age_bands(ages: pd.Series) -> pd.Series:
    """Return the age band of each age in years; missing ages are ``unknown``."""
    years = pd.to_numeric(ages, errors="coerce")
    bands = pd.cut(years, list(_AGE_EDGES), right=False, labels=list(_AGE_BANDS))
    return bands.astype(object).where(bands.notna(), UNKNOWN).astype(str)


def members(films: pd.DataFrame, dimension: str) -> pd.Series:
    """Return the subgroup of each film along one of ``DIMENSIONS``."""
    if dimension == "age":
        return age_bands(films["age"])
    names = films[dimension].fillna("").astype(str).str.strip()
    return names.where(names.ne(""), UNKNOWN)


def measure_subgroups(
    films: pd.DataFrame, *, resamples: int, seed: int
) -> dict[str, dict[str, Stratum]]:
    """Return the figures of every subgroup, by dimension and name, largest first, ages in order.

    Publishers (subsources) are named with their source: ``cohen/radiopaedia.org``. Films of an
    unknown publisher stand under their source only.
    """
    found: dict[str, dict[str, Stratum]] = {}
    for dimension in DIMENSIONS:
        names = members(films, dimension)
        if dimension == "subsource":
            names = (members(films, "source") + "/" + names).where(names.ne(UNKNOWN))
        counts = names.value_counts()
        found[dimension] = {
            str(name): measure(films[names == name], str(name), resamples=resamples, seed=seed)
            for name in _ordered(counts, dimension)
        }
    return found


def _ordered(counts: pd.Series, dimension: str) -> list[str]:
    if dimension == "age":
        return [name for name in (*_AGE_BANDS, UNKNOWN) if name in counts.index]
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
