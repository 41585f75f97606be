"""The film in a picture of which every second pixel or fewer is known, as an average around it.

Read at a lower resolution level, JPEG 2000 gives low-pass samples that lie on pixels 0, 2, 4... or
0, 4, 8... So each is moved to the middle of the pixels that it stands for, as if it were a mean.
Where a margin was cut off, its edge may run between two samples. On which pixel, the averages tell:
their wavelet swings back before a step, so the first sample that the film reaches leans away from
it when the film starts on a sample's pixel, and towards it when it starts on the one behind.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from covid_d.radiograph.film import Box, FloatImage
from covid_d.radiograph.frame import film_box

# Of the film that a line holds, as a share of the next line's: more is no swing, but film.
_FILM: Final = 0.5
# Lines beside a margin's edge hold some of it.
_BLENDED: Final = 2


def film_of_averages(
    picture: FloatImage, size: tuple[int, int], halvings: int
) -> tuple[FloatImage, Box]:
    """Return the film without its margins, and where it lies in the whole picture.

    Parameters
    ----------
    picture
        float32, HxW, in [0, 1]: averages, each on the first of the pixels that it stands for.
    size
        Width and height of the whole picture.
    halvings
        How often it was halved, rounded up.

    Returns
    -------
    film
        float32; as many rows and columns as the box has, halved so often, rounded up.
    box
        In pixels of the whole picture.
    """
    cut, step = film_box(picture), 1 << halvings
    down = _Extent.of(picture[:, cut.left : cut.right], cut.top, cut.bottom, size[1], step)
    across = _Extent.of(picture[cut.top : cut.bottom].T, cut.left, cut.right, size[0], step)
    film = across.drawn(down.drawn(picture, step).T, step).T
    return np.ascontiguousarray(film), Box(down.first, across.first, down.last, across.last)


class _Extent:
    """From where to where a film lies along one side, in pixels of the whole picture.

    Parameters
    ----------
    first, last
        The film's pixels, the last one excluded.
    inside
        First and last line of averages that hold film alone.
    """

    def __init__(self, first: int, last: int, inside: tuple[int, int]) -> None:
        self.first, self.last, self.inside = first, last, inside

    @classmethod
    def of(cls, lines: FloatImage, start: int, stop: int, length: int, step: int) -> _Extent:
        """Return the extent of the lines that are left between two margins, if there are any."""
        first, last, inside = 0, length, [0, len(lines) - 1]
        if start > 0:
            at, behind = _edge(lines, start)
            first = step * at + (step // 2 if behind else step)
            inside[0] = at + _BLENDED
        if stop < len(lines):
            at, behind = _edge(lines[::-1], len(lines) - stop)
            at = len(lines) - 1 - at
            last = step * at - (0 if behind else step - 1)
            inside[1] = at - _BLENDED
        if inside[0] >= inside[1] or last - first < step:  # a speck, which is refused
            return cls(step * start, min(length, step * stop), (start, stop - 1))
        return cls(first, last, (inside[0], inside[1]))

    def drawn(self, lines: FloatImage, step: int) -> FloatImage:
        """Return as many lines as stand for the extent, each at the middle of its share of it."""
        count = -(-(self.last - self.first) // step)
        share = (self.last - self.first) / count
        at = (self.first + (np.arange(count) + 0.5) * share - 0.5) / step
        at = np.clip(at, *self.inside)
        before = at.astype(np.intp)
        away = (at - before).astype(np.float32)[:, None]
        behind = lines[np.minimum(before + 1, len(lines) - 1)]
        behind *= away
        drawn = lines[before]
        drawn *= 1 - away
        drawn += behind
        return drawn


def _edge(lines: FloatImage, start: int) -> tuple[int, bool]:
    """Return the first line that the film reaches, and whether it starts behind that line's pixel.

    Parameters
    ----------
    lines
        From a margin to the film.
    start
        The first that is no margin.
    """
    lean = _lean(lines, start)
    if lean > _FILM:  # so weak a swing that it was cut off too
        start, lean = start - 1, _lean(lines, start - 1)
    return start, lean > 0


def _lean(lines: FloatImage, at: int) -> float:
    """Return how much of the film behind it a line holds: a share, below nought where it swings."""
    margin = np.median(lines[max(0, at - 1)])
    here, behind = (lines[min(each, len(lines) - 1)] - margin for each in (at, at + 1))
    whole = float(behind @ behind)
    return float(here @ behind) / whole if whole > 0 else 0.0
