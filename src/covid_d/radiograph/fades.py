"""A film that fades into one grey where its lungs are not yet at their end: half of it is covered.

Where a cover ends sharply, what it hides is cut off as a margin, and the rest is half a film. Where
it fades, some lines stay that grow ever less uniform. At the head or foot of a film that is whole
no lung lies so near to such lines: there are the shoulders, or the belly. A thin frame that was
left is as uniform, but ends at once.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

_Levels = npt.NDArray[np.uint8]

# All are pixels or levels of 255 of the film as the lung model sees it, some 256 to a side; see
# docs/en/experiments.md for the films that chose them.
_NEAR: Final = 14  # lines from the film's edge to the lungs, at most
_LINES: Final = (3, 5, 9, 24)  # that many from the edge
# How far the outermost line may reach, and the first of those lines, without their outer parts.
_EVEN: Final = (40, 60)
_OUTER: Final = 5  # per cent of a line's pixels at each end of the greys
# What half of the pixels differ by from the edge to the second of those lines, and to the fourth:
# some devices brighten a film's foot, by less. And to the third, in tenths of to the second.
_STEPS: Final = (8, 80)
_ON: Final = 17
_SMALLEST: Final = 128  # pixels of a side, by which anything is told


def faded(levels: _Levels, lungs: npt.NDArray[np.bool_]) -> bool:
    """Return whether a film fades into one grey at its head or foot, close to the lungs.

    Parameters
    ----------
    levels
        Levels of 255, HxW: the whole film, as the lung model saw it.
    lungs
        Where the lungs are; HxW.
    """
    if min(levels.shape) < _SMALLEST:
        return False
    return _at_head(levels, lungs) or _at_head(levels[::-1], lungs[::-1])


def _at_head(levels: _Levels, lungs: npt.NDArray[np.bool_]) -> bool:
    if not lungs[: _NEAR + 1].any():
        return False
    reaches = (_reach(levels[line]) for line in (0, _LINES[0]))
    if any(reach >= most for reach, most in zip(reaches, _EVEN, strict=True)):
        return False
    near, far, inside = (_half(levels[0], levels[line]) for line in _LINES[1:])
    return near >= _STEPS[0] and far * 10 >= _ON * near and inside >= _STEPS[1]


def _reach(line: _Levels) -> int:
    """Return how far a line's levels reach, without the outer ones."""
    levels = np.sort(line)
    outer = len(levels) * _OUTER // 100
    return int(levels[-1 - outer]) - int(levels[outer])


def _half(line: _Levels, other: _Levels) -> int:
    """Return what half of the pixels of two lines differ by, at most."""
    apart = np.sort(np.abs(line.astype(np.int16) - other))
    return int(apart[(len(apart) - 1) // 2])
