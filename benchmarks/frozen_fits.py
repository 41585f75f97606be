"""Heads for ``frozen_heads.py``: ways to learn COVID-19 or not from frozen features.

Each is a frozen dataclass; called with features (NxC) and the manifest's rows of the same films it
returns a function from features to scores. All are L2-regularised logistic regressions on
standardised features, which differ in the films, weights, labels or directions that they use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logsumexp
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from covid_d.training.data import sampling_weights

Floats = npt.NDArray[np.floating]
Scores = Callable[[Floats], Floats]
SEED = 7


class Fit(Protocol):
    """A way to learn."""

    def __call__(self, features: Floats, rows: pd.DataFrame) -> Scores:
        """Learn from the features of the films ``rows``; higher scores are likelier COVID-19."""
        ...


def positive(rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which films are COVID-19."""
    return rows["label"].eq("covid").to_numpy(dtype=bool)


def normal(rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which films are of chests without a finding."""
    return rows["finding"].str.contains("Normal|No Finding").to_numpy(dtype=bool)


def balanced(rows: pd.DataFrame) -> Floats:
    """Return the weights of the shipped recipe, on average 1."""
    return sampling_weights(rows) * len(rows)


@dataclass(frozen=True, slots=True)
class Regression:
    """The shipped head, and small changes of it.

    Parameters
    ----------
    strength
        Inverse strength of regularisation.
    equal
        Weigh every film alike, not by class and source.
    without_normals
        Learn from ill chests alone.
    erase
        Project the directions between sources of one class out first.
    smoothing
        Share of each label spread over both classes.
    """

    strength: float = 1e-3
    equal: bool = False
    without_normals: bool = False
    erase: bool = False
    smoothing: float = 0.0

    def __call__(self, features: Floats, rows: pd.DataFrame) -> Scores:
        """Fit."""
        if self.without_normals:
            kept = ~normal(rows)
            features, rows = features[kept], rows[kept]
        scaler = StandardScaler().fit(features)
        gone = _between_sources(scaler.transform(features), rows) if self.erase else None

        def seen(some: Floats) -> Floats:
            scaled: Floats = scaler.transform(some)
            return scaled if gone is None else scaled - (scaled @ gone) @ gone.T

        weights = np.ones(len(rows)) if self.equal else balanced(rows)
        truth = np.where(positive(rows), 1 - self.smoothing / 2, self.smoothing / 2)
        model = fit_soft(seen(features), truth, weights, self.strength)
        return lambda some: model.decision_function(seen(some))


@dataclass(frozen=True, slots=True)
class Whitened:
    """The regression on the first principal components, each scaled to variance 1."""

    components: int = 64
    strength: float = 1e-2

    def __call__(self, features: Floats, rows: pd.DataFrame) -> Scores:
        """Fit."""
        model = make_pipeline(
            StandardScaler(),
            PCA(self.components, whiten=True, random_state=SEED),
            LogisticRegression(C=self.strength, max_iter=1000),
        )
        model.fit(features, positive(rows), logisticregression__sample_weight=balanced(rows))
        scores: Scores = model.decision_function
        return scores


@dataclass(frozen=True, slots=True)
class ThreeClasses:
    """COVID-19, other findings and normal films told apart; scored by COVID-19 against the rest."""

    strength: float = 1e-3

    def __call__(self, features: Floats, rows: pd.DataFrame) -> Scores:
        """Fit."""
        kinds = np.where(positive(rows), 0, np.where(normal(rows), 2, 1))
        scaler = StandardScaler().fit(features)
        model = LogisticRegression(C=self.strength, max_iter=1000)
        model.fit(scaler.transform(features), kinds, sample_weight=balanced(rows))

        def scores(some: Floats) -> Floats:
            logits = model.decision_function(scaler.transform(some))
            found: Floats = logits[:, 0] - logsumexp(logits[:, 1:], axis=1)
            return found

        return scores


@dataclass(frozen=True, slots=True)
class Averaged:
    """The mean of regressions, each fitted on patients drawn with replacement (weight averaging).

    The heads are linear, so the mean of their scores is the score of their mean weights.
    """

    times: int = 20
    fit: Fit = field(default_factory=Regression)

    def __call__(self, features: Floats, rows: pd.DataFrame) -> Scores:
        """Fit."""
        rng = np.random.default_rng(SEED)
        _, patient = np.unique(rows["group"].to_numpy(), return_inverse=True)
        members = [np.flatnonzero(patient == one) for one in range(patient.max() + 1)]
        heads = []
        for _ in range(self.times):
            drawn = rng.integers(0, len(members), len(members))
            at = np.concatenate([members[one] for one in drawn])
            heads.append(self.fit(features[at], rows.iloc[at].reset_index(drop=True)))
        return lambda some: np.mean([head(some) for head in heads], axis=0)


@dataclass(frozen=True, slots=True)
class Distilled:
    """The regression on the first columns, taught by one that sees all columns.

    The teacher's probabilities are out of fold, by patient; the student learns from their mean
    with the labels. Source: Hinton et al. (2015), arXiv:1503.02531.

    Parameters
    ----------
    columns
        Features of the student.
    strength
        As in :class:`Regression`, of both.
    """

    columns: int
    strength: float = 1e-3

    def __call__(self, features: Floats, rows: pd.DataFrame) -> Scores:
        """Fit."""
        truth = positive(rows)
        taught = np.zeros(len(rows))
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=SEED)
        for inside, outside in folds.split(features, truth, rows["group"]):
            teacher = Regression(self.strength)(features[inside], rows.iloc[inside])
            taught[outside] = expit(teacher(features[outside]))
        own = features[:, : self.columns]
        scaler = StandardScaler().fit(own)
        model = fit_soft(scaler.transform(own), (truth + taught) / 2, balanced(rows), self.strength)
        return lambda some: model.decision_function(scaler.transform(some[:, : self.columns]))


@dataclass(frozen=True, slots=True)
class GroupDRO:
    """The regression for the worst source of a class (group distributionally robust).

    Groups are the sources of each class. In turn the regression is fitted and the weights of the
    groups grow with the exponential of their loss. Source: Sagawa et al. (2020), ICLR.

    Parameters
    ----------
    step
        Of the groups' weights.
    rounds
        Fits; the last one is the head.
    strength
        As in :class:`Regression`.
    """

    step: float = 0.5
    rounds: int = 15
    strength: float = 1e-3

    def __call__(self, features: Floats, rows: pd.DataFrame) -> Scores:
        """Fit."""
        scaler = StandardScaler().fit(features)
        scaled, truth = scaler.transform(features), positive(rows)
        _, group = np.unique((rows["label"] + rows["source"]).to_numpy(), return_inverse=True)
        size = np.bincount(group)
        share = np.full(len(size), 1 / len(size))
        model = LogisticRegression(C=self.strength, max_iter=1000, warm_start=True)
        for _ in range(self.rounds):
            model.fit(scaled, truth, sample_weight=(share / size)[group] * len(rows))
            margin = model.decision_function(scaled) * np.where(truth, 1, -1)
            loss = np.bincount(group, weights=np.logaddexp(0, -margin)) / size
            share = share * np.exp(self.step * loss)
            share /= share.sum()
        return lambda some: model.decision_function(scaler.transform(some))


def fit_soft(
    features: Floats, truth: Floats, weights: Floats, strength: float
) -> LogisticRegression:
    """Return a logistic regression fitted on labels between 0 and 1."""
    shares = np.concatenate([truth, 1 - truth]) * np.tile(weights, 2)
    used = shares > 0
    model = LogisticRegression(C=strength, max_iter=1000)
    model.fit(
        np.tile(features, (2, 1))[used],
        np.repeat([1, 0], len(features))[used],
        sample_weight=shares[used],
    )
    return model


def _between_sources(scaled: Floats, rows: pd.DataFrame) -> Floats:
    """Return an orthonormal basis of the directions between sources of one class."""
    found = []
    for _, of_class in rows.reset_index(drop=True).groupby("label"):
        means = [scaled[part.index].mean(axis=0) for _, part in of_class.groupby("source")]
        found += [mean - means[0] for mean in means[1:]]
    return np.linalg.qr(np.array(found).T)[0]
