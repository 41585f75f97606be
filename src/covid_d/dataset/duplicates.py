"""The same film twice in a data set: exact copies, and near-duplicates.

Copies that were cropped, rescaled, re-windowed or annotated are found by
:mod:`covid_d.likeness.crops`, those that were mirrored, turned or inverted besides by
:mod:`covid_d.likeness.turned`; both say by what evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import imagehash
import numpy as np
from PIL import Image

from covid_d.likeness.crops import (
    MIN_LIKENESS,
    Hashes,
    candidates_among,
    cropped_copies,
    view_hashes,
)
from covid_d.likeness.detail import spectra_of
from covid_d.likeness.film_print import Thumbnail, thumbnail
from covid_d.likeness.turned import turned_copies
from covid_d.radiograph import Radiograph

Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """What is kept of a film to recognise its copies.

    Parameters
    ----------
    sha256
        Of the file's bytes.
    phash
        64-bit perceptual hash, as in the manifest.
    thumbnail
        uint8, 128 x 128, the whole film whatever its shape.
    views
        uint64, 49: perceptual hashes of the thumbnail and of 48 crops of it.
    """

    sha256: str
    phash: int
    thumbnail: Thumbnail
    views: Hashes

    @property
    def phash_hex(self) -> str:
        """The perceptual hash as 16 hexadecimal digits, as in the manifest."""
        return f"{self.phash:016x}"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two films that are near-duplicates.

    Parameters
    ----------
    first, second
        Their places in the sequence searched, ``first < second``.
    likeness
        Correlation of their detail, in [0.82, 1]; 1.0 for the same bytes.
    """

    first: int
    second: int
    likeness: float


def fingerprint(radiograph: Radiograph) -> Fingerprint:
    """Return the fingerprint of a film."""
    square = thumbnail(radiograph)
    return Fingerprint(
        sha256=radiograph.facts.sha256,
        phash=int(str(imagehash.phash(radiograph.to_image())), 16),
        thumbnail=square,
        views=view_hashes(Image.fromarray(square)),
    )


def find_near_duplicates(
    films: Sequence[Fingerprint], *, threads: int = 1, progress: Progress | None = None
) -> list[Pair]:
    """Find every pair of near-duplicates.

    Parameters
    ----------
    films
        Fingerprints; which pairs are found does not depend on their order.
    threads
        For the Fourier transforms; they do not change the result.
    progress
        Called with the number of films dealt with since the last call.

    Returns
    -------
    Pairs sorted by place.
    """
    if not films:
        return []
    pictures = [Image.fromarray(film.thumbnail) for film in films]
    spectra = spectra_of(pictures, threads)
    found: dict[tuple[int, int], float] = _same_bytes(films)

    def take(first: int, second: int, alike: float) -> None:
        pair = (min(first, second), max(first, second))
        found[pair] = max(found.get(pair, 0.0), round(alike, 4))

    for (first, second), alike in turned_copies(pictures, spectra, MIN_LIKENESS).items():
        take(first, second, alike)
    for done, candidates in candidates_among(np.stack([film.views for film in films])):
        for pairs in candidates:
            for seen, whole, alike in cropped_copies(pictures, spectra, pairs, threads):
                take(seen, whole, alike)
        if progress:
            progress(done)
    return [Pair(first, second, alike) for (first, second), alike in sorted(found.items())]


def _same_bytes(films: Sequence[Fingerprint]) -> dict[tuple[int, int], float]:
    first: dict[str, int] = {}
    same = {}
    for at, film in enumerate(films):
        earlier = first.setdefault(film.sha256, at)
        if earlier != at:
            same[earlier, at] = 1.0
    return same
