"""What is measured each epoch on the validation films.

Of COVID-19 the positive class is ``covid``; of appearance, what radiologists saw decides.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from fastai.metrics import AccumMetric, ActivationType, accuracy, error_rate
from scipy.special import logsumexp
from sklearn import metrics as skm

from covid_d.appearance import CATEGORIES, Appearance
from covid_d.detector.bundle.spec import POSITIVE
from covid_d.training.data import VOCABULARY
from covid_d.training.recipes import Recipe

_COVID = VOCABULARY.index(POSITIVE)
_NEGATIVE = CATEGORIES.index(Appearance.NEGATIVE)
_TYPICAL = CATEGORIES.index(Appearance.TYPICAL)

Labels = npt.NDArray[np.int64]
ScoreArray = npt.NDArray[np.floating]


def sensitivity(truth: Labels, answer: Labels) -> float:
    """Return the share of COVID-19 films called COVID-19."""
    return float(skm.recall_score(truth, answer, pos_label=_COVID, zero_division=0))


def specificity(truth: Labels, answer: Labels) -> float:
    """Return the share of other films called other."""
    return float(skm.recall_score(truth, answer, pos_label=1 - _COVID, zero_division=0))


def f1(truth: Labels, answer: Labels) -> float:
    """Return the harmonic mean of precision and sensitivity for COVID-19."""
    return float(skm.f1_score(truth, answer, pos_label=_COVID, zero_division=0))


def auroc(truth: Labels, probability: npt.NDArray[np.float32]) -> float:
    """Return the area under the ROC curve; NaN when training diverged.

    Parameters
    ----------
    truth
        0 is COVID-19, 1 is not.
    probability
        Of class 1, as fastai gives it; the area is the same for either class.
    """
    if not np.isfinite(probability).all():
        return float("nan")
    return float(skm.roc_auc_score(truth, probability))


def typical_auroc(truth: Labels, scores: ScoreArray) -> float:
    """Return the area under the ROC curve of typical against negative films, others left out.

    Parameters
    ----------
    truth
        Place of each film's category.
    scores
        n x 4: logits, or logarithms of the categories' shares.
    """
    chosen = np.isin(truth, (_NEGATIVE, _TYPICAL))
    return _area(truth[chosen] == _TYPICAL, (scores[:, _TYPICAL] - scores[:, _NEGATIVE])[chosen])


def opacity_auroc(truth: Labels, scores: ScoreArray) -> float:
    """Return the area under the ROC curve of any opacity against negative films.

    Parameters are those of :func:`typical_auroc`.
    """
    others = np.delete(scores, _NEGATIVE, axis=1)
    return _area(truth != _NEGATIVE, logsumexp(others, axis=1) - scores[:, _NEGATIVE])


def kappa(truth: Labels, answer: Labels) -> float:
    """Return quadratic weighted kappa over the ordered categories (Cohen 1968)."""
    return float(skm.cohen_kappa_score(truth, answer, weights="quadratic"))


def metrics(recipe: Recipe) -> list[Any]:
    """Return the epoch metrics: the article's ``error_rate``, then ours; as metric_names."""
    by_answer = {"dim_argmax": -1, "to_np": True, "invert_arg": True}
    if recipe.target == "appearance":
        by_scores = {
            "dim_argmax": None,
            "activation": ActivationType.No,
            "to_np": True,
            "invert_arg": True,
            "flatten": False,
        }
        return [
            error_rate,
            accuracy,
            AccumMetric(typical_auroc, **by_scores),
            AccumMetric(opacity_auroc, **by_scores),
            AccumMetric(kappa, **by_answer),
        ]
    return [
        error_rate,
        accuracy,
        AccumMetric(sensitivity, **by_answer),
        AccumMetric(specificity, **by_answer),
        AccumMetric(
            auroc,
            dim_argmax=-1,
            activation=ActivationType.BinarySoftmax,
            to_np=True,
            invert_arg=True,
        ),
        AccumMetric(f1, **by_answer),
    ]


def metric_names(recipe: Recipe) -> tuple[str, ...]:
    """Return the names of :func:`metrics`, in their order."""
    if recipe.target == "appearance":
        return ("error_rate", "accuracy", "typical_auroc", "opacity_auroc", "kappa")
    return ("error_rate", "accuracy", "sensitivity", "specificity", "auroc", "f1")


def _area(positive: npt.NDArray[np.bool_], score: npt.NDArray[np.floating]) -> float:
    if not np.isfinite(score).all() or positive.all() or not positive.any():
        return float("nan")
    return float(skm.roc_auc_score(positive, score))
