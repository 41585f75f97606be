"""What is measured each epoch on the validation films; the positive class is ``covid``."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from fastai.metrics import AccumMetric, ActivationType, accuracy, error_rate
from sklearn import metrics as skm

from covid_d.detector.bundle.spec import POSITIVE
from covid_d.training.data import VOCABULARY

_COVID = VOCABULARY.index(POSITIVE)

Labels = npt.NDArray[np.int64]


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


def metrics() -> list[Any]:
    """Return the epoch metrics: the article's ``error_rate``, then ours."""
    by_answer = {"dim_argmax": -1, "to_np": True, "invert_arg": True}
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


METRIC_NAMES = ("error_rate", "accuracy", "sensitivity", "specificity", "auroc", "f1")
