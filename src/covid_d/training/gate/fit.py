"""Fitting the input gate (:mod:`covid_d.detector.gate`) to looks of films and other pictures.

Its limits are chosen leave one source out: heads fitted on the other sources judge the frontal
films of each, and the limits are set so that no source loses more than a stated share of them.
Where that leaves no films to fit on, folds of groups (patients) stand in for sources.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from covid_d.detector.bundle import spec
from covid_d.detector.gate import Gate, Heads, PictureKind, split_marks
from covid_d.errors import TrainingError
from covid_d.language import N_

Floats = npt.NDArray[np.floating]

FILE = "gate.npz"
REASONS = "gate-reasons.npz"
# Shares of a source's frontal films that each test may refuse, on heads that never saw the source.
_BY_KIND, _BY_MARKS, _BY_DISTANCE = 0.007, 0.001, 0.002
_STRENGTH = 0.01  # inverse strength of regularisation
_COMPONENTS = 32
_LEAST_FRONTAL = 0.5  # a threshold above this would refuse films that look like nothing else
_LEAST_MARKS = 0.5  # and a limit below this, films that look more like films without marks
_FOLDS = 5
_LEAST_LEFT = 10  # frontal films


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What a gate is fitted to.

    Parameters
    ----------
    looks
        NxC, of :func:`~covid_d.detector.gate.look`.
    kinds
        N, of :class:`~covid_d.detector.gate.PictureKind`.
    sources, groups
        N: where each film is from, and its patient or near-duplicates; empty for pictures that are
        no films of the data set. An altered film has those of the film it was made from.
    grid
        Side of the looks' coarse picture; 0 for none.
    reached
        N: which are judged by the gate; the others are refused before, and their looks are of the
        whole film. All, when left out.
    """

    looks: npt.NDArray[np.float32]
    kinds: npt.NDArray[np.str_]
    sources: npt.NDArray[np.str_]
    groups: npt.NDArray[np.str_]
    grid: int = 0
    reached: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __post_init__(self) -> None:
        if not len(self.reached):
            object.__setattr__(self, "reached", np.ones(len(self.kinds), dtype=bool))

    def of(self, chosen: npt.NDArray[np.bool_]) -> Samples:
        """Return the chosen ones."""
        return Samples(
            self.looks[chosen],
            self.kinds[chosen],
            self.sources[chosen],
            self.groups[chosen],
            self.grid,
            self.reached[chosen],
        )

    @property
    def frontal(self) -> npt.NDArray[np.bool_]:
        """Which are frontal films as they should be."""
        chosen: npt.NDArray[np.bool_] = self.kinds == PictureKind.FRONTAL.value
        return chosen


def fit_gate(samples: Samples) -> tuple[Gate, spec.GateSpec]:
    """Return the gate, and what ``bundle.json`` says of it.

    Raises
    ------
    TrainingError
        If there are no frontal films, or nothing else.
    """
    everything, samples = samples, samples.of(samples.reached)
    kinds = kinds_of(samples)
    names = _folds(samples)
    judged = {name: judge_left_out(samples, names == name) for name in sorted(set(names) - {""})}
    parts = list(judged.values())
    threshold = min(_LEAST_FRONTAL, *(float(np.quantile(p.frontal, _BY_KIND)) for p in parts))
    limit = max(float(np.quantile(p.distance, 1.0 - _BY_DISTANCE)) for p in parts)
    marks = None
    if PictureKind.ANNOTATED in kinds:
        highest = max(float(np.quantile(p.marked, 1.0 - _BY_MARKS)) for p in parts)
        marks = min(max(_LEAST_MARKS, highest), 1.0 - 1e-6)
    same = kinds_of(everything) == kinds
    gate = Gate(
        fit_heads(samples, kinds),
        kinds,
        threshold,
        limit,
        samples.grid,
        marks,
        fit_heads(everything, kinds) if same else None,
    )
    left_out = {
        name: spec.LeftOut(
            films=len(part.frontal),
            refused=int(
                (
                    (part.frontal < threshold)
                    | (part.distance > limit)
                    | (part.marked > (1.0 if marks is None else marks))
                ).sum()
            ),
        )
        for name, part in judged.items()
    }
    told = spec.GateSpec(
        file=FILE,
        kinds=tuple(kind.value for kind in kinds),
        threshold=threshold,
        marks=marks,
        distance=limit,
        grid=samples.grid,
        reasons=REASONS if same else None,
        films={kind.value: int((samples.kinds == kind.value).sum()) for kind in kinds},
        left_out=left_out,
    )
    return gate, told


