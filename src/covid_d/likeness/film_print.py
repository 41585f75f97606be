"""How a film looks, small enough to keep: one film is sought among many by it.

The same comparison as among the films of a data set (:mod:`covid_d.likeness.crops`,
:mod:`covid_d.likeness.turned`), of one film with many: an index of 904 bytes a film proposes, the
thumbnails decide.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from covid_d.likeness.crops import (
    MAX_DISTANCE,
    MIN_LIKENESS,
    Candidates,
    Hashes,
    cropped_copies,
    near_views,
    view_hashes,
)
from covid_d.likeness.detail import SIDE, Spectra, spectra_of
from covid_d.likeness.turned import Turns, coarse_of
from covid_d.radiograph.film import FloatImage, Radiograph

Thumbnail = npt.NDArray[np.uint8]

_INDEX: Final = np.dtype([("views", "<u8", 49), ("coarse", "<f2", 256)])
_REMEMBERED: Final = 64
"""Prints at hand, some 60 kB each with what is reckoned of them."""


@dataclass(frozen=True, eq=False)
class FilmPrint:
    """A film's thumbnail, and what is reckoned of it to recognise its copies.

    Parameters
    ----------
    thumbnail
        uint8, 128 x 128: the whole film, whatever its shape.

    Raises
    ------
    ValueError
        If it is of another shape or kind.
    """

    thumbnail: Thumbnail

    def __post_init__(self) -> None:
        if self.thumbnail.dtype != np.uint8 or self.thumbnail.shape != (2 * SIDE, 2 * SIDE):
            raise ValueError(f"no thumbnail: {self.thumbnail.dtype} {self.thumbnail.shape}")

    @classmethod
    def of(cls, radiograph: Radiograph) -> FilmPrint:
        """Return how a film looks."""
        return cls(thumbnail(radiograph))

    @staticmethod
    @lru_cache(maxsize=_REMEMBERED)
    def unpacked(packed: bytes) -> FilmPrint:
        """Return what :meth:`packed` was called on.

        The last few are remembered with all that was reckoned of them: a film that is entered is
        compared more than once.

        Raises
        ------
        ValueError, zlib.error
            If it is something else.
        """
        values = np.frombuffer(zlib.decompress(packed), dtype=np.uint8)
        return FilmPrint(values.reshape(2 * SIDE, 2 * SIDE))

    def packed(self) -> bytes:
        """Return it as bytes, some 10 kB."""
        return zlib.compress(self.thumbnail.tobytes())

    @cached_property
    def picture(self) -> Image.Image:
        """The thumbnail as a picture."""
        return Image.fromarray(self.thumbnail)

    @cached_property
    def views(self) -> Hashes:
        """Perceptual hashes of the film and of 48 crops of it: uint64, 49."""
        return view_hashes(self.picture)

    @cached_property
    def coarse(self) -> FloatImage:
        """The film's coarse detail: float32, 256."""
        return coarse_of(self.picture)

    @cached_property
    def spectrum(self) -> Spectra:
        """Fourier transform of the film's detail: complex64, 64 x 33."""
        spectrum: Spectra = spectra_of([self.picture], 1)[0]
        return spectrum

    @cached_property
    def turns(self) -> Turns:
        """The film in every way in which programs turn films."""
        return Turns(self.picture)

    def index(self) -> bytes:
        """Return what of it proposes films to compare with: 904 bytes."""
        row = np.zeros(1, dtype=_INDEX)
        row["views"], row["coarse"] = self.views, self.coarse
        return row.tobytes()


def thumbnail(radiograph: Radiograph) -> Thumbnail:
    """Return a film at 128 x 128, whatever its shape: uint8."""
    side = 2 * SIDE
    square: Thumbnail = np.asarray(radiograph.to_image().resize((side, side), Image.Resampling.BOX))
    return square


def may_be_copies(film: FilmPrint, indexes: Sequence[bytes]) -> list[int]:
    """Return the places of films of which one may be a copy, or they of it.

    Parameters
    ----------
    film
        The one film.
    indexes
        Of the others (:meth:`FilmPrint.index`).
    """
    if not indexes:
        return []
    rows = np.frombuffer(b"".join(indexes), dtype=_INDEX)
    views = np.ascontiguousarray(rows["views"])
    seen, _ = near_views(film.views[None], views[:, 0])
    other, _ = near_views(views, film.views[:1])
    near = np.minimum(seen[0], other[:, 0]) <= MAX_DISTANCE
    near[film.turns.may_be(rows["coarse"].astype(np.float32))] = True
    return [int(place) for place in np.flatnonzero(near)]


def likeness_to(film: FilmPrint, others: Sequence[FilmPrint]) -> list[float]:
    """Return how alike a film is to each of some others: from 0.82 to 1 for a copy, else 0.

    Parameters
    ----------
    film
        The one film.
    others
        Which :func:`may_be_copies` proposed.
    """
    best = [0.0] * len(others)
    if not others:
        return best
    pictures = [other.picture for other in others]
    spectra, own = np.stack([other.spectrum for other in others]), film.spectrum[None]
    hashes = np.stack([other.views for other in others])
    places, one = np.arange(len(others)), np.zeros(len(others), dtype=np.intp)
    distance, view = near_views(film.views[None], hashes[:, 0])
    near = distance[0] <= MAX_DISTANCE
    forth = Candidates(one[near], view[0][near].astype(np.intp), places[near])
    for _, whole, alike in cropped_copies([film.picture], spectra, forth):
        best[whole] = max(best[whole], alike)
    distance, view = near_views(hashes, film.views[:1])
    near = distance[:, 0] <= MAX_DISTANCE
    back = Candidates(places[near], view[near, 0].astype(np.intp), one[near])
    for seen, _, alike in cropped_copies(pictures, own, back):
        best[seen] = max(best[seen], alike)
    for place in film.turns.may_be(np.stack([other.coarse for other in others])):
        alike = film.turns.likeness(others[place].coarse, spectra[place])
        best[place] = max(best[place], alike)
    return [alike if alike >= MIN_LIKENESS else 0.0 for alike in best]
