"""Where the blocks of a JPEG go on at another level: one was misread, and no decoder can know.

JPEG codes the mean of each block by its difference from the last one. A damaged block thus moves
all that follow it in the stream, often by a few levels alone, and the codes find their place again:
the stream ends where it should. What is left of it is where moved blocks meet others: the damaged
one's neighbours to the right step against those above them, and those to the left in the next row.
In the order of the stream these are as many in a row as the film is wide, they all step by one
amount, between two lines and nowhere else, and the picture goes on across. An edge of anatomy, of a
collimator or of a margin does not.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from covid_d.radiograph.readers.codestream import Codestream
from covid_d.radiograph.readers.quantisation import mean_step

_Ints = npt.NDArray[np.int32]

# Of 8,153 public films in JPEG 1 is taken for such (``benchmarks/blocks.py``).
_FEWEST: Final = (8, 16)  # rows of blocks, and blocks in a row
_UPPER: Final = (15, 16)  # of the rows of blocks: below, little is harmed, and films have edges
_KEPT: Final = 64  # blocks in a row, or up to twice as many
_ODD: Final = 8  # one in so many blocks may do otherwise: where the stream was damaged
_LEAST: Final = 5  # quarters of a level that blocks step by
# Steps of rounding that blocks step by. Two means, and what a coefficient lacks at the edges of two
# blocks, are half a step off each; a smooth film rarely steps by more.
_ROUNDED: Final = 4
_ELSEWHERE: Final = (2, 5)  # by a half of it step fewer than one in five blocks of the film
_USUAL: Final = (5, 2, 2)  # so many steps are more than so many usual ones, and half a level
_SINGLE: Final = (20, 3)  # the lines above and below step by so much less: 3 of 10
# Usual steps and quarters of a level, or a third of the step: all lie within.
_EVEN: Final = (3, 7, 3)
_MOST: Final = 2048  # places that are looked at: a slip has some ten, a film of stripes any number
_TEXTURE: Final = 1  # half a level from a block to the next, above and below: no margin


def require_level_of(stream: bytes, samples: npt.NDArray[np.uint8]) -> None:
    """Raise where all blocks of a JPEG from one on lie at another level; see :func:`require_level`.

    Parameters
    ----------
    stream
        What tells of units and rounding.
    samples
        As it was decoded; HxW.
    """
    require_level(samples, Codestream.of(stream).unit, mean_step(stream))


def require_level(samples: npt.NDArray[np.uint8], unit: tuple[int, int], step: int) -> None:
    """Raise where all blocks from one on lie at another level.

    Parameters
    ----------
    samples
        Of a decoded JPEG's grey, or of green, as they lie in the stream; HxW.
    unit
        Height and width in pixels of what the stream codes together: a block, or several.
    step
        Eighths of a grey level that the means of blocks are rounded to.

    Raises
    ------
    ValueError
        With the row near which it begins.

    Source: ISO/IEC 10918-1 F.1.1.5.1 (differences of the means), A.2 (order of the blocks).
    """
    rows, across = len(samples) // unit[0], samples.shape[1] // unit[1]
    if rows < _FEWEST[0] or across < _FEWEST[1]:
        return
    found = _slip(samples, unit, across, step)
    if found is not None:
        raise ValueError(f"the blocks of a JPEG go on at another level, near row {found}")


def _slip(
    samples: npt.NDArray[np.uint8], unit: tuple[int, int], across: int, step: int
) -> int | None:
    down, wide = unit
    upper, of = _UPPER
    starts = np.arange(down, len(samples) // down * upper // of * down, down)
    blocks = samples[:, : across * wide].reshape(len(samples), across, wide)
    blocks = blocks[:, :: max(1, across // _KEPT)]
    before, last, first, after = (
        blocks[starts + at].sum(axis=2, dtype=np.int32) for at in (-2, -1, 0, 1)
    )
    above, below = last - before, after - first
    # How far each block steps, against the lines beside: in parts of a level.
    steps = (2 * (first - last) - above - below).ravel()
    level, count = 2 * wide, blocks.shape[1]
    begins = _alike(steps, count, least=_LEAST * level // 4)
    if not len(begins):
        return None
    low, middle, high = _spread(steps, begins, count)
    size = np.maximum(low, -high)
    usual = _usual(steps, begins, count)
    times, usually, halves = _USUAL
    is_slip = times * size > usually * usual + level // halves
    is_slip &= 8 * np.abs(middle) >= _ROUNDED * step * level
    is_slip &= ~_elsewhere(steps, begins, count, middle)
    times, most = _SINGLE
    for beside in (above, below):
        is_slip &= times * np.abs(_spread(beside.ravel(), begins, count)[1]) <= most * np.abs(
            middle
        )
    usually, quarters, share = _EVEN
    even = np.maximum(usually * usual + quarters * level // 4, np.abs(middle) // share)
    is_slip &= high - low <= even
    for line in (last, first):
        beside = np.abs(np.diff(line, axis=1, append=line[:, -2:-1])).ravel()
        is_slip &= 2 * _spread(beside, begins, count)[1] >= _TEXTURE * wide
    if not is_slip.any():
        return None
    plainest = np.where(is_slip, size, 0).argmax()
    return int(starts[(begins[plainest] + count // 2) // count])


def _alike(steps: _Ints, count: int, *, least: int) -> npt.NDArray[np.intp]:
    """Return where so many blocks begin that nearly all step by the least or more, one way."""
    needed = count - count // _ODD
    alike = np.zeros(len(steps) - count + 1, dtype=bool)
    for stepping in (steps >= least, steps <= -least):
        sums = np.concatenate(([0], np.cumsum(stepping)))
        alike |= sums[count:] - sums[:-count] >= needed
    return np.flatnonzero(alike)[:_MOST]


def _spread(values: _Ints, begins: npt.NDArray[np.intp], count: int) -> tuple[_Ints, _Ints, _Ints]:
    """Return the lowest, the middle and the highest of so many values, apart from the odd ones."""
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(values, count)[begins], axis=1)
    odd = count // _ODD
    return windows[:, odd], windows[:, count // 2], windows[:, count - 1 - odd]


def _usual(steps: _Ints, begins: npt.NDArray[np.intp], count: int) -> _Ints:
    """Return how far blocks step a row before and a row behind, whichever is more."""
    last = len(steps) - count
    earlier = np.where(begins >= count, begins - count, begins + count)
    later = np.where(begins + count <= last, begins + count, begins - count)
    sizes = np.abs(steps)
    usual: _Ints = np.maximum(_spread(sizes, earlier, count)[2], _spread(sizes, later, count)[2])
    return usual


def _elsewhere(
    steps: _Ints, begins: npt.NDArray[np.intp], count: int, middle: _Ints
) -> npt.NDArray[np.bool_]:
    """Return whether blocks of the film step by much of it anyway, apart from so many of them."""
    times, one_in = _ELSEWHERE
    sizes, least = np.abs(steps), -(-np.abs(middle) // times)
    stepping = len(sizes) - np.searchsorted(np.sort(sizes), least)
    there = np.lib.stride_tricks.sliding_window_view(sizes, count)[begins] >= least[:, None]
    found: npt.NDArray[np.bool_] = one_in * (stepping - there.sum(axis=1)) >= len(sizes) - count
    return found
