"""What a file says of its values that no film can be shown by: each is refused by its element.

A table that rises and falls makes one grey of two; padding that covers the film, or that is cut
out of its grey, hides what is there.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from covid_d.radiograph.readers.element import named
from covid_d.radiograph.refusal import RadiographError, RefusalCode

# Letters and edges at either end do not count: share of the samples.
_ENDS: Final = 0.005
_TURNED: Final = 0.02  # of the range that a table puts out, by which it may turn back
# A padded sample that would be as dark anyway loses nothing.
_LOST: Final = 0.05  # grey
_HALF: Final = 0.5  # of the film
_LINES: Final = 512  # that are looked at
_FEWEST: Final = 64  # neighbours at the edge of what is padded
_NEAR: Final = 2.0  # times as far apart as where grey turns elsewhere
_MOST: Final = 0.5  # of the neighbours

# Units of values that no radiograph has (PS3.3 C.11.1.1.2): of computed tomography.
_UNITS: Final = frozenset({"HU", "HU_MOD", "MGML", "Z_EFF", "ED", "EDW", "HOUNSFIELD"})

_Counts = npt.NDArray[np.int64]


def require_units(stated: str, keyword: str) -> None:
    """Refuse values in units of another modality.

    Raises
    ------
    RadiographError
        ``NOT_RADIOGRAPHY``, naming the element.
    """
    units = stated.strip(" \0").upper()
    if units in _UNITS:
        raise RadiographError.of(RefusalCode.NOT_RADIOGRAPHY, f"{units}, {named(keyword)}")


def require_monotone(values: npt.NDArray[Any], counts: _Counts, keyword: str) -> None:
    """Refuse a table that rises and falls again over what the film shows.

    Parameters
    ----------
    values
        What each stored value becomes.
    counts
        How many samples have each.
    keyword
        The table's.

    Raises
    ------
    RadiographError
        ``UNSUPPORTED``, naming the element.
    """
    first, last = _inner(counts)
    shown = values[first : last + 1][counts[first : last + 1] > 0].astype(np.float64)
    falls = float((np.maximum.accumulate(shown) - shown).max(initial=0))
    rises = float((shown - np.minimum.accumulate(shown)).max(initial=0))
    if min(falls, rises) > _TURNED * max(falls, rises):
        raise _refused(f"{named(keyword)}, neither rising nor falling")


def require_padding(
    samples: npt.NDArray[Any],
    table: npt.NDArray[np.float32],
    padding: npt.NDArray[np.bool_],
    counts: _Counts,
) -> None:
    """Refuse padding that covers over half of the film, or that is cut out of its grey.

    What is padded lies apart from the film in grey: there is nothing between the two. Where most
    neighbours on either side of its edge are as close as grey is elsewhere, the film goes on in it.

    Parameters
    ----------
    samples
        HxW, counted from the lowest value that their bits hold.
    table
        Grey of every value, were there no padding.
    padding
        Which values are padding.
    counts
        How many samples have each value.

    Raises
    ------
    RadiographError
        ``UNSUPPORTED``, naming the element.
    """
    lost = padding & (table > _LOST)
    if not lost.any():
        return
    covered = float(counts[lost].sum() / counts.sum())
    if covered > _HALF:
        raise _refused(f"{named('PixelPaddingValue')}, {covered:.0%} of the film")
    lines = samples[:: -(-samples.shape[0] // _LINES)]
    left, right = lines[:, :-1], lines[:, 1:]
    steps = np.abs(left.astype(np.int32) - right)
    edge = (lost[left] & ~padding[right]) | (lost[right] & ~padding[left])
    usual = _crossed(steps[~padding[left] & ~padding[right]])
    apart = steps[edge]
    near = np.count_nonzero(apart <= _NEAR * usual)
    if len(apart) >= _FEWEST and near > _MOST * len(apart):
        raise _refused(f"{named('PixelPaddingValue')}, within the film's grey")


def _crossed(steps: npt.NDArray[np.int32]) -> int:
    """Return how far neighbours are apart between which a value lies that is taken at random.

    The median of the steps, each as often as it is large.
    """
    counts = np.bincount(steps)
    crossed = np.cumsum(counts * np.arange(len(counts)))
    return int(np.searchsorted(crossed, crossed[-1] / 2)) if len(crossed) else 0


def _inner(counts: _Counts) -> tuple[int, int]:
    """Return the first and the last value without what few samples have at either end."""
    below = np.cumsum(counts)
    first = int(np.searchsorted(below, _ENDS * below[-1], side="right"))
    last = int(np.searchsorted(below, (1 - _ENDS) * below[-1]))
    return first, min(last, len(counts) - 1)


def _refused(what: str) -> RadiographError:
    return RadiographError.of(RefusalCode.UNSUPPORTED, what)
