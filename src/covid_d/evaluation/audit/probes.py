"""What can be told from a film without reading the lungs: eight probes, fitted and measured.

A probe is a small classifier on features that hold no lung, or no detail of it. What it reaches on
a data set is what a network may reach there by shortcut (Maguolo and Nanni 2021, Information
Fusion 76:1; DeGrave, Janizek and Lee 2021, Nature Machine Intelligence 3:610).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from covid_d.evaluation.figures.estimate import BoolArray, FloatArray
from covid_d.language import Message
from covid_d.radiograph.film import FloatImage, Radiograph

_THUMBNAIL = 8
_PICTURE = 32  # side of the picture that border and corners are taken from
_BORDER = 0.12
# Semi-axes of the blacked-out ellipse, as shares of the film's sides: it covers both lungs of a
# whole frontal film and leaves corners, shoulders and the film's edges.
_CENTRE = 0.44
_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_FORMATS = ("DICOM", "JPEG", "PNG", "TIFF", "WEBP")
_FOLDS = 5
_TREES = 60  # of the random forest


class Probe(StrEnum):
    """What a probe sees of a film."""

    THUMBNAIL = "thumbnail"
    BORDER = "border"
    CENTRE_BLACK = "centre-black"
    SIZE_BRIGHTNESS = "size-brightness"
    QUALITY = "quality"
    METADATA = "metadata"
    MARKS = "marks-on-lungs"
    NETWORK_LUNGS_ERASED = "network-lungs-erased"

    @property
    def message(self) -> Message:
        """What the probe sees, for reports."""
        return _MESSAGES[self]


_MESSAGES = {
    Probe.THUMBNAIL: Message("miniatura de 8×8 píxeles", "8×8 pixel thumbnail"),
    Probe.BORDER: Message("solo el borde (12 % exterior)", "border only (outer 12%)"),
    Probe.CENTRE_BLACK: Message(
        "centro tapado en negro (elipse sobre los pulmones)",
        "centre blacked out (ellipse over the lungs)",
    ),
    Probe.SIZE_BRIGHTNESS: Message(
        "solo tamaño, formato y brillo de la imagen", "image size, format and brightness only"
    ),
    Probe.QUALITY: Message(
        "nitidez, ruido y compresión fuera de los pulmones",
        "sharpness, noise and compression outside the lungs",
    ),
    Probe.METADATA: Message("edad, sexo y proyección", "age, sex and projection"),
    Probe.MARKS: Message(
        "letras, flechas, electrodos y tubos sobre los pulmones",
        "letters, arrows, electrodes and tubes on the lungs",
    ),
    Probe.NETWORK_LUNGS_ERASED: Message(
        "lo que la red extrae con los pulmones borrados",
        "what the network extracts with the lungs erased",
    ),
}


def features(
    radiograph: Radiograph, *, width: float, height: float
) -> dict[Probe, npt.NDArray[np.float32]]:
    """Return what the probes of place, size and brightness see of a film.

    The others are :mod:`covid_d.evaluation.audit.traces`, :mod:`covid_d.evaluation.audit.marks`,
    and what the network itself extracts.

    Parameters
    ----------
    radiograph
        The film as read.
    width, height
        Of the film, pixels. The file's length is left out on purpose: it grows with the texture
        of the lungs, so it is no lung-free information.
    """
    small = _squashed(radiograph.pixels, _PICTURE)
    rows, columns = (np.mgrid[0:_PICTURE, 0:_PICTURE] + 0.5) / _PICTURE - 0.5
    border = np.maximum(abs(rows), abs(columns)) > 0.5 - _BORDER
    outside = (rows / _CENTRE) ** 2 + (columns / _CENTRE) ** 2 > 1.0
    return {
        Probe.THUMBNAIL: _squashed(radiograph.pixels, _THUMBNAIL).ravel(),
        Probe.BORDER: small[border],
        Probe.CENTRE_BLACK: small[outside],
        Probe.SIZE_BRIGHTNESS: np.concatenate(
            [_size(radiograph, width, height), _brightness(radiograph.pixels)]
        ),
    }


@dataclass(frozen=True, slots=True, eq=False)
class ProbeScores:
    """A probe's scores of test films.

    Parameters
    ----------
    scores
        N; higher means more likely positive.
    classifier
        Which was best in cross-validation on the training films.
    trained_on
        ``all`` training films, or those of the ``source`` alone.
    inner_auroc
        Its AUROC in that cross-validation.
    """

    scores: FloatArray
    classifier: str
    trained_on: str
    inner_auroc: float


@dataclass(frozen=True, slots=True, eq=False)
class ProbeData:
    """Training films of a probe.

    Parameters
    ----------
    features
        NxF.
    positive
        N; the truth.
    groups
        N; films of one group are never parted by a fold.
    """

    features: npt.NDArray[np.float32]
    positive: BoolArray
    groups: npt.NDArray[np.str_]

    def of(self, members: BoolArray) -> ProbeData:
        """Return the films of ``members`` only."""
        return ProbeData(self.features[members], self.positive[members], self.groups[members])


class FittedProbe:
    """A probe fitted on training films.

    Which of the classifiers is used is decided by grouped, stratified cross-validation on
    training films alone.

    Parameters
    ----------
    train
        Training films, all sources.
    seed
        Fixes folds and forests.
    """

    def __init__(self, train: ProbeData, *, seed: int = 7) -> None:
        self._train = train
        self._seed = seed
        self._fits = {name: _fit(name, train, seed) for name in _CLASSIFIERS}
        self._inner = {name: _cross_validated(name, train, seed) for name in _CLASSIFIERS}

    def score(self, test: npt.NDArray[np.float32], members: BoolArray | None = None) -> ProbeScores:
        """Return scores of test films by a classifier trained on all training films.

        Parameters
        ----------
        test
            Features of the test films, MxF.
        members
            Training films of the same source, which choose the classifier. ``None``, or where
            they lack a class, as those of a source held out from training do: all choose.
        """
        truth = self._train.positive
        inside = np.ones(len(truth), dtype=np.bool_)
        if members is not None and len(np.unique(truth[members])) == 2:
            inside = members
        areas = {name: _area(found[inside], truth[inside]) for name, found in self._inner.items()}
        name = max(areas, key=lambda name: areas[name])
        return ProbeScores(_positive_share(self._fits[name], test), name, "all", areas[name])

    def score_within(self, test: npt.NDArray[np.float32], members: BoolArray) -> ProbeScores | None:
        """Return scores of test films by a classifier trained on ``members`` alone.

        It knows the shortcuts of one source, which training on all sources may drown. ``None``
        when the source has too few training films of a class for five folds.
        """
        own = self._train.of(members)
        if not _enough(own):
            return None
        areas = {
            name: _area(_cross_validated(name, own, self._seed), own.positive)
            for name in _CLASSIFIERS
        }
        name = max(areas, key=lambda name: areas[name])
        fit = _fit(name, own, self._seed)
        return ProbeScores(_positive_share(fit, test), name, "source", areas[name])


def _logistic_regression(c: float, seed: int) -> Any:
    ridge = LogisticRegression(C=c, max_iter=2000, class_weight="balanced", random_state=seed)
    return make_pipeline(StandardScaler(), ridge)


def _random_forest(seed: int) -> Any:
    return RandomForestClassifier(
        _TREES, min_samples_leaf=3, class_weight="balanced", random_state=seed
    )


# Strong ridges: there are up to 448 features, 1,280 and more of a network, and sometimes a few
# dozen films.
_CLASSIFIERS: dict[str, Callable[[int], Any]] = {
    "logistic regression": partial(_logistic_regression, 0.1),
    "logistic regression, stronger ridge": partial(_logistic_regression, 0.001),
    "random forest": _random_forest,
}


def _fit(name: str, data: ProbeData, seed: int) -> Any:
    return _CLASSIFIERS[name](seed).fit(data.features, data.positive)


def _positive_share(fit: Any, features_: npt.NDArray[np.float32]) -> FloatArray:
    scores: FloatArray = fit.predict_proba(features_)[:, 1].astype(np.float64)
    return scores


def _cross_validated(name: str, data: ProbeData, seed: int) -> FloatArray:
    """Return each film's score by a classifier that did not see its group."""
    scores = np.full(len(data.positive), float(data.positive.mean()))
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # Small sources may leave a fold without one class; their AUROC is then just weaker.
        warnings.filterwarnings("ignore", category=UserWarning, module="sklearn")
        for inside, outside in folds.split(data.features, data.positive, data.groups):
            if len(np.unique(data.positive[inside])) == 2:
                fit = _fit(name, data.of(_as_mask(inside, len(scores))), seed)
                scores[outside] = _positive_share(fit, data.features[outside])
    return scores


