"""The input gate: whether a picture is a frontal chest film, upright, not inverted, sharp, whole.

It judges the features that the bundle's own network computes for the answer anyway, and beside them
a coarse picture of the film: a network trained on photographs hardly minds whether a film is
inverted, where the grey lies tells at once. So it costs a few multiplications a film. Two tests,
each enough to refuse: a multinomial regression over kinds of pictures, and the distance to the
films trained on (what is left of it outside the films' principal components), for kinds of
pictures that nobody thought of.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from covid_d.detector.bundle.bundle import Bundle
from covid_d.errors import BundleError
from covid_d.language import N_
from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.refusal import Refusal, RefusalCode

Floats = npt.NDArray[np.float64]


class PictureKind(StrEnum):
    """Kinds of pictures that the gate tells apart; only ``FRONTAL`` is let through."""

    FRONTAL = "frontal"
    LATERAL = "lateral"
    CT = "ct"
    PICTURE = "picture"
    INVERTED = "inverted"
    UPSIDE_DOWN = "upside_down"
    SIDEWAYS = "sideways"
    BLURRED = "blurred"
    CROPPED = "cropped"
    COLLAGE = "collage"
    ANNOTATED = "annotated"
    CHILD = "child"

    @property
    def code(self) -> RefusalCode:
        """Why a picture of this kind is refused; a frontal film only for its distance."""
        return _CODES[self]


_CODES = {
    PictureKind.FRONTAL: RefusalCode.UNLIKE_CHEST,
    PictureKind.LATERAL: RefusalCode.LOOKS_LATERAL,
    PictureKind.CT: RefusalCode.LOOKS_CT,
    PictureKind.PICTURE: RefusalCode.UNLIKE_CHEST,
    PictureKind.INVERTED: RefusalCode.INVERTED,
    PictureKind.UPSIDE_DOWN: RefusalCode.UPSIDE_DOWN,
    PictureKind.SIDEWAYS: RefusalCode.SIDEWAYS,
    PictureKind.BLURRED: RefusalCode.BLURRED,
    PictureKind.CROPPED: RefusalCode.CROPPED,
    PictureKind.COLLAGE: RefusalCode.COLLAGE,
    PictureKind.ANNOTATED: RefusalCode.ANNOTATED,
    PictureKind.CHILD: RefusalCode.LOOKS_CHILD,
}


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """What the gate computes from looks (:func:`look`), C numbers a film.

    Parameters
    ----------
    weights, bias
        KxC and K: one row a kind, ``FRONTAL`` first.
    centre, scale
        C: mean and standard deviation of the looks of frontal films.
    components
        DxC, orthonormal: principal components of the standardised looks of frontal films.

    Raises
    ------
    ValueError
        If the shapes do not agree or a value is not finite.
    """

    weights: Floats
    bias: Floats
    centre: Floats
    scale: Floats
    components: Floats

    def __post_init__(self) -> None:
        kinds, channels = self.weights.shape
        agree = self.bias.shape == (kinds,) and self.components.shape[1:] == (channels,)
        if not agree or self.centre.shape != (channels,) or self.scale.shape != (channels,):
            raise ValueError("the shapes of its arrays do not agree")
        if not all(np.isfinite(getattr(self, name)).all() for name in ARRAYS):
            raise ValueError("it holds a value that is not a number")

    def probabilities(self, looks: npt.NDArray[np.floating]) -> Floats:
        """Return the probability of each kind: NxK for NxC looks."""
        scores = looks.astype(np.float64) @ self.weights.T + self.bias
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares: Floats = scores / scores.sum(axis=1, keepdims=True)
        return shares

    def distance(self, looks: npt.NDArray[np.floating]) -> Floats:
        """Return the distance to the frontal films: N, per channel, about 1 among them."""
        offset = (looks.astype(np.float64) - self.centre) / self.scale
        along = offset @ self.components.T
        outside: Floats = ((offset**2).sum(axis=1) - (along**2).sum(axis=1)) / offset.shape[1]
        return outside

    def to_bytes(self) -> bytes:
        """Return the arrays as an ``.npz`` file of float32."""
        buffer = io.BytesIO()
        arrays = {name: getattr(self, name).astype(np.float32) for name in ARRAYS}
        np.savez(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Heads:
        """Return the heads that :meth:`to_bytes` wrote.

        Raises
        ------
        ValueError
            If it is no such file.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as kept:
                return cls(**{name: kept[name].astype(np.float64) for name in ARRAYS})
        except (OSError, EOFError, KeyError, IndexError, zipfile.BadZipFile) as error:
            raise ValueError(f"it is not a gate's file ({error})") from error


ARRAYS: Final = ("weights", "bias", "centre", "scale", "components")


