"""From logits to probabilities and conformal thresholds, on validation films.

The two must not share films: thresholds found on the films that Platt scaling was fitted to would
be slightly too tight. The validation films are therefore split in two by group (patient).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from covid_d.detector.bundle.spec import Calibration, Conformal
from covid_d.detector.calibrate import calibrated_probability
from covid_d.errors import TrainingError

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]

ERROR_RATE = 0.10
_MORE_FILMS = "Build a data set with more validation films of both classes."


def halves(positive: Flags, groups: Sequence[str], seed: int) -> tuple[Indices, Indices]:
    """Split films in two halves of like class shares; a group is never divided.

    Parameters
    ----------
    positive
        Whether each film is of COVID-19.
    groups
        Each film's group (patient or near-duplicates).
    seed
        Fixes the split.

    Raises
    ------
    TrainingError
        If a half would lack one of the classes.
    """
    if len(set(groups)) < 2:
        raise TrainingError(
            f"The {len(positive)} validation films are of {len(set(groups))} group(s): too few to "
            "calibrate on some and set thresholds on the others.",
            _MORE_FILMS,
        )
    splitter = StratifiedGroupKFold(n_splits=2, shuffle=True, random_state=seed)
    first, second = next(splitter.split(np.zeros((len(positive), 1)), positive, list(groups)))
    for half in (first, second):
        if positive[half].all() or not positive[half].any():
            raise TrainingError(
                f"Half of the validation films ({len(half)}) would be of one class only.",
                _MORE_FILMS,
            )
    return first, second


def platt(logits: Floats, positive: Flags) -> Calibration:
    """Fit ``p = sigmoid(slope * logit + intercept)``.

    Targets are Platt's own, ``(n+ + 1) / (n+ + 2)`` and ``1 / (n- + 2)``, so that separable films
    do not give an infinite slope.

    Raises
    ------
    TrainingError
        If the fitted slope is not positive: the network ranks films no better than chance.

    References
    ----------
    Platt (1999), *Advances in Large Margin Classifiers*, section 2.2.
    """
    films, positives = len(positive), int(positive.sum())
    target = np.where(positive, (positives + 1) / (positives + 2), 1 / (films - positives + 2))
    # A film counts as positive with weight `target` and as negative with the rest.
    model = LogisticRegression(C=1e10, max_iter=10_000, tol=1e-8)
    model.fit(
        np.concatenate([logits, logits])[:, None],
        np.repeat([1, 0], films),
        sample_weight=np.concatenate([target, 1.0 - target]),
    )
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    if not slope > 0:
        raise TrainingError(
            f"Calibration gives slope {slope:.3g} on {films} validation films: the network's score "
            "does not rise with COVID-19.",
            "Train longer, or on more films; a network this poor is not exported.",
        )
    return Calibration(slope=slope, intercept=intercept, prevalence=positives / films, films=films)


def conformal(probabilities: Floats, positive: Flags, error_rate: float = ERROR_RATE) -> Conformal:
    """Set class-conditional split conformal thresholds on calibrated probabilities.

    A class's score is the probability of the other one; its threshold is the score of rank
    ``ceil((n + 1) (1 - error_rate))`` among the class's n films, or 1 (the class is never ruled
    out) when n is too small for that rank to exist.

    Parameters
    ----------
    probabilities
        Of COVID-19, of films that the calibration did not see.
    positive
        Whether each film is of COVID-19.
    error_rate
        Share of a class's films that may be wrongly ruled out.

    References
    ----------
    Vovk (2012), *Conditional validity of inductive conformal predictors*; Angelopoulos and Bates
    (2023), *Conformal prediction: a gentle introduction*, section 1.
    """
    return Conformal(
        error_rate=error_rate,
        positive_quantile=_quantile(1.0 - probabilities[positive], error_rate),
        negative_quantile=_quantile(probabilities[~positive], error_rate),
        positives=int(positive.sum()),
        negatives=int((~positive).sum()),
    )


def calibrate(
    logits: npt.NDArray[np.floating],
    positive: Flags,
    groups: Sequence[str],
    seed: int,
    error_rate: float = ERROR_RATE,
) -> tuple[Calibration, Conformal]:
    """Fit Platt scaling on one half of the validation films, thresholds on the other.

    Raises
    ------
    TrainingError
        If there are too few films, or the network's score does not rise with COVID-19.
    """
    scores = np.asarray(logits, dtype=np.float64)
    first, second = halves(positive, groups, seed)
    calibration = platt(scores[first], positive[first])
    # The very function that predictions go through.
    probabilities = np.array([calibrated_probability(s, calibration) for s in scores[second]])
    return calibration, conformal(probabilities, positive[second], error_rate)


def _quantile(scores: Floats, error_rate: float) -> float:
    # Rounding first: 0.9 * 10 must not become 9.000000000000002.
    rank = math.ceil(round((len(scores) + 1) * (1.0 - error_rate), 9))
    return 1.0 if rank > len(scores) else float(np.sort(scores)[rank - 1])
