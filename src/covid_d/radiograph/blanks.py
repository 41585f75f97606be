"""Parts of a chest that are covered: painted over with one grey, or filled in by a decoder.

A film has grain and slopes everywhere. Where a cell of it is flat and many such cells are of one
and the same grey, nothing was taken there. At either end of the greys sound films are flat too:
they are clipped, some for a fifth of their lungs. So black and white patches are not told here.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

# Cells across the shorter side of the part that is looked at, and their least side in pixels.
_CELLS: Final = 32
_SMALLEST: Final = 6
_FEWEST: Final = 100  # cells of the chest, by which anything is told
_FLAT: Final = 1  # level of 255, from the darkest to the brightest of a cell
# Share of the chest's cells, in thousandths, that are flat and of one grey. Of 640 films that are
# sound no more than 19 are so.
_MIDDLE: Final = 25
# A value is at an end if so few of the chest's pixels lie beyond it, or if it is so near to the
# ends of the scale.
_END: Final = 50  # thousandths
_NEARLY: Final = 20  # levels
# Levels between the outer twentieths of the chest: of less contrast, flat is no more than dull.
_CONTRAST: Final = 64
_OUTER: Final = 50  # thousandths
_ALL: Final = 1000
_ENDS: Final = (_OUTER, _ALL - _OUTER)


def covered(levels: npt.NDArray[np.uint8], where: npt.NDArray[np.bool_]) -> bool:
    """Return whether part of the chest is covered with one grey.

    Parameters
    ----------
    levels
        Levels of 255, HxW.
    where
        The lungs and what lies between them; HxW.
    """
    side = max(_SMALLEST, min(levels.shape) // _CELLS)
    rows, columns = (extent // side for extent in levels.shape)
    shape, part = (rows, side, columns, side), (slice(rows * side), slice(columns * side))
    inside = where[part].reshape(shape).all(axis=(1, 3))
    chest = int(np.count_nonzero(inside))
    if chest < _FEWEST:
        return False
    cells = levels[part].reshape(shape)
    darkest, brightest = cells.min(axis=(1, 3)), cells.max(axis=(1, 3))
    flat = darkest[inside & (brightest - darkest <= _FLAT)]
    if len(flat) * _ALL <= _MIDDLE * chest:  # as of nearly all films
        return False
    alike = np.bincount(flat, minlength=257)
    alike = alike[:256] + alike[1:]
    values = np.bincount(levels[where], minlength=256)
    below = np.concatenate([[0], np.cumsum(values)])  # of each value, how many pixels are darker
    pixels = int(below[-1])
    low, high = (int(np.searchsorted(below[1:] * _ALL, pixels * end)) for end in _ENDS)
    if high - low < _CONTRAST:
        return False
    above = np.append(pixels - below[2:], 0)  # brighter than the value and the next
    clipped = np.minimum(below[:256], above) * _ALL <= _END * pixels
    clipped[: _NEARLY + 1] = clipped[255 - _NEARLY :] = True
    return bool((alike[~clipped] * _ALL > _MIDDLE * chest).any())
