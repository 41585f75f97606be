"""The light fit: logistic regression on features of a network that saw none of the films."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from covid_d.evaluation.figures.estimate import FloatArray
from covid_d.evaluation.left_out.leave_one_out import SPECIFICITY, positive_films, threshold_at

# Fixed beforehand, for hundreds of films and over a thousand features; never tuned on what is
# held out.
_STRENGTH = 0.01
_FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class FrozenFit:
    """Fits on frozen features; a :class:`covid_d.evaluation.left_out.leave_one_out.Fit`.

    Parameters
    ----------
    features
        float32, NxC: one row a film.
    index
        Row labels of the manifest, in the order of ``features``.
    seed
        Of the folds.
    """

    features: npt.NDArray[np.float32]
    index: pd.Index
    seed: int = 7

    def __call__(self, films: pd.DataFrame, name: str = "") -> FittedFrozen:
        """Fit on the rows ``films``, class-balanced, with a threshold from held-out patients."""
        del name
        x, y = self.of(films), positive_films(films)
        out_of_fold = self.cross_validated(films)
        model = _model().fit(x, y)
        return FittedFrozen(self, model, threshold_at(out_of_fold, y, SPECIFICITY))

    def of(self, films: pd.DataFrame) -> npt.NDArray[np.float32]:
        """Return the features of these rows."""
        return self.features[self.index.get_indexer(films.index)]

    def cross_validated(self, films: pd.DataFrame) -> FloatArray:
        """Return each film's score from a fit without its patient (grouped folds)."""
        groups = films["group"].where(films["group"].ne(""), films["original_sha256"])
        folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=self.seed)
        scores: FloatArray = cross_val_predict(
            _model(),
            self.of(films),
            positive_films(films),
            groups=groups.to_numpy(),
            cv=folds,
            method="decision_function",
        )
        return scores


@dataclass(frozen=True, slots=True, eq=False)
class FittedFrozen:
    """A logistic regression on frozen features.

    Parameters
    ----------
    fit
        Where the features are.
    model
        The fitted pipeline.
    threshold
        Decision value from which a film is called positive.
    """

    fit: FrozenFit
    model: Pipeline
    threshold: float

    def score(self, films: pd.DataFrame) -> FloatArray:
        """Return the decision value of each row."""
        scores: FloatArray = self.model.decision_function(self.fit.of(films))
        return scores


def _model() -> Pipeline:
    return make_pipeline(
        StandardScaler(),
        LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=2000),
    )
