"""A step of the grey from one row to the next: where a decoder went on at another level.

JPEG codes the mean of each block by its difference from the last one, so a damaged block moves all
that follow it, by a few levels or by many. That is less than an edge (:mod:`.seams`) asks for; but
it happens between two rows alone, over most of the width, and the rows around hold nothing like it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from covid_d.radiograph.film import FloatImage

_Floats = npt.NDArray[np.float32]

# Of 3,200 public frontal films of five collections, of training and validation, 2 pass this.
LIMIT: Final = 1.8
_PARTS: Final = 8  # of the width
_STEPPING: Final = 4  # of the parts must step: letters and side markers hold fewer
_BESIDE: Final = 12  # rows on either side
_COMMON: Final = 21  # of the 24 rows beside, sorted: more than that differ by less
_LONE: Final = np.float32(1.25)  # a step lies between two rows, an edge of anatomy over several
_FLOOR: Final = 0.25 / 255  # of a step on a film without noise
_RIM: Final = 12  # a collimator's edge may lie in the first and last twelfth
_LEAST: Final = 8 * _BESIDE  # rows
_AROUND: Final = np.array([step for step in range(-_BESIDE, _BESIDE + 1) if step])
_SAMPLE: Final = 512


def step(pixels: FloatImage) -> float:
    """Return how much the grey steps between two rows, against the rows around.

    Parameters
    ----------
    pixels
        float32, HxW, in [0, 1].

    Returns
    -------
    How many times farther two neighbouring rows lie from each other than those beside them do, in
    the half of the width where they do so most; above :data:`LIMIT` it is a step.
    """
    height, width = pixels.shape
    rim = max(height // _RIM, _BESIDE)
    if height < _LEAST or width < _PARTS:
        return 0.0
    lines = pixels[:, :: max(1, width // _SAMPLE)]
    differences = np.diff(lines[:, : lines.shape[1] // _PARTS * _PARTS], axis=0)
    parts = differences.reshape(height - 1, _PARTS, -1)
    means = _means(parts)
    sizes = _means(np.abs(parts, out=parts))
    rows = _lone(sizes)
    rows = rows[(rows >= rim) & (rows < height - 1 - rim)]
    if not len(rows):
        return 0.0
    beside = np.clip(rows[:, None] + _AROUND, 0, height - 2)
    around = means.T[:, beside]
    level = np.sort(around)[..., _BESIDE - 1 : _BESIDE + 1].mean(axis=2, keepdims=True)
    away = np.abs(around - level, out=around)
    usual = np.partition(away, _COMMON)[..., _COMMON] + np.float32(_FLOOR)
    signed = np.abs(means.T[:, rows] - level[..., 0]) / usual
    rough = sizes.T[:, rows] / (
        np.partition(sizes.T[:, beside], _COMMON)[..., _COMMON] + np.float32(_FLOOR)
    )
    # A slip moves the mean too; where only the roughness rises there is an edge of another kind.
    return float(np.minimum(_least_of(signed), _least_of(rough)).max())


def _means(parts: _Floats) -> _Floats:
    # As ``mean(axis=2)``, in a quarter of the time.
    sums: _Floats = np.einsum("ijk->ij", parts)
    sums /= np.float32(parts.shape[2])
    return sums


def _lone(sizes: _Floats) -> npt.NDArray[np.intp]:
    """Return the differences well above that before and after, in as many parts as count."""
    larger = np.zeros(sizes.shape, dtype=bool)
    larger[1:-1] = sizes[1:-1] > _LONE * np.maximum(sizes[:-2], sizes[2:])
    return np.flatnonzero(larger.sum(axis=1) >= _STEPPING)


def _least_of(values: _Floats) -> _Floats:
    """Return the least of the largest values of each row, of as many parts as count: N of PxN."""
    least: _Floats = np.sort(values, axis=0)[-_STEPPING]
    return least
