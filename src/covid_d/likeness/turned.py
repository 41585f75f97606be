"""Copies that were mirrored, turned or inverted: what augmented folders of films are full of.

A chest is not its own mirror image, so that such a copy is a copy as much as any other, but every
comparison of pixels takes it for another film. Here films are compared in all the ways in which
programs augment them:

1. The detail of each film (:mod:`covid_d.likeness.detail`) at 16 x 16, as it is, turned by 5 and 10
   degrees either way, and all of these mirrored; turned by 90, 180 and 270 degrees, and these
   mirrored. Of every two films the best correlation over these ways is taken, of either sign:
   inversion turns the sign alone. Pairs of at least :data:`MIN_COARSE` go on.
2. The same way at 64 x 64 over small shifts, then with angles and sides a little different, decides
   as for other copies.

Evidence, on 2,000 real films of three collections and the SIIM challenge: of 100 each, copies that
were mirrored, inverted, turned by 90 or 180 degrees, by 5, 7, 10 or 13, or several of these at once
were found, all of them (likeness 0.945 at least); turned by 15 degrees, 98; mirrored and cropped by
8 %, 89; by 16 %, none. Of the two million pairs of films three are found that the comparison of
crops misses: two are of one patient each by the collection's own numbers, the third by eye. Among
all 5,010 films of the challenge a few pairs just above the limit may be two people; that they then
share a split harms nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from covid_d.likeness.detail import SIDE, WHOLE, Spectra, cut, detail_of, likeness
from covid_d.radiograph.film import FloatImage

MIN_COARSE: Final = 0.85
MIN_ALIGNED: Final = 0.65

_COARSE: Final = 16
_BLOCK: Final = 512
_ANGLES: Final = (0.0, -10.0, -5.0, 5.0, 10.0)  # degrees; programs augment by up to 10, mostly
_PLAIN: Final = 0.97  # likeness beyond which nothing finer is tried
_FINE_ANGLES: Final = (-2.5, 0.0, 2.5)
_FINE_SCALES: Final = tuple(product((0.96, 1.0, 1.04), repeat=2))


@dataclass(frozen=True, slots=True)
class _Way:
    """How a copy is made: turned by an angle (degrees), mirrored, then turned by quarters."""

    angle: float
    mirrored: bool
    quarters: int

    def of_stack(self, films: FloatImage) -> FloatImage:
        """Return Nx(side)x(side) films, turned by the angle already, the rest of the way."""
        flipped = films[:, :, ::-1] if self.mirrored else films
        return np.ascontiguousarray(np.rot90(flipped, self.quarters, axes=(1, 2)))


# Of two films either may be the copy, and both are tried: a way back need not be here. Turns over a
# mirror are their own way back.
_WAYS: Final = (
    *(_Way(angle, False, 0) for angle in _ANGLES if angle >= 0.0),
    *(_Way(angle, True, 0) for angle in _ANGLES),
    *(_Way(0.0, False, quarters) for quarters in (1, 2)),
    *(_Way(0.0, True, quarters) for quarters in (1, 2, 3)),
)

# Of one film against many only that one is turned: here every way back is needed.
_EVERY_WAY: Final = (
    *(_Way(angle, mirrored, 0) for mirrored in (False, True) for angle in _ANGLES),
    *(_Way(0.0, mirrored, quarters) for mirrored in (False, True) for quarters in (1, 2, 3)),
)


def coarse_of(picture: Image.Image) -> FloatImage:
    """Return a film's coarse detail: float32, 256, of unit norm."""
    coarse: FloatImage = _flat(_coarse([picture], 0.0))[0]
    return coarse


class Turns:
    """One film in every way in which programs turn films, to compare with many others.

    Parameters
    ----------
    picture
        Its square thumbnail.
    """

    def __init__(self, picture: Image.Image) -> None:
        self._picture = picture
        coarse = {angle: _coarse([picture], angle) for angle in _ANGLES}
        self._ways = np.concatenate([_flat(way.of_stack(coarse[way.angle])) for way in _EVERY_WAY])

    def may_be(self, coarse: FloatImage) -> npt.NDArray[np.intp]:
        """Return the places of films of which this one may be a copy.

        Parameters
        ----------
        coarse
            float32, Nx256 (:func:`coarse_of`).
        """
        alike = np.abs(coarse @ self._ways.T).max(axis=1)
        return np.flatnonzero(alike >= MIN_COARSE)

    def likeness(self, coarse: FloatImage, spectrum: Spectra) -> float:
        """Return how alike this film and another are, in the way in which they are most alike.

        Parameters
        ----------
        coarse
            float32, 256: the other's.
        spectrum
            The other's (:func:`covid_d.likeness.detail.spectra_of`), 64x33.
        """
        way = _EVERY_WAY[int(np.abs(self._ways @ coarse).argmax())]
        return _likeness(self._picture, spectrum, way)


