"""Can the source be read from what the network makes of a film? Then it may answer by source."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

_FOLDS = 5
_COMPONENTS = 50


@dataclass(frozen=True, slots=True)
class SourcePredictability:
    """How well the source follows from the network's penultimate features.

    Parameters
    ----------
    films
        Which films: ``all``, or one class only, where the label cannot give the source away.
    sources
        Films of each source that took part.
    balanced_accuracy
        Mean recall over sources in grouped cross-validation.
    chance
        What guessing reaches: one over the number of sources.
    """

    films: str
    sources: dict[str, int]
    balanced_accuracy: float
    chance: float

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "films": self.films,
            "sources": self.sources,
            "balanced_accuracy": self.balanced_accuracy,
            "chance": self.chance,
        }


def source_predictability(
    features: npt.NDArray[np.float32],
    sources: npt.NDArray[np.str_],
    groups: npt.NDArray[np.str_],
    *,
    films: str = "all",
    least: int = 10,
    seed: int = 7,
) -> SourcePredictability | None:
    """Predict the source from penultimate features by multinomial logistic regression.

    Parameters
    ----------
    features
        NxC.
    sources, groups
        N.
    films
        Which films these are, for the record.
    least
        Sources with fewer groups (patients) are left out.

    Returns
    -------
    The figure, or ``None`` when fewer than two sources have enough groups.
    """
    enough = [
        source
        for source in np.unique(sources)
        if len(np.unique(groups[sources == source])) >= least
    ]
    if len(enough) < 2:
        return None
    kept = np.isin(sources, enough)
    features, sources, groups = features[kept], sources[kept], groups[kept]
    # Five folds, each fitted on about four fifths of the films.
    components = min(_COMPONENTS, features.shape[1], int(0.7 * len(features)))
    model = make_pipeline(
        StandardScaler(),
        PCA(components, random_state=seed),
        LogisticRegression(class_weight="balanced", max_iter=2000),
    )
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A patient with many films may leave a fold without a small source.
        warnings.filterwarnings("ignore", category=UserWarning, module="sklearn")
        predicted = cross_val_predict(model, features, sources, groups=groups, cv=folds)
    names, counts = np.unique(sources, return_counts=True)
    return SourcePredictability(
        films=films,
        sources={str(name): int(count) for name, count in zip(names, counts, strict=True)},
        balanced_accuracy=float(balanced_accuracy_score(sources, predicted)),
        chance=1.0 / len(enough),
    )
