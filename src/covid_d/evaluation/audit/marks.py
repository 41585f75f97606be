"""Things that lie on the lungs and are no lung: letters, arrows, electrodes, wires, tubes.

They are thin, sharp and of strong contrast; vessels and ribs are softer, and opacities wider. What
stands out so is found by a top-hat transform, told to a probe, and erased, so that the audit can
say what the answer owes to it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from covid_d.evaluation.audit.erase import Mask, filled
from covid_d.radiograph.film import FloatImage, Radiograph

# Looked for on a film of this longer side, in pixels.
_SIDE: Final = 320
# A mark is thinner than this share of the longer side ...
_WIDTH: Final = 0.04
# ... and stands out by this much of the grey scale; it reaches as far as half of that.
_CONTRAST: Final = 0.22
# Its rim is this sharp: the step over three pixels. That of vessels and ribs is softer.
_STEP: Final = 0.22
_REACH: Final = 0.01
_WHITE: Final = 0.985
_GRID: Final = 4
# Left out along the lungs' edge, as a share of the longer side.
_RIM: Final = 0.025
# Region looked at when no lungs were found: what an ellipse over both lungs covers.
_SEMI_AXIS: Final = 0.44


def marks_on(radiograph: Radiograph, lungs: Mask | None) -> Mask:
    """Return where things lie on the lungs: bool, HxW like the film's pixels.

    Parameters
    ----------
    radiograph
        The film.
    lungs
        Where the lungs are; ``None``, or none found, looks at the middle of the film.
    """
    small, inside = _small(radiograph.pixels), _region(lungs, radiograph.pixels.shape)
    found = _standing_out(small, _resized_mask(inside, small.shape))
    return _resized_mask(found, radiograph.pixels.shape)


def mark_features(
    radiograph: Radiograph, marks: Mask, lungs: Mask | None
) -> npt.NDArray[np.float32]:
    """Return what a probe is told of the marks: how many, how large, how bright, and where.

    Returns
    -------
    float32, 23: share of the lungs, number (logarithm), largest, mean and top contrast, saturated
    white and black shares, then the share in each cell of a 4x4 grid over the film.
    """
    pixels, inside = radiograph.pixels, _region(lungs, radiograph.pixels.shape)
    area = max(1, int(inside.sum()))
    _, count = ndimage.label(marks)
    sizes = np.bincount(ndimage.label(marks)[0].ravel())[1:]
    around = ndimage.uniform_filter(pixels, max(3, max(pixels.shape) // 20))
    contrast = np.abs(pixels - around)[marks]
    numbers = [
        float(marks.sum()) / area,
        float(np.log1p(count)),
        float(sizes.max(initial=0)) / area,
        float(contrast.mean()) if contrast.size else 0.0,
        float(contrast.max(initial=0.0)),
        float((pixels[inside] >= _WHITE).mean()) if inside.any() else 0.0,
        float((pixels[inside] <= 1 - _WHITE).mean()) if inside.any() else 0.0,
    ]
    cells = Image.fromarray(marks.astype(np.float32)).resize((_GRID, _GRID), Image.Resampling.BOX)
    return np.concatenate([numbers, np.asarray(cells).ravel()]).astype(np.float32)


def without_marks(radiograph: Radiograph, marks: Mask) -> Radiograph:
    """Return the film with the marks, and a little around them, filled from their surroundings.

    Raises
    ------
    ValueError
        If the mask has another shape than the film.
    """
    reach = max(1, round(0.006 * max(marks.shape)))
    wider: Mask = ndimage.binary_dilation(marks, iterations=reach) if marks.any() else marks
    return filled(radiograph, wider)


def _standing_out(small: FloatImage, inside: Mask) -> Mask:
    width = max(3, round(_WIDTH * max(small.shape)))
    bright = small - ndimage.grey_opening(small, size=(width, width))
    dark = ndimage.grey_closing(small, size=(width, width)) - small
    contrast = np.maximum(bright, dark)
    step = ndimage.maximum_filter(small, 3) - ndimage.minimum_filter(small, 3)
    seeds = (contrast >= _CONTRAST) & (step >= _STEP) & inside
    # A mark reaches as far as its own rim, and not along the rib that it lies on.
    rim = max(1, round(_REACH * max(small.shape)))
    near = ndimage.binary_dilation(seeds, iterations=rim) if seeds.any() else seeds
    standing: Mask = near & (contrast >= _CONTRAST / 2) & inside
    return standing


def _region(lungs: Mask | None, shape: tuple[int, ...]) -> Mask:
    if lungs is not None and lungs.any():
        # Closed, as a mark that parts the mask must not hide in the gap; then drawn back from the
        # chest wall, the heart and the diaphragm, whose edges stand out too.
        reach = max(1, round(_RIM * max(shape)))
        far = ndimage.distance_transform_edt(~lungs) > reach
        closed = ndimage.binary_fill_holes(~far)
        depth = ndimage.distance_transform_edt(closed)
        within: Mask = depth > 2 * reach
        return within
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    down, across = (rows + 0.5) / shape[0] - 0.5, (columns + 0.5) / shape[1] - 0.5
    middle: Mask = (down / _SEMI_AXIS) ** 2 + (across / _SEMI_AXIS) ** 2 <= 1.0
    return middle


def _small(pixels: FloatImage) -> FloatImage:
    scale = min(1.0, _SIDE / max(pixels.shape))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    if size == (pixels.shape[1], pixels.shape[0]):
        return pixels
    picture = Image.fromarray(np.asarray(pixels)).resize(size, Image.Resampling.BOX)
    return np.asarray(picture, dtype=np.float32)


def _resized_mask(mask: Mask, shape: tuple[int, ...]) -> Mask:
    picture = Image.fromarray(mask.astype(np.uint8) * 255)
    resized = picture.resize((shape[1], shape[0]), Image.Resampling.NEAREST)
    whole: Mask = np.asarray(resized) > 127
    return whole