def look(
    whole: FloatImage, features: npt.NDArray[np.floating], grid: int
) -> npt.NDArray[np.floating]:
    """Return what a gate judges of one film.

    Parameters
    ----------
    whole
        The whole film, prepared: float32, 3xHxW, or grey HxW. For a network that sees the whole
        film, its input; for one that sees the lungs' box alone, the lung model's.
    features
        C: the network's pooled features of it.
    grid
        Side of the coarse picture; 0 for none.

    Returns
    -------
    C + ``grid`` ** 2: the features, then the mean grey of each cell, row by row.
    """
    if not grid:
        return features
    grey = Image.fromarray(whole.mean(axis=0, dtype=np.float32) if whole.ndim == 3 else whole)
    coarse = np.asarray(grey.resize((grid, grid), Image.Resampling.BOX))
    return np.concatenate([features, coarse.ravel()])


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """The gate, ready to judge.

    Parameters
    ----------
    heads
        What is computed from looks.
    kinds
        One for each row of the heads' weights, ``FRONTAL`` first.
    threshold
        Least probability of ``FRONTAL`` that is let through; with ``marks``, among all kinds but
        ``ANNOTATED``.
    distance
        Largest distance that is let through.
    grid
        Side of the coarse picture in a look; 0 for none.
    marks
        Largest probability of ``ANNOTATED`` against ``FRONTAL`` that is let through. Films with
        marks are much like films without: in one test they would blunt it for all other kinds.
    reasons
        Names what is wrong with a film that is refused before it reaches the gate.
    """

    heads: Heads
    kinds: tuple[PictureKind, ...]
    threshold: float
    distance: float
    grid: int = 0
    marks: float | None = None
    reasons: Heads | None = None

    @classmethod
    def load(cls, bundle: Bundle) -> Gate | None:
        """Return the bundle's gate; ``None`` when it carries none.

        Raises
        ------
        BundleError
            If its file is damaged or contradicts ``bundle.json``.
        """
        spec = bundle.spec.gate
        if spec is None:
            return None
        try:
            kinds = tuple(PictureKind(name) for name in spec.kinds)
            heads = Heads.from_bytes(bundle.files[spec.file])
            reasons = spec.reasons and Heads.from_bytes(bundle.files[spec.reasons])
            for each in (heads, reasons or heads):
                if kinds[:1] != (PictureKind.FRONTAL,) or len(kinds) != len(each.bias):
                    raise ValueError(f"it has {len(each.bias)} heads for the kinds {spec.kinds}")
            if reasons and reasons.centre.shape != heads.centre.shape:
                raise ValueError("its heads are of two networks")
        except ValueError as error:
            raise BundleError(
                N_(
                    "Bundle %(path)s: the input gate %(file)r cannot be used: %(error)s.",
                    path=bundle.path,
                    file=spec.file,
                    error=error,
                ),
                N_("Get the bundle again from its source, or export it again."),
            ) from error
        return cls(
            heads,
            kinds,
            spec.threshold,
            spec.distance,
            spec.grid,
            spec.marks,
            reasons or None,
        )

    def refuse(self, whole: FloatImage, features: npt.NDArray[np.floating]) -> Refusal | None:
        """Return why a film must not be answered, or ``None``.

        Parameters
        ----------
        whole
            As in :func:`look`.
        features
            C: the network's pooled features of it.

        Raises
        ------
        ValueError
            If they are of another network.
        """
        kind = self.judge(self._look(whole, features)[None])[0]
        return None if kind is None else Refusal.of(kind.code)

    def name(self, whole: FloatImage, features: npt.NDArray[np.floating]) -> PictureKind | None:
        """Return what a film is that is refused anyway; ``None`` where nothing is wrong with it.

        Parameters and errors are those of :meth:`refuse`; the features are of the whole film.
        """
        seen = self._look(whole, features)[None]
        if self.reasons is not None:
            kind: PictureKind | None = self.kinds[int(self.reasons.probabilities(seen)[0].argmax())]
        else:
            kind = self.judge(seen)[0]
        # Frontal, but far from the films trained on: so is any film of which too much is seen.
        return None if kind is PictureKind.FRONTAL else kind

    def _look(
        self, whole: FloatImage, features: npt.NDArray[np.floating]
    ) -> npt.NDArray[np.floating]:
        seen = look(whole, features, self.grid)
        if seen.shape != self.heads.centre.shape:
            raise ValueError(f"the gate judges {self.heads.centre.shape}, not {seen.shape}")
        return seen

    def judge(self, looks: npt.NDArray[np.floating]) -> list[PictureKind | None]:
        """Return what each of N films is refused as; ``None`` for those let through.

        Parameters
        ----------
        looks
            NxC, of :func:`look`.
        """
        shares = self.heads.probabilities(looks)
        # Written so that NaN refuses.
        near = self.heads.distance(looks) <= self.distance
        frontal, marked = split_marks(shares, self.kinds, self.marks is not None)
        clear = frontal >= self.threshold
        clean = np.ones(len(shares), dtype=bool) if self.marks is None else marked <= self.marks
        return [
            self._verdict(share, clear=clear[at], clean=clean[at], near=near[at])
            for at, share in enumerate(shares)
        ]

    def _verdict(
        self, shares: Floats, *, clear: bool, clean: bool, near: bool
    ) -> PictureKind | None:
        if not clear:
            others = shares.copy()
            others[0] = -np.inf
            if clean and self.marks is not None and PictureKind.ANNOTATED in self.kinds:
                others[self.kinds.index(PictureKind.ANNOTATED)] = -np.inf
            return self.kinds[int(others.argmax())]
        if not clean:
            return PictureKind.ANNOTATED
        return None if near else PictureKind.FRONTAL


def split_marks(
    shares: Floats, kinds: tuple[PictureKind, ...], apart: bool = True
) -> tuple[Floats, Floats]:
    """Return what two tests of a gate compare with their limits.

    Parameters
    ----------
    shares
        NxK, probability of each kind.
    kinds
        K, ``FRONTAL`` first.
    apart
        Whether ``ANNOTATED`` is a test of its own.

    Returns
    -------
    frontal
        N: probability of ``FRONTAL``, among all kinds but ``ANNOTATED`` where that is apart.
    marked
        N: probability of ``ANNOTATED`` against ``FRONTAL``; nought where it is not apart.
    """
    frontal = shares[:, 0]
    if not apart or PictureKind.ANNOTATED not in kinds:
        return frontal, np.zeros(len(shares))
    annotated = shares[:, kinds.index(PictureKind.ANNOTATED)]
    least = np.finfo(np.float64).tiny
    # A film that is annotated beyond doubt is told by the second test, whatever the first says.
    return frontal / np.maximum(1.0 - annotated, least), annotated / np.maximum(
        frontal + annotated, least
    )
