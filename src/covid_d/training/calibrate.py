"""From logits to probabilities and conformal thresholds, on validation films.

The two must not share films: thresholds found on the films that Platt scaling was fitted to would
be slightly too tight. The validation films are therefore split in two by group (patient).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from covid_d.appearance import CATEGORIES
from covid_d.detector.bundle.spec import (
    AppearanceCalibration,
    AppearanceConformal,
    Calibration,
    Conformal,
)
from covid_d.detector.calibrate import appearance_probabilities, calibrated_probability
from covid_d.errors import TrainingError
from covid_d.language import N_

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]

ERROR_RATE = 0.10
_MORE_FILMS = N_("Build a data set with more validation films of every class.")


def halves(classes: Flags | Indices, groups: Sequence[str], seed: int) -> tuple[Indices, Indices]:
    """Split films in two halves of like class shares; a group is never divided.

    Parameters
    ----------
    classes
        Of each film: whether it is of COVID-19, or the place of its category.
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
            N_(
                "The %(films)s validation films are of %(groups)s group(s): too few to "
                "calibrate on some and set thresholds on the others.",
                films=len(classes),
                groups=len(set(groups)),
            ),
            _MORE_FILMS,
        )
    splitter = StratifiedGroupKFold(n_splits=2, shuffle=True, random_state=seed)
    first, second = next(splitter.split(np.zeros((len(classes), 1)), classes, list(groups)))
    for half in (first, second):
        if len(np.unique(classes[half])) < len(np.unique(classes)) or len(np.unique(classes)) < 2:
            raise TrainingError(
                N_("Half of the validation films (%(films)s) would lack a class.", films=len(half)),
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
            N_(
                "Calibration gives slope %(slope).3g on %(films)s validation films: the "
                "network's score does not rise with COVID-19.",
                slope=slope,
                films=films,
            ),
            N_("Train longer, or on more films; a network this poor is not exported."),
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


def vector_scaling(logits: Floats, classes: Indices) -> AppearanceCalibration:
    """Fit ``p = softmax(logits / temperature + bias)`` by likelihood.

    Parameters
    ----------
    logits
        n x 4, in the order of the categories.
    classes
        Place of each film's category.

    Raises
    ------
    TrainingError
        If no positive temperature is found: the network ranks films no better than chance.

    References
    ----------
    Guo et al. (2017), *On calibration of modern neural networks*, section 4.2; one scale for all
    categories, because an own one for each needs more films than a validation split has.
    """
    places = np.arange(len(classes))

    def loss(values: Floats) -> float:
        scores = logits * values[0] + np.append(values[1:], 0.0)
        return float((logsumexp(scores, axis=1) - scores[places, classes]).mean())

    start = np.zeros(len(CATEGORIES))
    start[0] = 1.0
    found = minimize(loss, start, method="BFGS", options={"gtol": 1e-7})
    slope, bias = float(found.x[0]), np.append(found.x[1:], 0.0)
    if not slope > 1e-3:
        raise TrainingError(
            N_(
                "Calibration gives slope %(slope).3g on %(films)s validation films: the "
                "network does not tell the categories apart.",
                slope=slope,
                films=len(classes),
            ),
            N_("Train longer, or on more films; a network this poor is not exported."),
        )
    counts = np.bincount(classes, minlength=len(CATEGORIES))
    bias -= bias.mean()
    return AppearanceCalibration(
        temperature=1.0 / slope,
        bias=_four(bias),
        shares=_four(counts / counts.sum()),
        films=len(classes),
    )


def calibrate_appearance(
    logits: npt.NDArray[np.floating],
    classes: Indices,
    groups: Sequence[str],
    seed: int,
    error_rate: float = ERROR_RATE,
) -> tuple[AppearanceCalibration, AppearanceConformal]:
    """Fit vector scaling on one half of the validation films, thresholds on the other.

    Parameters
    ----------
    logits
        n x 4, in the order of the categories.
    classes
        Place of each film's category.
    groups
        Each film's group.
    seed
        Fixes the halves.
    error_rate
        Share of a category's films that may be wrongly ruled out.

    Raises
    ------
    TrainingError
        If there are too few films, or the network does not tell the categories apart.
    """
    scores = np.asarray(logits, dtype=np.float64)
    first, second = halves(classes, groups, seed)
    calibration = vector_scaling(scores[first], classes[first])
    # The very function that predictions go through.
    shares = np.array(
        [
            list(appearance_probabilities(film.tolist(), calibration).values())
            for film in scores[second]
        ]
    )
    of_class = [shares[classes[second] == at, at] for at in range(len(CATEGORIES))]
    counts = [len(own) for own in of_class]
    conformal = AppearanceConformal(
        error_rate=error_rate,
        quantiles=_four(np.array([_quantile(1.0 - own, error_rate) for own in of_class])),
        films=(counts[0], counts[1], counts[2], counts[3]),
        studies=len({groups[at] for at in second}),
    )
    return calibration, conformal


def _four(values: Floats) -> tuple[float, float, float, float]:
    first, second, third, fourth = (float(value) for value in values)
    return first, second, third, fourth


def _quantile(scores: Floats, error_rate: float) -> float:
    # Rounding first: 0.9 * 10 must not become 9.000000000000002.
    rank = math.ceil(round((len(scores) + 1) * (1.0 - error_rate), 9))
    return 1.0 if rank > len(scores) else float(np.sort(scores)[rank - 1])
