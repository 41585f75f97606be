"""Copies that were cropped, rescaled, re-windowed or annotated.

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

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.fft import dctn

from covid_d.likeness.detail import Spectra, cut, detail_of, likeness

MAX_DISTANCE: Final = 8
MIN_ALIGNED: Final = 0.65
MIN_LIKENESS: Final = 0.82

# Parts of an axis that a view takes: all of it, or without 8 or 16 % at either end or both.
_PARTS: Final = ((0, 1), (0, 0.92), (0.04, 0.96), (0.08, 1), (0, 0.84), (0.08, 0.92), (0.16, 1))
_VIEWS: Final = tuple((x, y) for y, x in product(_PARTS, _PARTS))  # the whole film first
_FINE_SCALES: Final = (0.95, 1.0, 1.05)
_BLOCK: Final = 256

Hashes = npt.NDArray[np.uint64]


class Candidates(NamedTuple):
    """Pairs to look at: films seen through one of their views, and other films whole.

    Parameters
    ----------
    seen, view, whole
        Places, one of each a pair.
    """

    seen: npt.NDArray[np.intp]
    view: npt.NDArray[np.intp]
    whole: npt.NDArray[np.intp]


def view_hashes(square: Image.Image) -> Hashes:
    """Return the hashes of a square thumbnail and of 48 crops of it: uint64, 49.

    The hash is imagehash's ``phash`` (DCT of 32 x 32, lowest 8 x 8 against their median), of all
    views in one transform.
    """
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


def near_views(
    hashes: Hashes, whole: Hashes
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return for each film and each whole one the nearest view's distance in bits, and that view.

    Parameters
    ----------
    hashes
        uint64, Nx49.
    whole
        uint64, M: of other films, whole.
    """
    distance = np.full((len(hashes), len(whole)), 255, dtype=np.uint8)
    view = np.zeros_like(distance)
    for number in range(hashes.shape[1]):
        bits = np.bitwise_count(hashes[:, number, None] ^ whole[None])
        nearer = bits < distance
        distance[nearer] = bits[nearer]
        view[nearer] = number
    return distance, view


def candidates_among(hashes: Hashes) -> Iterator[tuple[int, list[Candidates]]]:
    """Yield, block by block, how many films were dealt with and the pairs that may be copies.

    Parameters
    ----------
    hashes
        uint64, Nx49.
    """
    whole = hashes[:, 0]
    # Blocks of rows keep the table of all distances from ever being held at once.
    for start in range(0, len(hashes), _BLOCK):
        rows = hashes[start : start + _BLOCK]
        distance, view = near_views(rows, whole)
        distance[np.arange(len(rows)), np.arange(start, start + len(rows))] = 255  # itself
        seen, other = np.nonzero(distance <= MAX_DISTANCE)
        parts = [slice(at, at + _BLOCK) for at in range(0, len(seen), _BLOCK)]
        yield (
            len(rows),
            [
                Candidates(
                    seen[part] + start, view[seen[part], other[part]].astype(np.intp), other[part]
                )
                for part in parts
            ],
        )


def cropped_copies(
    pictures: Sequence[Image.Image], spectra: Spectra, pairs: Candidates, threads: int = 1
) -> Iterator[tuple[int, int, float]]:
    """Yield of the candidates those that are copies: places seen and whole, and how alike.

    Parameters
    ----------
    pictures
        Square thumbnails of whole films; ``pairs.seen`` counts in them.
    spectra
        Of whole films (:func:`covid_d.likeness.detail.spectra_of`); ``pairs.whole`` counts in them.
    pairs
        What to look at.
    threads
        For the Fourier transforms; they do not change the result.
    """
    if not len(pairs.seen):
        return
    views = [_VIEWS[view] for view in pairs.view]
    crops = [cut(pictures[at], view) for at, view in zip(pairs.seen, views, strict=True)]
    aligned = likeness(detail_of(np.stack(crops)), spectra[pairs.whole], threads)
    for at in np.flatnonzero(aligned >= MIN_ALIGNED):
        seen, whole = int(pairs.seen[at]), int(pairs.whole[at])
        alike = _best_likeness(pictures[seen], views[at], spectra[whole])
        if alike >= MIN_LIKENESS:
            yield seen, whole, alike


def _best_likeness(picture: Image.Image, view: tuple[Any, Any], spectrum: Spectra) -> float:
    cuts = [cut(picture, view, x, y) for x, y in product(_FINE_SCALES, _FINE_SCALES)]
    return float(likeness(detail_of(np.stack(cuts)), spectrum[None], 1).max())
