"""From a map of the lungs to the box around both, or to the reason why there is none.

A mask of one lung, of a film cut through a lung, or of several films side by side would still give
a box; answers about such films are worth nothing, so they are refused here. Limits are shares of
the lungs themselves where they can be: a film may have wide margins.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from covid_d.radiograph.prepare import Window
from covid_d.radiograph.refusal import RefusalCode

Mask = npt.NDArray[np.bool_]

SPECK: Final = 0.15  # of the largest part's area: what is smaller is no lung
_THIRD: Final = 0.2  # of the largest part's area: least of a third lung
_THIRD_AT_EDGE: Final = 0.5  # the same where it reaches the film's side or lower edge
_SAME_SIDE: Final = 0.5  # of the narrower part's width: parts one above the other are one lung
_SMALLER: Final = 0.25  # least area of the smaller lung, as a share of the larger
_LEAST_AREA: Final = 0.02  # of both lungs, as a share of the film
_BESIDE: Final = 0.4  # of the shorter lung's height that lies beside the other lung
_VALLEY: Final = 0.5  # of lungs that touch: lung between them, as a share of a usual column's
_AT_SIDE: Final = 0.5  # of a lung's height that may lie at the film's side
_AT_TOP: Final = 0.48  # of a lung's width that may lie at the film's upper edge
_AT_FOOT: Final = 0.3  # the same at the lower edge


class _Part:
    """A part of the mask, with what is asked of it again and again."""

    def __init__(self, mask: Mask) -> None:
        self.mask = mask

    @cached_property
    def area(self) -> int:
        """Cells."""
        return int(np.count_nonzero(self.mask))

    @cached_property
    def extent(self) -> tuple[int, int, int, int]:
        """Top, left, bottom and right; ends are excluded."""
        rows, columns = (np.flatnonzero(self.mask.any(axis=axis)) for axis in (1, 0))
        return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def find_lungs(mask: Mask) -> Window | RefusalCode:
    """Return the box around both lungs, or why the film must not be answered.

    Parameters
    ----------
    mask
        HxW over the whole film: where the lungs are.

    Returns
    -------
    The box, without surround; ``NO_LUNGS`` where no two lungs are found, ``PART_OF_CHEST`` where
    the film's edge cuts a lung, ``COLLAGE`` where there are more than two.
    """
    parts = _parts(mask)
    if _is_collage(parts):
        return RefusalCode.COLLAGE
    lungs = _by_side(parts)[:2]
    if len(lungs) == 1:
        lungs = _halves(lungs[0])
    if len(lungs) < 2 or not _a_pair(*lungs):
        return RefusalCode.NO_LUNGS
    if any(_cut(lung) for lung in lungs):
        return RefusalCode.PART_OF_CHEST
    top, left, bottom, right = _Part(lungs[0].mask | lungs[1].mask).extent
    height, width = mask.shape
    return Window(top / height, left / width, bottom / height, right / width)


def _parts(mask: Mask) -> list[_Part]:
    """Return the connected parts of a mask, largest first, without specks."""
    labels = _labelled(mask)
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    order = [int(at) for at in np.argsort(-areas, kind="stable") if areas[at]]
    return [_Part(labels == at) for at in order if areas[at] >= SPECK * areas[order[0]]]


def _labelled(mask: Mask) -> npt.NDArray[np.intp]:
    """Return a number for each connected part (cells that share a side); 0 outside.

    Runs of each row are joined with the runs they touch in the row above (union-find).
    """
    height, width = mask.shape
    padded = np.zeros((height, width + 2), dtype=np.int8)
    padded[:, 1:-1] = mask
    change = np.diff(padded, axis=1)
    rows, starts = np.nonzero(change == 1)
    ends = np.nonzero(change == -1)[1]
    # Places along one line that holds row after row: so each run finds those it touches at once.
    row = rows * (width + 1)
    first = np.searchsorted(row + ends, row - (width + 1) + starts, side="right")
    last = np.searchsorted(row + starts, row - (width + 1) + ends, side="left")
    root = list(range(len(rows)))

    def of(run: int) -> int:
        while root[run] != run:
            root[run] = root[root[run]]
            run = root[run]
        return run

    for run, (begin, stop) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        for above in range(begin, stop):
            root[of(run)] = of(above)
    number: dict[int, int] = {}
    numbers = [number.setdefault(of(run), len(number) + 1) for run in range(len(rows))]
    labels = np.zeros((height, width), dtype=np.intp)
    labels[mask] = np.repeat(np.array(numbers, dtype=np.intp), ends - starts)
    return labels


def _by_side(parts: list[_Part]) -> list[_Part]:
    """Join parts that lie one above the other: a consolidation or a device may split a lung."""
    sides: list[_Part] = []
    for part in parts:
        _, left, _, right = part.extent
        for at, side in enumerate(sides):
            _, other_left, _, other_right = side.extent
            shared = min(right, other_right) - max(left, other_left)
            if shared >= _SAME_SIDE * min(right - left, other_right - other_left):
                sides[at] = _Part(side.mask | part.mask)
                break
        else:
            sides.append(part)
    return sides


def _halves(both: _Part) -> list[_Part]:
    """Part lungs that touch at the column with least lung near their middle, if there is one."""
    _, left, _, right = both.extent
    columns = both.mask.sum(axis=0)
    quarter = (right - left) // 4
    middle = columns[left + quarter : right - quarter]
    usual = float(np.median(columns[left:right]))
    if not len(middle) or middle.min() > _VALLEY * usual:
        return [both]
    at = left + quarter + int(middle.argmin())
    first, second = both.mask.copy(), both.mask.copy()
    first[:, at:] = False
    second[:, :at] = False
    return [_Part(first), _Part(second)]


def _is_collage(parts: list[_Part]) -> bool:
    """Whether there are more than two lungs: side by side, or two pairs one above the other.

    Air beside an arm or in the bowel may be taken for lung; it is small, or lies at the edge.
    """
    lungs = [
        part
        for part in parts
        if part.area >= _THIRD * parts[0].area
        and (not _at_edge(part.mask) or part.area >= _THIRD_AT_EDGE * parts[0].area)
    ]
    return len(_by_side(lungs)) > 2 or len(lungs) > 3


def _at_edge(part: Mask) -> bool:
    return bool(part[:, 0].any() or part[:, -1].any() or part[-1].any())


def _a_pair(first: _Part, second: _Part) -> bool:
    small, large = sorted((first.area, second.area))
    if small < _SMALLER * large or small + large < _LEAST_AREA * first.mask.size:
        return False
    top, _, bottom, _ = first.extent
    other_top, _, other_bottom, _ = second.extent
    beside = min(bottom, other_bottom) - max(top, other_top)
    return beside >= _BESIDE * min(bottom - top, other_bottom - other_top)


def _cut(lung: _Part) -> bool:
    """Whether the film's edge cuts a lung: much of its side or of an end lies there."""
    top, left, bottom, right = lung.extent
    mask = lung.mask
    at_side = max(int(mask[:, 0].sum()), int(mask[:, -1].sum())) / (bottom - top)
    at_top, at_foot = (int(edge.sum()) / (right - left) for edge in (mask[0], mask[-1]))
    return at_side > _AT_SIDE or at_top > _AT_TOP or at_foot > _AT_FOOT
