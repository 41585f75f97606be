"""How ``frozen_heads.py`` judges a head: four ways, none with a patient that the head has seen.

Films whose patient, or near-duplicate, is among the judged ones are not learnt from, whatever
collection they lie in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import SET_ASIDE, Split
from covid_d.evaluation.figures.bootstrap import bootstrap
from covid_d.evaluation.figures.discrimination import RankedFilms
from covid_d.evaluation.figures.estimate import FloatArray
from covid_d.evaluation.figures.intervals import auroc
from frozen_features import LAST, Floats, Mask, View
from frozen_fits import SEED, Fit, Regression, positive

MIRROR = View(copy=-1)


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing to try.

    Parameters
    ----------
    name
        For the table.
    views
        What the head sees of a film, side by side.
    depths
        Features of every view that it sees, side by side.
    copies
        Further pictures of the training films, as further rows, of one view only.
    mirrored
        Judge by the mean score of a film and its mirror image.
    fit
        How it learns.
    """

    name: str
    views: tuple[View, ...] = (View(),)
    depths: tuple[str, ...] = (LAST,)
    copies: tuple[View, ...] = ()
    mirrored: bool = False
    fit: Fit = field(default_factory=Regression)


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """The films, the publisher's among them, and features of them.

    Parameters
    ----------
    dataset, films
        The data set and the rows of its manifest that take part.
    publisher, collection
        Which of the films are the held-out publisher's, and which of its collection.
    cache
        Folder of features.
    """

    dataset: Dataset
    films: pd.DataFrame
    publisher: Mask
    collection: Mask
    cache: Path

    def seen(self, views: tuple[View, ...], depths: tuple[str, ...]) -> Floats:
        """Return the features of all films that these views show at these depths."""
        of_views = [view.features(self.dataset, self.films, self.cache) for view in views]
        return np.concatenate([found[depth] for found in of_views for depth in depths], axis=1)


def pool_of(dataset: Dataset, cache: Path) -> Pool:
    """Return the films that take part: all but the test films of other sources and publishers."""
    (name,) = dataset.record["options"]["hold_out"]
    films = dataset.manifest[~dataset.manifest["split"].isin(SET_ASIDE)]
    of_publisher = films["source"].eq("cohen") & films["subsource"].eq(name)
    films = films[films["split"].ne(Split.TEST.value) | of_publisher].reset_index(drop=True)
    collection = films["source"].eq("cohen").to_numpy()
    publisher = collection & films["subsource"].eq(name).to_numpy()
    return Pool(dataset, films, publisher, collection, cache)


def figures(
    trial: Trial, pool: Pool, reference: FloatArray
) -> dict[str, tuple[float, float, float]]:
    """Return AUROC by way of judging, each with its 95 % interval.

    Parameters
    ----------
    trial, pool
        What is judged, on which films.
    reference
        Crossed scores from which ``change`` is counted.
    """
    truth, groups = positive(pool.films), pool.films["group"].to_numpy()
    judged = {
        "held out": pool.publisher,
        "crossed": pool.publisher,
        "others": pool.collection & ~pool.publisher,
        "collection": pool.collection,
    }
    found: dict[str, tuple[float, float, float]] = {}
    for name, scores in scores_of(trial, pool):
        on = judged[name]
        estimate = auroc(scores[on], truth[on], groups[on])
        found[name] = (estimate.value, estimate.low, estimate.high)
        if name == "crossed":
            found["change"] = _change(scores[on], reference[on], truth[on], groups[on])
    return found


def _change(
    scores: FloatArray, reference: FloatArray, truth: Mask, groups: npt.NDArray[np.object_]
) -> tuple[float, float, float]:
    """Return how much larger the AUROC is than the reference's, with the bootstrap's interval."""
    ranked = [RankedFilms(some, truth) for some in (scores, reference)]

    def difference(weights: FloatArray) -> dict[str, FloatArray]:
        ours, theirs = (films.statistics(weights)["auroc"] for films in ranked)
        return {"change": ours - theirs}

    value = difference(np.ones((1, len(scores))))["change"][0]
    return float(value), *bootstrap(difference, groups)["change"]


def scores_of(trial: Trial, pool: Pool) -> Iterator[tuple[str, FloatArray]]:
    """Yield scores of all films by way of judging; NaN where a film is not judged."""
    features = pool.seen(trial.views, trial.depths)
    copies = [pool.seen((view,), trial.depths) for view in trial.copies]
    mirror = pool.seen((MIRROR,), trial.depths) if trial.mirrored else None

    def judge(outside: Mask) -> FloatArray:
        # A near-duplicate of a film that is judged may lie in another collection.
        near = pool.films["group"].isin(pool.films["group"][outside]).to_numpy()
        rows = pd.concat([pool.films[~near]] * (1 + len(copies)), ignore_index=True)
        head = trial.fit(np.concatenate([part[~near] for part in (features, *copies)]), rows)
        scores = np.full(len(outside), np.nan)
        scores[outside] = head(features[outside])
        if mirror is not None:
            scores[outside] = (scores[outside] + head(mirror[outside])) / 2
        return scores

    yield "held out", judge(pool.publisher)
    strata = positive(pool.films) * 2 + pool.publisher
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=SEED)
    crossed = np.full(len(strata), np.nan)
    for _, at in folds.split(strata, strata, pool.films["group"]):
        outside = np.zeros(len(strata), dtype=np.bool_)
        outside[at] = True
        crossed[at] = judge(outside)[at]
    yield "crossed", crossed
    yield "others", judge(pool.collection & ~pool.publisher)
    yield "collection", judge(pool.collection)