def _as_mask(indices: npt.NDArray[np.int64], length: int) -> BoolArray:
    mask = np.zeros(length, dtype=np.bool_)
    mask[indices] = True
    return mask


def _enough(data: ProbeData) -> bool:
    """Whether films suffice for folds: twice the folds of each class, in as many groups."""
    counts = [int(data.positive.sum()), int((~data.positive).sum())]
    return min(counts) >= 2 * _FOLDS and len(np.unique(data.groups)) >= 2 * _FOLDS


def _area(scores: FloatArray, positive: BoolArray) -> float:
    if positive.all() or not positive.any():
        return 0.5
    return float(roc_auc_score(positive, scores))


def _size(radiograph: Radiograph, width: float, height: float) -> npt.NDArray[np.float32]:
    numbers = [
        np.log(width),
        np.log(height),
        width / height,
        radiograph.facts.bits,
        float(radiograph.facts.colour),
    ]
    kinds = [float(radiograph.facts.format == name) for name in _FORMATS]
    return np.asarray(numbers + kinds, dtype=np.float32)


def _brightness(pixels: FloatImage) -> npt.NDArray[np.float32]:
    extremes = [float((pixels <= 0.01).mean()), float((pixels >= 0.99).mean())]
    numbers = [float(pixels.mean()), float(pixels.std()), *np.quantile(pixels, _QUANTILES)]
    return np.asarray(numbers + extremes, dtype=np.float32)


def _squashed(pixels: FloatImage, side: int) -> FloatImage:
    picture = Image.fromarray(np.asarray(pixels)).resize((side, side), Image.Resampling.BOX)
    return np.asarray(picture, dtype=np.float32)