class HeldOutScores(NamedTuple):
    """What heads that never saw some frontal films say of each: N numbers of each test."""

    frontal: Floats
    marked: Floats
    distance: Floats


def judge_left_out(samples: Samples, held_out: npt.NDArray[np.bool_]) -> HeldOutScores:
    """Return what heads fitted without some films say of the frontal ones among them.

    Parameters
    ----------
    samples
        All.
    held_out
        N: those not to fit on; nothing of their groups is fitted on either.

    Returns
    -------
    Of each frontal film held out: what the gate's tests compare
    (:func:`~covid_d.detector.gate.split_marks`), and its distance.
    """
    rest = _without(samples, held_out)
    kinds = kinds_of(rest)
    heads = fit_heads(rest, kinds)
    looks = samples.looks[held_out & samples.frontal]
    return HeldOutScores(*split_marks(heads.probabilities(looks), kinds), heads.distance(looks))


def fit_heads(samples: Samples, kinds: tuple[PictureKind, ...]) -> Heads:
    """Fit the regression over ``kinds``, every kind with equal weight, and the components.

    Raises
    ------
    ValueError
        If ``kinds`` are not just those of the samples.
    """
    if kinds != kinds_of(samples):
        raise ValueError(f"the samples are of the kinds {kinds_of(samples)}, not {kinds}")
    scaler = StandardScaler().fit(samples.looks)
    number = {kind.value: at for at, kind in enumerate(kinds)}
    targets = np.array([number[str(kind)] for kind in samples.kinds])
    model = LogisticRegression(C=_STRENGTH, max_iter=200, class_weight="balanced")
    model.fit(scaler.transform(samples.looks), targets)
    # Two kinds have one row of weights in scikit-learn: the second kind's.
    two = len(kinds) == 2
    rows = np.concatenate([-model.coef_ / 2, model.coef_ / 2]) if two else model.coef_
    bias = (
        np.concatenate([-model.intercept_ / 2, model.intercept_ / 2]) if two else model.intercept_
    )
    weights = rows / scaler.scale_
    own = StandardScaler().fit(samples.looks[samples.frontal])
    films = own.transform(samples.looks[samples.frontal])
    most = min(_COMPONENTS, len(films) - 1, films.shape[1] - 1)
    principal = PCA(most, svd_solver="covariance_eigh").fit(films).components_
    return Heads(weights, bias - weights @ scaler.mean_, own.mean_, own.scale_, principal)


def kinds_of(samples: Samples) -> tuple[PictureKind, ...]:
    """Return the kinds there are, ``FRONTAL`` first.

    Raises
    ------
    TrainingError
        If there are no frontal films, or nothing else.
    """
    found = tuple(kind for kind in PictureKind if (samples.kinds == kind.value).any())
    if len(found) < 2 or found[0] is not PictureKind.FRONTAL:
        raise TrainingError(
            N_(
                "An input gate needs frontal films and other pictures; there are %(found)s.",
                found=", ".join(found),
            ),
            N_("Please report this defect with the data set's manifest."),
        )
    return found


def _without(samples: Samples, held_out: npt.NDArray[np.bool_]) -> Samples:
    groups = set(samples.groups[held_out]) - {""}
    return samples.of(~held_out & ~np.isin(samples.groups, sorted(groups)))


def _folds(samples: Samples) -> npt.NDArray[np.str_]:
    """Return the fold of each film: its source, or one of its groups' folds.

    Sources serve where films enough are left without any one of them and its patients.
    """
    left = [
        int(_without(samples, samples.sources == source).frontal.sum())
        for source in set(samples.sources[samples.frontal])
    ]
    if min(left, default=0) >= _LEAST_LEFT:
        return samples.sources
    folds = np.full(len(samples.groups), "", dtype="U16")
    films = np.flatnonzero(samples.groups != "")
    names = samples.groups[films]
    parts = GroupKFold(min(_FOLDS, len(set(names)))).split(films, groups=names)
    for number, (_, outside) in enumerate(parts, start=1):
        folds[films[outside]] = f"fold {number}"
    return folds
