"""Patches over the lungs whose edge fades: a black or white disc, a lung that was painted over.

A patch is flat in its middle, and has one edge all around: at one distance from the middle it is
everywhere about as far from the patch's grey. A film that is clipped, or that holds much white, has
flat parts too; but ribs, vessels and the heart cross their edges, which are steep here and shallow
there. So at some distances what nearly every pixel reaches is compared with what half of them do.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

_Levels = npt.NDArray[np.uint8]
_Mask = npt.NDArray[np.bool_]
_Kind = TypeVar("_Kind", np.uint8, np.bool_)


class _Patch(NamedTuple):
    """What counts as a patch; chosen on training films alone, see docs/en/experiments.md.

    Parameters
    ----------
    first, last
        Its grey: levels of 255.
    share
        Least of its flat middle, in thousandths of the lungs' area.
    step
        Least that nearly all pixels at the farthest distance differ from it, levels.
    even
        Least product of the ratios, nearly all to half of the pixels, at the two nearer distances;
        per cent.
    """

    first: int
    last: int
    share: int
    step: int
    even: int


_PATCHES: Final = (
    _Patch(0, 7, 4, 9, 28),
    _Patch(8, 243, 15, 10, 28),
    # The heart and what lies below it are white on many films, and have an edge of their own.
    _Patch(250, 252, 10, 10, 40),
)
_FLAT: Final = 3  # levels, from the darkest to the brightest around a pixel
_REACH: Final = 2  # pixels on each side that lie around it
_SHADES: Final = 4  # levels of one patch
# Pixels from the patch at which its edge is looked at, in square rings so many pixels wide: whether
# it is even, and how far it has gone.
_EVEN_AT: Final = (6, 7)
_STEP_AT: Final = 9
_WIDE: Final = 2
_NEARLY_ALL: Final = 15  # per cent of a ring's pixels that may differ less
_HALF: Final = 50
_FEWEST: Final = 20  # pixels of a ring, by which anything is told
_SMALLEST: Final = 1000  # pixels of lung, by which anything is told
_ALL: Final = 1000


def patched(levels: _Levels, lungs: _Mask) -> bool:
    """Return whether a part of the lungs lies under a patch.

    Parameters
    ----------
    levels
        Levels of 255, HxW: the part of a film around the lungs, as the lung model saw it, some 256
        pixels to the whole film's side.
    lungs
        Where the lungs are; HxW.
    """
    area = int(np.count_nonzero(lungs))
    if area < _SMALLEST:
        return False
    chest = hull(lungs)
    spread = _around(levels, _REACH, np.maximum) - _around(levels, _REACH, np.minimum)
    flat = chest & (spread <= _FLAT)
    counts = np.bincount(levels[flat], minlength=256)
    alike = np.convolve(counts, np.ones(_SHADES, dtype=np.intp), "valid")  # from each value on
    for kind in _PATCHES:
        grey = kind.first + int(alike[kind.first : kind.last + 1].argmax())
        if int(alike[grey]) * _ALL < kind.share * area:
            continue
        patch = flat & (levels >= grey) & (levels < grey + _SHADES)
        away = np.abs(levels.astype(np.int16) - (grey + 1))
        if _has_edge(patch, chest, away, kind):
            return True
    return False


def hull(mask: _Mask) -> _Mask:
    """Return the smallest convex shape that holds every pixel of a mask; the mask is not empty."""
    rows = np.flatnonzero(mask.any(axis=1))
    width = mask.shape[1]
    lefts = mask[rows].argmax(axis=1)
    rights = mask[rows, ::-1].argmax(axis=1)
    places = rows.tolist()
    starts = np.full(len(mask), width)
    stops = np.zeros(len(mask), dtype=np.intp)
    inside = slice(places[0], places[-1] + 1)
    starts[inside] = _side(places, lefts.tolist())
    stops[inside] = width - np.array(_side(places, rights.tolist()))
    columns = np.arange(width)
    both: _Mask = (columns >= starts[:, None]) & (columns < stops[:, None])
    return both


def _side(rows: list[int], ends: list[int]) -> list[int]:
    """Return the first column of a convex shape in each row, by where a mask's rows begin."""
    chain: list[tuple[int, int]] = []
    for row, end in zip(rows, ends, strict=True):
        while len(chain) > 1 and _bends_in(chain[-2], chain[-1], (row, end)):
            chain.pop()
        chain.append((row, end))
    side = [chain[0][1]]
    for (top, first), (bottom, last) in pairwise(chain):
        steps = range(1, bottom - top + 1)
        # Rounded towards the inside: no pixel lies beyond the line.
        side += [first - (first - last) * step // (bottom - top) for step in steps]
    return side


def _bends_in(first: tuple[int, int], middle: tuple[int, int], last: tuple[int, int]) -> bool:
    """Return whether a corner does not stand out from the line between its neighbours."""
    along = (middle[1] - first[1]) * (last[0] - first[0])
    return along >= (last[1] - first[1]) * (middle[0] - first[0])


def _around(values: npt.NDArray[_Kind], reach: int, most: np.ufunc) -> npt.NDArray[_Kind]:
    """Return the most of each pixel and those up to so far from it, in a square."""
    across = values.copy()
    for far in range(1, reach + 1):
        most(across[:, far:], values[:, :-far], out=across[:, far:])
        most(across[:, :-far], values[:, far:], out=across[:, :-far])
    both = across.copy()
    for far in range(1, reach + 1):
        most(both[far:], across[:-far], out=both[far:])
        most(both[:-far], across[far:], out=both[:-far])
    return both


def _has_edge(patch: _Mask, chest: _Mask, away: npt.NDArray[np.int16], kind: _Patch) -> bool:
    """Return whether what lies around a patch leaves its grey alike on all sides."""

    def at(far: int) -> tuple[int, int] | None:
        ring = _around(patch, far, np.logical_or) & chest
        ring &= ~_around(patch, far - _WIDE, np.logical_or)
        pixels = int(np.count_nonzero(ring))
        if pixels < _FEWEST:
            return None
        below = np.cumsum(np.bincount(away[ring], minlength=256)) * 100
        least, middle = (np.searchsorted(below, pixels * part) for part in (_NEARLY_ALL, _HALF))
        return int(least), int(middle)

    last = at(_STEP_AT)
    if last is None or last[0] < kind.step:
        return False
    nearly, half = 1, 1
    for far in _EVEN_AT:
        found = at(far)
        if found is None:
            return False
        nearly, half = nearly * found[0], half * found[1]
    return nearly * 100 >= kind.even * half
