"""The same film twice: exact copies, and copies cropped, rescaled, re-windowed or annotated.

Copies that were mirrored, turned or inverted besides are found by :mod:`covid_d.dataset.turned`.

A perceptual hash of the whole film cannot tell copies from look-alikes: chests are alike, and a
crop changes the hash. Among the 3,214 real films of this project's development pool, 36 pairs lie
within 4 bits of each other and 8 of these are copies, while true copies lie up to 18 bits apart.
So hashes propose and a finer comparison decides:

1. Each film has hashes (64-bit DCT) of itself and of 48 crops that take 8 or 16 % off an axis.
   Pairs go on in which a crop of one is within :data:`MAX_DISTANCE` bits of the other, whole.
2. That crop and the other film at 64 x 64, with the broad shades of the chest taken away (what
   remains is ribs, vessels, the heart's border: what tells people apart), are correlated over all
   small shifts; pairs of at least :data:`MIN_ALIGNED` go on.
3. The same with the crop's sides 5 % longer or shorter; pairs of at least :data:`MIN_LIKENESS` are
   near-duplicates.

Evidence, on that pool: 24 pairs of films under different patient ids, or none, reach 0.82 (0.837
to 1.0), 18 of them across collections; by eye each is one film or one patient. The best pair of two
different people reaches 0.794. Random crops that take off 6 % an axis on average are found for 97
of 100 films, 12 % for 89, 18 % for 36. A comparison of whole films only found 11 of the 24 pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.fft import dctn

from covid_d.dataset.detail import SIDE, Spectra, cut, detail_of, likeness, spectra_of
from covid_d.dataset.turned import turned_copies
from covid_d.radiograph import Radiograph

MAX_DISTANCE: Final = 8
MIN_ALIGNED: Final = 0.65
MIN_LIKENESS: Final = 0.82

# Parts of an axis that a view takes: all of it, or without 8 or 16 % at either end or both.
_PARTS: Final = ((0, 1), (0, 0.92), (0.04, 0.96), (0.08, 1), (0, 0.84), (0.08, 0.92), (0.16, 1))
_VIEWS: Final = tuple((x, y) for y, x in product(_PARTS, _PARTS))  # the whole film first
_FINE_SCALES: Final = (0.95, 1.0, 1.05)
_BLOCK: Final = 256

Thumbnail = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]
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


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Pairs to look at: one film seen through one of its views, and another film whole."""

    seen: npt.NDArray[np.intp]
    view: npt.NDArray[np.intp]
    whole: npt.NDArray[np.intp]


def fingerprint(radiograph: Radiograph) -> Fingerprint:
    """Return the fingerprint of a film."""
    grey = Image.fromarray(np.rint(radiograph.pixels * 255.0).astype(np.uint8))
    square = grey.resize((2 * SIDE, 2 * SIDE), Image.Resampling.BOX)
    return Fingerprint(
        sha256=radiograph.facts.sha256,
        phash=int(str(imagehash.phash(grey)), 16),
        thumbnail=np.asarray(square),
        views=_view_hashes(square),
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
    for (first, second), alike in turned_copies(pictures, spectra, MIN_LIKENESS).items():
        found[first, second] = max(found.get((first, second), 0.0), round(alike, 4))
    for candidates in _candidates(films, progress):
        views = [_VIEWS[view] for view in candidates.view]
        crops = [cut(pictures[at], view) for at, view in zip(candidates.seen, views, strict=True)]
        aligned = likeness(detail_of(np.stack(crops)), spectra[candidates.whole], threads)
        for at in np.flatnonzero(aligned >= MIN_ALIGNED):
            seen, whole = int(candidates.seen[at]), int(candidates.whole[at])
            alike = _best_likeness(pictures[seen], views[at], spectra[whole])
            pair = (min(seen, whole), max(seen, whole))
            if alike >= MIN_LIKENESS:
                found[pair] = max(found.get(pair, 0.0), round(alike, 4))
    return [Pair(first, second, alike) for (first, second), alike in sorted(found.items())]


def _same_bytes(films: Sequence[Fingerprint]) -> dict[tuple[int, int], float]:
    first: dict[str, int] = {}
    same = {}
    for at, film in enumerate(films):
        earlier = first.setdefault(film.sha256, at)
        if earlier != at:
            same[earlier, at] = 1.0
    return same


def _view_hashes(square: Image.Image) -> Hashes:
    # The hash of imagehash.phash (DCT of 32 x 32, lowest 8 x 8 against their median), for all
    # views in one transform.
    side = square.width
    views = [
        square.resize(
            (32, 32),
            Image.Resampling.BOX,
            box=(x[0] * side, y[0] * side, x[1] * side, y[1] * side),
        )
        for x, y in _VIEWS
    ]
    stack = np.stack([np.asarray(view, dtype=np.float32) for view in views])
    low = dctn(stack, axes=(1, 2))[:, :8, :8].reshape(len(views), 64)
    bits = low > np.median(low, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(">u8")[:, 0].astype(np.uint64)


def _candidates(films: Sequence[Fingerprint], progress: Progress | None) -> Iterator[_Candidates]:
    # Blocks of rows keep the table of all distances from ever being held at once.
    hashes = np.stack([film.views for film in films])
    whole = hashes[:, 0]
    for start in range(0, len(films), _BLOCK):
        rows = hashes[start : start + _BLOCK]
        distance = np.full((len(rows), len(films)), 255, dtype=np.uint8)
        view = np.zeros_like(distance)
        for number in range(len(_VIEWS)):
            bits = np.bitwise_count(rows[:, number, None] ^ whole[None])
            nearer = bits < distance
            distance[nearer] = bits[nearer]
            view[nearer] = number
        distance[np.arange(len(rows)), np.arange(start, start + len(rows))] = 255  # itself
        seen, other = np.nonzero(distance <= MAX_DISTANCE)
        for at in range(0, len(seen), _BLOCK):
            part = slice(at, at + _BLOCK)
            yield _Candidates(
                seen[part] + start, view[seen[part], other[part]].astype(np.intp), other[part]
            )
        if progress:
            progress(len(rows))


def _best_likeness(picture: Image.Image, view: tuple[Any, Any], spectrum: Spectra) -> float:
    cuts = [cut(picture, view, x, y) for x, y in product(_FINE_SCALES, _FINE_SCALES)]
    return float(likeness(detail_of(np.stack(cuts)), spectrum[None], 1).max())