def turned_copies(
    pictures: Sequence[Image.Image], spectra: Spectra, min_likeness: float
) -> dict[tuple[int, int], float]:
    """Find the pairs of films of which one is the other mirrored, turned, inverted or all three.

    Parameters
    ----------
    pictures
        Square thumbnails of whole films.
    spectra
        Of the same films (:func:`covid_d.likeness.detail.spectra_of`).
    min_likeness
        What is alike enough, in [0, 1].

    Returns
    -------
    Places of two films, the smaller first -> likeness.
    """
    found: dict[tuple[int, int], float] = {}
    for copy, film, way in _candidates(pictures):
        best = _likeness(pictures[copy], spectra[film], way)
        pair = (min(copy, film), max(copy, film))
        if best >= max(min_likeness, found.get(pair, 0.0)):
            found[pair] = best
    return found


def _candidates(pictures: Sequence[Image.Image]) -> Iterator[tuple[int, int, _Way]]:
    """Yield two films and the way in which they are most alike, where they may be copies."""
    coarse = {angle: _coarse(pictures, angle) for angle in _ANGLES}
    whole = _flat(coarse[0.0])
    for start in range(0, len(pictures), _BLOCK):
        rows = slice(start, start + _BLOCK)
        best = np.zeros((len(whole[rows]), len(whole)), dtype=np.float32)
        ways = [_flat(way.of_stack(coarse[way.angle][rows])) for way in _WAYS]
        for films in ways:
            alike = films @ whole.T
            np.maximum(best, np.abs(alike, out=alike), out=best)
        best[np.arange(len(best)), np.arange(start, start + len(best))] = 0.0  # itself
        for row, other in zip(*(at.tolist() for at in np.nonzero(best >= MIN_COARSE)), strict=True):
            alike = np.array([abs(films[row] @ whole[other]) for films in ways])
            yield start + row, other, _WAYS[int(alike.argmax())]


def _coarse(pictures: Sequence[Image.Image], angle: float) -> FloatImage:
    """Return the films' detail, Nx16x16, each of unit norm, after a turn by an angle."""
    blocks = []
    for start in range(0, len(pictures), _BLOCK):
        cuts = [cut(_turned(p, angle), WHOLE) for p in pictures[start : start + _BLOCK]]
        blocks.append(_shrunk(detail_of(np.stack(cuts))))
    return np.concatenate(blocks)


def _shrunk(detail: FloatImage) -> FloatImage:
    cell = SIDE // _COARSE
    small = detail.reshape(-1, _COARSE, cell, _COARSE, cell).mean(axis=(2, 4))
    small -= small.mean(axis=(1, 2), keepdims=True)
    norm = np.linalg.norm(small, axis=(1, 2), keepdims=True)
    unit: FloatImage = (small / (norm + 1e-6)).astype(np.float32)
    return unit


def _flat(films: FloatImage) -> FloatImage:
    return np.ascontiguousarray(films).reshape(len(films), -1)


def _turned(picture: Image.Image, angle: float) -> Image.Image:
    return picture.rotate(angle, Image.Resampling.BILINEAR) if angle else picture


def _likeness(picture: Image.Image, spectrum: Spectra, way: _Way) -> float:
    """Return how alike two films are in one way, or with angle and sides a little different."""

    def best_of(tries: Sequence[tuple[float, float, float]]) -> tuple[float, int]:
        cuts = [cut(_turned(picture, way.angle + more), WHOLE, x, y) for more, x, y in tries]
        detail = detail_of(way.of_stack(np.stack(cuts)))
        alike = likeness(detail, spectrum[None], 1, inverted=True)
        return float(alike.max()), int(alike.argmax())

    aligned, at = best_of([(more, 1.0, 1.0) for more in _FINE_ANGLES])
    if not MIN_ALIGNED <= aligned < _PLAIN:
        return aligned
    return best_of([(_FINE_ANGLES[at], x, y) for x, y in _FINE_SCALES])[0]
