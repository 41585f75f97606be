"""Marks drawn over the lungs in grey: arrows, letters, rings and boxes, burned into the film.

Ink has one value all along a stroke, and differs sharply from what lies on both its sides. Ribs,
vessels, wires and clips do neither: what lies behind them shows through. So strokes are lines of
pixels with equal neighbours along, and with a like jump on either side across. Only strokes that
share one value are counted, and only where they lie between the outer edges of the lungs: markers
of the side, names and dates lie elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from covid_d.radiograph.film import FloatImage

Mask = npt.NDArray[np.bool_]
_Levels = npt.NDArray[np.uint8]


class _Ink(NamedTuple):
    """What counts as ink; levels are of 255.

    Parameters
    ----------
    alike
        Most that a stroke's pixels may differ by.
    jump
        Least that they differ by from both sides.
    limit
        Length of such strokes, as a share of the picture's longer side, that a film without marks
        does not reach.
    """

    alike: int
    jump: int
    limit: float


# Drawn and kept as it was; drawn and compressed again (JPEG), a little or more. Of 770 public
# frontal films of five collections that carry no marks, as they are and compressed again, each
# limit is passed by under 0.3 %.
_INKS: Final = (_Ink(0, 18, 0.025), _Ink(1, 40, 0.07), _Ink(2, 40, 0.13))
_LEAST: Final = 16  # pixels of a small film: fewer may be chance
# Overexposed films hold wide areas of one white; of ink at least this share lies in strokes.
_IN_STROKES: Final = 0.2
_LONGEST: Final = 640  # pixels looked at; a larger film is thinned, which keeps the ink's value
_ALONG: Final = 2  # pixels
_ACROSS: Final = (2, 4, 8, 12)  # pixels: half a stroke's width and more
_STEPS: Final = ((0, 1), (1, 0), (1, 1), (1, -1))  # down, across
_DIAGONAL: Final = 0.71
_TOP: Final = 255


def drawn_over(pixels: FloatImage, lungs: Mask) -> bool:
    """Return whether strokes of ink lie over the lungs or between them.

    Parameters
    ----------
    pixels
        float32, HxW in [0, 1].
    lungs
        Where the lungs are, over the same picture at any resolution.
    """
    thin = -(-max(pixels.shape) // _LONGEST)
    levels = np.rint(pixels[::thin, ::thin] * np.float32(_TOP)).astype(np.uint8)
    longest = max(levels.shape)
    size = levels.shape[1], levels.shape[0]
    where = np.asarray(Image.fromarray(_between(lungs)).resize(size, Image.Resampling.NEAREST))
    if not where.any():
        return False
    part = _extent(where), _extent(where.T)
    levels, where = levels[part], where[part]
    lengths = _lengths(levels, where)
    return any(
        length > max(_LEAST, ink.limit * longest)
        for length, ink in zip(lengths, _INKS, strict=True)
    )


def _extent(where: Mask) -> slice:
    """Return the lines from the first to the last with any set, and those that a stroke needs."""
    found = np.flatnonzero(where.any(axis=1))
    return slice(max(0, int(found[0]) - max(_ACROSS)), int(found[-1]) + 1 + max(_ACROSS))


def _between(lungs: Mask) -> Mask:
    """Return what lies between the first and last cell of lung in each row, lungs included."""
    from_left = np.maximum.accumulate(lungs, axis=1)
    from_right = np.maximum.accumulate(lungs[:, ::-1], axis=1)[:, ::-1]
    both: Mask = from_left & from_right
    return both


def _lengths(levels: _Levels, where: Mask) -> list[int]:
    """Return for each kind of ink how many pixels of its commonest value lie in strokes."""
    strokes = [np.zeros((2, *levels.shape), dtype=bool) for _ in _INKS]  # bright, dark
    for spread, above, below in _profiles(levels):
        for ink, found in zip(_INKS, strokes, strict=True):
            even = spread <= ink.alike
            found[0] |= even & (above > ink.jump)
            found[1] |= even & (below > ink.jump)
    values = np.bincount(levels[where], minlength=_TOP + 1)
    return [
        max(_commonest(levels[kind & where], values, ink.alike) for kind in found)
        for ink, found in zip(_INKS, strokes, strict=True)
    ]


def _commonest(inked: _Levels, values: npt.NDArray[np.intp], alike: int) -> int:
    """Return how many pixels share a value that is mostly ink."""
    window = np.ones(2 * alike + 1, dtype=np.intp)
    length = np.convolve(np.bincount(inked, minlength=_TOP + 1), window, "same")
    share = length / np.maximum(np.convolve(values, window, "same"), 1)
    return int(length[share >= _IN_STROKES].max(initial=0))


def _profiles(levels: _Levels) -> Iterator[tuple[_Levels, _Levels, _Levels]]:
    """Yield how pixels differ along each direction, and rise above and fall below both sides."""
    reach = max(_ACROSS)
    padded = np.pad(levels, reach, mode="edge")
    rows, columns = levels.shape

    def beside(down: int, across: int) -> _Levels:
        return padded[reach + down : reach + down + rows, reach + across : reach + across + columns]

    for down, across in _STEPS:
        ahead, behind = (beside(way * down, way * across) for way in (_ALONG, -_ALONG))
        ends = np.maximum(ahead, behind), np.minimum(ahead, behind)
        spread = np.maximum(ends[0], levels) - np.minimum(ends[1], levels)
        highest, lowest = np.full_like(levels, _TOP), np.zeros_like(levels)
        for far in _ACROSS:
            steps = max(1, round(far * _DIAGONAL)) if down and across else far
            left, right = (beside(-way * across * steps, way * down * steps) for way in (1, -1))
            np.minimum(highest, np.maximum(left, right), out=highest)
            np.maximum(lowest, np.minimum(left, right), out=lowest)
        # Eight bits do not go below nought: no rise is 0.
        yield (
            spread,
            levels - np.minimum(levels, highest),
            np.maximum(levels, lowest) - levels,
        )
