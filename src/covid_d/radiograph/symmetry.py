"""A film that is its own mirror image: one half of it was copied onto the other.

No chest is: heart, vessels and ribs differ. So what stands out along some lines is compared with
the same read backwards, about every axis near the middle.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

# All are pixels or levels of 255 of the film as the lung model sees it, some 256 to a side.
_EVERY: Final = 8  # so manieth line is looked at, but for those in the outer eighths of the film
_NEAR: Final = 3  # pixels whose mean is compared with that of as many as the next, odd numbers both
_AROUND: Final = 13
_MOST: Final = 12  # levels that a place may stand out by: wires and letters do by more
_AXES: Final = 20  # pixels from the middle to the farthest axis
# Agreement, in per cent, of a film that is mirrored: between films that are (95, saved anew 79 and
# more) and the training films that are not (52 at most).
_MIRRORED: Final = 70
_SMALLEST: Final = 128  # pixels of a side, by which anything is told


def mirrored(levels: npt.NDArray[np.uint8]) -> bool:
    """Return whether one half of a film is the other one's mirror image.

    Parameters
    ----------
    levels
        Levels of 255, HxW: the whole film, as the lung model saw it.
    """
    if min(levels.shape) < _SMALLEST:
        return False
    height = len(levels)
    detail = _detail(levels[height // 8 : height - height // 8 : _EVERY])
    width = detail.shape[1]
    length = 1 << (2 * width - 1).bit_length()
    folded = np.fft.irfft((np.fft.rfft(detail, length) ** 2).sum(axis=0), length)
    energy = np.concatenate([[0], np.cumsum((detail**2).sum(axis=0))])
    # Places whose numbers add up to these lie as far from one axis.
    sums = np.arange(width - 1 - 2 * _AXES, width + 2 * _AXES)
    first, last = np.maximum(0, sums - (width - 1)), np.minimum(width - 1, sums)
    agreeing = np.rint(folded[sums]).astype(np.int64)  # sums of whole numbers
    return bool((agreeing * 100 > _MIRRORED * (energy[last + 1] - energy[first])).any())


def _detail(lines: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return by how much the places of lines stand out, in whole numbers, without the ends."""
    sums = np.cumsum(np.pad(lines.astype(np.int64), [(0, 0), (1, 0)]), axis=1)
    around = sums[:, _AROUND:] - sums[:, :-_AROUND]
    near = (sums[:, _NEAR:] - sums[:, :-_NEAR])[:, (_AROUND - _NEAR) // 2 :][:, : around.shape[1]]
    most = _MOST * _NEAR * _AROUND
    return np.clip(near * _AROUND - around * _NEAR, -most, most)
