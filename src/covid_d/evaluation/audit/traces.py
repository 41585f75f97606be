"""Traces that a film carries of how it was made and of whom: two more probes without lung."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from covid_d.radiograph.film import FloatImage

_SEMI_AXIS: Final = 0.44
_SCALES: Final = (0.7, 1.4, 2.8)
_BLOCK: Final = 8  # of a JPEG file
_SEXES: Final = ("F", "M")
_PROJECTIONS: Final = ("PA", "AP", "AP Supine")


def quality_features(pixels: FloatImage) -> npt.NDArray[np.float32]:
    """Return how sharp, noisy and compressed a film is outside the lungs.

    Parameters
    ----------
    pixels
        float32, HxW in [0, 1].

    Returns
    -------
    float32, 12: detail at three scales in the outer part and its ratios, noise, steps between
    8x8 blocks down and across against other steps, and the share of equal neighbours.
    """
    rows, columns = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    down, across = (rows + 0.5) / pixels.shape[0] - 0.5, (columns + 0.5) / pixels.shape[1] - 0.5
    outside = (down / _SEMI_AXIS) ** 2 + (across / _SEMI_AXIS) ** 2 > 1.0
    detail = [
        float(np.abs(ndimage.gaussian_laplace(pixels, scale))[outside].mean()) for scale in _SCALES
    ]
    ratios = [math.log((a + 1e-6) / (b + 1e-6)) for a, b in pairwise(detail)]
    noise = float(np.median(np.abs(pixels - ndimage.median_filter(pixels, 3))[outside]))
    steps = [_blockiness(pixels, axis) for axis in (0, 1)]
    equal = float((np.diff(pixels, axis=1) == 0)[outside[:, 1:]].mean())
    logs = [math.log(value + 1e-6) for value in detail]
    return np.asarray([*logs, *ratios, *detail, noise, *steps, equal], dtype=np.float32)


def metadata_features(row: Any) -> npt.NDArray[np.float32]:
    """Return what a manifest's row says of the patient and of the projection.

    Parameters
    ----------
    row
        A named tuple of the manifest.

    Returns
    -------
    float32, 8: age and whether it is known, child, sex, projection, each known or not.
    """
    age = float(row.age) if row.age == row.age and row.age != "" else math.nan
    known = not math.isnan(age)
    numbers = [age if known else 50.0, float(known), float(known and age < 18)]
    sexes = [float(row.sex == name) for name in _SEXES]
    projections = [float(row.projection == name) for name in _PROJECTIONS]
    return np.asarray([*numbers, *sexes, *projections], dtype=np.float32)


def _blockiness(pixels: FloatImage, axis: int) -> float:
    """Return the step at block edges less the step elsewhere, relative to it."""
    steps = np.abs(np.diff(pixels, axis=axis)).mean(axis=1 - axis)
    edge = (np.arange(1, len(steps) + 1) % _BLOCK) == 0
    if not edge.any() or edge.all():
        return 0.0
    elsewhere = float(steps[~edge].mean())
    return float(steps[edge].mean()) / (elsewhere + 1e-6) - 1.0
