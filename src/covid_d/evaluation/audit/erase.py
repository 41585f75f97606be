"""Films with the lungs erased, and films with nothing but the lungs.

What is erased is filled by the harmonic surface that meets the pixels around it (Laplace's
equation; Bertalmio et al. 2000 and Pérez et al. 2003 use it as the plainest inpainting): as smooth
as possible, no edge, no texture, nothing of what was there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.linalg import spsolve

from covid_d.radiograph.film import FloatImage, Radiograph

Mask = npt.NDArray[np.bool_]

# The fill has no detail, so it is solved on a coarse grid.
_GRID = 64
# Erased beyond the mask's edge, as a share of the longer side: masks are not exact, and diseased
# lung may spill over their edge.
_MARGIN = 0.03
# Less lung than this share of the film is taken as "no lungs found".
_LEAST_LUNG = 0.05


class LungFinder(Protocol):
    """Anything that says where the lungs are; :class:`covid_d.detector.lungs.LungModel` does."""

    def mask(self, radiograph: Radiograph) -> Mask:
        """Return bool, HxW like the film's pixels."""
        ...


def lungs_found(mask: Mask) -> bool:
    """Return whether a mask holds enough lung (5 % of the film) to erase."""
    return float(mask.mean()) >= _LEAST_LUNG


def without_lungs(radiograph: Radiograph, lungs: Mask) -> Radiograph:
    """Return the film with the lungs, and 3 % around them, filled from their surroundings.

    Holes in the mask are filled too: what lung surrounds is lung.

    Raises
    ------
    ValueError
        If the mask has another shape than the film.
    """
    return filled(radiograph, _widened(lungs))


def only_lungs(radiograph: Radiograph, lungs: Mask) -> Radiograph:
    """Return the film with everything but the lungs filled from the lungs' edge outwards.

    Raises
    ------
    ValueError
        If the mask has another shape than the film.
    """
    return filled(radiograph, ~lungs)


def filled(radiograph: Radiograph, hole: Mask) -> Radiograph:
    """Return the film with ``hole`` filled by the harmonic surface that meets what is around it.

    Raises
    ------
    ValueError
        If the mask has another shape than the film.
    """
    pixels = radiograph.pixels
    if hole.shape != pixels.shape:
        raise ValueError(f"mask is {hole.shape}, film is {pixels.shape}")
    if not hole.any():
        return radiograph
    surface = _resized(_harmonic(*_coarse(pixels, hole)), pixels.shape)
    filled = np.where(hole, np.clip(surface, 0.0, 1.0), pixels).astype(np.float32)
    return replace(radiograph, pixels=filled)


def _widened(mask: Mask) -> Mask:
    reach = max(1, round(_MARGIN * max(mask.shape)))
    if not mask.any():
        return mask
    # Dense consolidation may leave a hole in the mask; what lung surrounds is lung.
    widened: Mask = ndimage.binary_fill_holes(ndimage.distance_transform_edt(~mask) <= reach)
    return widened


def _coarse(pixels: FloatImage, hole: Mask) -> tuple[npt.NDArray[np.float64], Mask]:
    """Return the known pixels' mean in each cell of the grid, and which cells are unknown."""
    known = (~hole).astype(np.float32)
    shape = (min(_GRID, hole.shape[0]), min(_GRID, hole.shape[1]))
    share = _resized(known, shape, Image.Resampling.BOX).astype(np.float64)
    total = _resized(pixels * known, shape, Image.Resampling.BOX).astype(np.float64)
    unknown: Mask = share < 0.5
    if unknown.all():  # no cell is mostly known: take any that knows something
        unknown = share <= 0.0
    return total / np.maximum(share, 1e-6), unknown


def _harmonic(values: npt.NDArray[np.float64], unknown: Mask) -> FloatImage:
    """Solve Laplace's equation in the unknown cells; the film's edge reflects."""
    if not unknown.any():
        return values.astype(np.float32)
    if unknown.all():
        return np.full(values.shape, 0.5, dtype=np.float32)
    matrix, known_sum = _laplace(values, unknown)
    filled = values.copy()
    filled[unknown] = spsolve(matrix, known_sum)
    return filled.astype(np.float32)


def _laplace(
    values: npt.NDArray[np.float64], unknown: Mask
) -> tuple[csr_matrix, npt.NDArray[np.float64]]:
    """Return the linear system: each unknown cell is the mean of its four neighbours."""
    count = int(unknown.sum())
    number = np.full(values.shape, -1)
    number[unknown] = np.arange(count)
    degree, known_sum = np.zeros(count), np.zeros(count)
    rows, columns = [], []
    height, width = values.shape
    for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        yy, xx = np.nonzero(unknown)
        inside = (yy + down >= 0) & (yy + down < height) & (xx + right >= 0) & (xx + right < width)
        here = number[yy[inside], xx[inside]]
        there = yy[inside] + down, xx[inside] + right
        np.add.at(degree, here, 1.0)
        known = ~unknown[there]
        np.add.at(known_sum, here[known], values[there][known])
        rows.append(here[~known])
        columns.append(number[there][~known])
    row, column = np.concatenate(rows), np.concatenate(columns)
    links = coo_matrix((np.full(len(row), -1.0), (row, column)), shape=(count, count))
    diagonal = coo_matrix((degree, (np.arange(count), np.arange(count))), shape=(count, count))
    return (links + diagonal).tocsr(), known_sum


def _resized(
    picture: npt.NDArray[np.float32],
    shape: tuple[int, ...],
    how: Image.Resampling = Image.Resampling.BILINEAR,
) -> FloatImage:
    height, width = shape
    image = Image.fromarray(np.asarray(picture, dtype=np.float32)).resize((width, height), how)
    return np.asarray(image, dtype=np.float32)
