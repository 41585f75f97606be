"""Marks drawn over the lungs in grey: arrows, letters, rings and boxes, burned into the film.

Ink has about one value all along a stroke, and ends at once on both its sides: within a pixel or
two the whole difference is there. Ribs and vessels rise over many pixels, and what lies behind
wires and clips shows through. So strokes are lines of pixels with equal neighbours along, and with
a like step on either side across. Only strokes that share one value are counted, and only where
they lie between the outer edges of the lungs: markers of the side, names and dates lie elsewhere.
A film saved with a narrow window is clipped: much of it is of one black or white, with edges as
sharp. So where ink is nearly black or white, much of what has its value must lie in strokes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from covid_d.radiograph.blanks import covered
from covid_d.radiograph.film import FloatImage

Mask = npt.NDArray[np.bool_]
_Levels = npt.NDArray[np.uint8]
_Counts = npt.NDArray[np.intp]
_Places = npt.NDArray[np.intp]
_Found = tuple[_Places, _Levels]


class _Ink(NamedTuple):
    """What counts as ink; levels are of 255.

    Parameters
    ----------
    alike
        Most that a stroke's pixels may differ by.
    jump
        Least that they differ by from both sides.
    sharp
        Least share of that difference that lies within two pixels, on either side.
    shades
        Values up to so far apart are of one ink.
    bright, dark
        Length of such strokes, brighter or darker than both sides and of a shade of grey, as a
        share of the picture's longer side, that a film without marks does not reach. Wires, clips
        and ribs are bright and grey, gaps between ribs dark and grey.
    """

    alike: int
    jump: int
    sharp: float
    shades: int
    bright: float
    dark: float


# Drawn and kept as it was; then compressed again (JPEG) or resized, a little, more, and much.
# Chosen on training films alone: docs/en/experiments.md says which, and what they refuse.
_INKS: Final = (
    _Ink(0, 18, 0.75, 1, 0.03, 0.03),
    _Ink(2, 25, 0.9, 1, 0.036, 0.077),
    _Ink(3, 40, 0.9, 3, 0.053, 0.042),
    _Ink(8, 60, 0.9, 3, 0.062, 0.038),
)
# The same of strokes that are nearly white or black: of films without marks none has a third of it.
_AT_ENDS: Final = 0.025
_ENDS: Final = 16  # levels from black and from white
# A clipped film is full of such levels: as little of their pixels, brighter and darker than both
# sides, may be strokes without any ink.
_OF_CLIPPED: Final = (0.03, 0.1)
_AT_AN_END: Final = np.minimum(np.arange(256), np.arange(255, -1, -1)) <= _ENDS
_FEWEST: Final = 6  # pixels of strokes over the lungs: fewer may be chance
# For a look at the whole film, where markers lie too: alike, jump.
_LOOKED_FOR: Final = ((0, 18), (1, 40))
_STEEP: Final = 2  # pixels
_WIDEST: Final = 13  # pixels: overexposed ribs are wider
_OVER: Final = 0.2  # of a stroke's height: what rises higher beside a place is no flat top
_LEAST: Final = 16  # pixels of one value on a whole film: fewer may be chance
# On the whole film: overexposed ones hold wide areas of one white; of ink this share is strokes.
_IN_STROKES: Final = 0.2
_LONGEST: Final = 640  # pixels looked at; a larger film is thinned, which keeps the ink's value
_ALONG: Final = 2  # pixels
_ACROSS: Final = (2, 4, 8, 12)  # pixels: half a stroke's width and more
_STEPS: Final = ((0, 1), (1, 0), (1, 1), (1, -1))  # down, across
_DIAGONAL: Final = 0.71
_TOP: Final = 255


def drawn_over(pixels: FloatImage, lungs: Mask) -> bool:
    """Return whether strokes of ink lie over the lungs or between them, or a patch of one grey.

    Parameters
    ----------
    pixels
        float32, HxW in [0, 1].
    lungs
        Where the lungs are, over the same picture at any resolution.
    """
    levels, _ = _levels_of(pixels)
    where = _between(lungs, levels.shape)
    rows, columns = (np.asarray(where.any(axis=axis)) for axis in (1, 0))
    if not rows.any():
        return False
    if covered(levels, where):
        return True
    part = _extent(rows), _extent(columns)
    return _has_strokes(_Line(levels[part], where[part]), max(levels.shape))


def ink(pixels: FloatImage) -> tuple[Mask, int]:
    """Return where strokes of ink lie anywhere on a film, however few.

    Parameters
    ----------
    pixels
        float32, HxW in [0, 1].

    Returns
    -------
    The mask over every n-th pixel, and n.
    """
    levels, thin = _levels_of(pixels)
    values = np.bincount(levels.ravel(), minlength=_TOP + 1)
    line = _Line(levels, np.ones_like(levels, dtype=bool))
    mask = np.zeros(levels.shape, dtype=bool)
    for (alike, _), both in zip(_LOOKED_FOR, _strokes(line, _LOOKED_FOR), strict=True):
        for found in both:
            places = _once([places for places, _ in found])
            mask |= _inked(line, places, levels, values, alike)
    return mask, thin


def _levels_of(pixels: FloatImage) -> tuple[_Levels, int]:
    """Return the film in levels of 255, thinned to the pixels looked at, and every how manieth."""
    thin = -(-max(pixels.shape) // _LONGEST)
    levels = pixels[::thin, ::thin] * np.float32(_TOP)
    return np.rint(levels, out=levels).astype(np.uint8), thin


def _inked(line: _Line, places: _Places, levels: _Levels, values: _Counts, alike: int) -> Mask:
    """Return those of the places whose value is mostly ink, if there are more than by chance."""
    length = _near(line.values(places), alike)
    share = length / np.maximum(_near(values, alike), 1)
    strokes = line.nowhere()
    strokes[places] = True
    inked: Mask = line.picture(strokes) & ((length >= _LEAST) & (share >= _IN_STROKES))[levels]
    return inked


def _extent(lines: npt.NDArray[np.bool_]) -> slice:
    """Return the lines from the first to the last that is set, and those that a stroke needs."""
    found = np.flatnonzero(lines)
    return slice(max(0, int(found[0]) - max(_ACROSS)), int(found[-1]) + 1 + max(_ACROSS))


def _between(lungs: Mask, shape: tuple[int, ...]) -> Mask:
    """Return what lies between the first and last cell of lung in each row, lungs included.

    Parameters
    ----------
    lungs
        Where the lungs are.
    shape
        Rows and columns of the picture over which they lie, at whatever resolution.
    """
    cells = lungs.shape[1]
    first, last = lungs.argmax(axis=1), cells - 1 - lungs[:, ::-1].argmax(axis=1)
    last[~lungs.any(axis=1)] = -1
    rows, columns = (_nearest(some, side) for some, side in zip(lungs.shape, shape, strict=True))
    starts, ends = (side.astype(np.int16)[rows, None] for side in (first, last))
    both: Mask = (columns >= starts) & (columns <= ends)
    return both


def _nearest(cells: int, side: int) -> npt.NDArray[np.int16]:
    """Return which of so many cells is nearest to each pixel of a side."""
    numbers = Image.fromarray(np.arange(cells, dtype=np.int32)[None])
    drawn = np.asarray(numbers.resize((side, 1), Image.Resampling.NEAREST), dtype=np.int16)
    nearest: npt.NDArray[np.int16] = drawn[0]
    return nearest


def _has_strokes(line: _Line, longer: int) -> bool:
    """Return whether strokes of about one value are as long as the limit of a kind of ink.

    Parameters
    ----------
    line
        The part of the film that is looked at.
    longer
        Pixels of the film's longer side.
    """
    kinds = [(ink.alike, ink.jump) for ink in _INKS]
    for ink, both in zip(_INKS, _strokes(line, kinds), strict=True):
        for sense, found in enumerate(both):
            least, limits = _limits(ink.dark if sense else ink.bright, longer)
            # Most films end here: there are not as many, of whatever value and however blurred.
            if sum(len(places) for places, _ in found) < least:
                continue
            sharp = [
                places[_is_sharp(line, places, height, direction, ink, bright=not sense)]
                for direction, (places, height) in zip(_STEPS, found, strict=True)
            ]
            lengths = _near(line.values(_once(sharp)), ink.shades)
            long = lengths >= limits
            if long.any() and (long & ~_clipped(line, lengths, ink.shades, sense)).any():
                return True
    return False


def _limits(grey: float, longer: int) -> tuple[float, npt.NDArray[np.float64]]:
    """Return the least length of strokes that is ink, and that of strokes of each value."""
    limits = np.full(_TOP + 1, max(_FEWEST, grey * longer))
    limits[_AT_AN_END] = max(_FEWEST, _AT_ENDS * longer)
    return float(limits.min()), limits


def _clipped(line: _Line, lengths: _Counts, shades: int, sense: int) -> Mask:
    """Return for each value whether strokes of it are explained by a film that is clipped."""
    alike = _near(line.values(line.seen), shades)
    explained: Mask = _AT_AN_END & (lengths < _OF_CLIPPED[sense] * alike)
    return explained


def _once(places: Sequence[_Places]) -> _Places:
    """Return all places, each of them once: ``np.unique`` without what its first call loads."""
    every = np.sort(np.concatenate(places))
    return every[np.diff(every, prepend=-1) > 0]


def _near(values: _Counts, shades: int) -> _Counts:
    """Return how many pixels have each value, or one within some shades of it."""
    return np.convolve(values, np.ones(2 * shades + 1, dtype=np.intp), "same")


def _strokes(
    line: _Line, kinds: Sequence[tuple[int, int]]
) -> list[tuple[list[_Found], list[_Found]]]:
    """Return what rises above both its sides, or falls below, and is even along.

    Parameters
    ----------
    line
        The film.
    kinds
        Most that the pixels along may differ by, and what is less than they differ from both sides.

    Returns
    -------
    For each kind, brighter and darker, and each direction: the places, and by how much.
    """
    found: list[tuple[list[_Found], list[_Found]]] = [([], []) for _ in kinds]
    most, least = max(alike for alike, _ in kinds), min(jump for _, jump in kinds)
    for down, across in _STEPS:
        rises, spread = line.rises(down, across), line.spread(down, across)
        # Few pixels are like ink at all: the kinds are told apart among those alone.
        some = np.maximum(*rises) > least
        some &= spread <= most
        some &= line.seen
        at = np.flatnonzero(some)
        spread, heights = spread[at], [rise[at] for rise in rises]
        for (alike, jump), both in zip(kinds, found, strict=True):
            even = spread <= alike
            for height, places in zip(heights, both, strict=True):
                chosen = even & (height > jump)
                places.append((at[chosen], height[chosen]))
    return found


def _is_sharp(
    line: _Line,
    places: _Places,
    height: _Levels,
    direction: tuple[int, int],
    ink: _Ink,
    *,
    bright: bool,
) -> npt.NDArray[np.bool_]:
    """Return at which places a stroke along a direction is flat, narrow and ends at once."""
    down, across = direction
    slanting = bool(down and across)
    step, scale = (1, _DIAGONAL) if slanting else (_STEEP, 1.0)
    falls, ends, tops = [], [], []
    for way in (1, -1):
        reach = round(max(_ACROSS) * scale)
        grey = line.ray(places, -way * across, way * down, reach).astype(np.int16)
        away = grey if bright else -grey
        fall = away[:, :-step] - away[:, step:]
        end = fall.argmax(axis=1)
        at = np.arange(len(end)), end
        falls.append(fall[at])
        ends.append(end)
        tops.append(np.maximum.accumulate(away, axis=1)[at] - away[:, 0])
    wide = np.rint((ends[0] + ends[1]) / scale)
    told: npt.NDArray[np.bool_] = (
        (wide <= _WIDEST)
        & (np.maximum(*tops) <= _OVER * height)
        & (np.minimum(*falls) >= ink.sharp * height)
    )
    return told


class _Line:
    """A part of a film and its margin as one line of pixels: any step is one along it.

    NumPy goes along one line several times as fast as through the rows of a part of a picture.
    What is reckoned for pixels of the margin means nothing, and none of them is ``seen``.

    Parameters
    ----------
    levels
        The part.
    where
        What of it is looked at.
    """

    def __init__(self, levels: _Levels, where: Mask) -> None:
        reach = max(_ACROSS)
        padded = np.pad(levels, reach, mode="edge")
        self._pixels, self._width = padded.ravel(), padded.shape[1]
        self._shape = levels.shape
        self._first = reach * (self._width + 1)
        self._size = levels.shape[0] * self._width - 2 * reach
        self.seen = self.nowhere()
        self.picture(self.seen)[:] = where

    def nowhere(self) -> Mask:
        """Return a mask of the line's pixels, none of them set."""
        return np.zeros(self._size, dtype=bool)

    def picture(self, mask: Mask) -> Mask:
        """Return what of such a mask lies in the picture: a view."""
        strides = self._width, 1
        return np.lib.stride_tricks.as_strided(mask, self._shape, strides)

    def values(self, at: _Places | Mask) -> _Counts:
        """Return how many of the pixels at some places have each value."""
        return np.bincount(self._beside(0)[at], minlength=_TOP + 1)

    def rises(self, down: int, across: int) -> tuple[_Levels, _Levels]:
        """Return how far each pixel rises above both its sides, and falls below, at most."""
        here, (highest, lowest, ends) = self._beside(0), np.empty((3, self._size), dtype=np.uint8)
        for number, far in enumerate(_ACROSS):
            steps = max(1, round(far * _DIAGONAL)) if down and across else far
            aside = steps * (down - across * self._width)
            left, right = self._beside(aside), self._beside(-aside)
            if number == 0:
                np.maximum(left, right, out=highest)
                np.minimum(left, right, out=lowest)
                continue
            np.minimum(highest, np.maximum(left, right, out=ends), out=highest)
            np.maximum(lowest, np.minimum(left, right, out=ends), out=lowest)
        # Eight bits do not go below nought: no rise is 0.
        np.subtract(here, np.minimum(here, highest, out=highest), out=highest)
        np.subtract(np.maximum(here, lowest, out=lowest), here, out=lowest)
        return highest, lowest

    def spread(self, down: int, across: int) -> _Levels:
        """Return by how much each pixel and those before and behind it differ."""
        along = _ALONG * (down * self._width + across)
        here, ahead, behind = (self._beside(step) for step in (0, along, -along))
        highest, lowest = np.maximum(ahead, behind), np.minimum(ahead, behind)
        np.maximum(highest, here, out=highest)
        np.minimum(lowest, here, out=lowest)
        return np.subtract(highest, lowest, out=highest)

    def ray(self, at: _Places, down: int, across: int, reach: int) -> _Levels:
        """Return the pixels at some places and so many beyond them in one direction: NxR."""
        steps = (down * self._width + across) * np.arange(reach + 1)
        rays: _Levels = self._pixels[self._first + at[:, None] + steps]
        return rays

    def _beside(self, step: int) -> _Levels:
        return self._pixels[self._first + step : self._first + step + self._size]
