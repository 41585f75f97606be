"""From the stored pixels of a DICOM film to square ones, without what a display shutter covers."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from pydicom import Dataset

from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.readers.limits import require_size
from covid_d.radiograph.refusal import RadiographError, RefusalCode

# Where the sides of a pixel are stated, the likeliest first: at the detector, in the patient, of a
# scanner (PS3.3 10.7.1.3, 10.7.1.1, C.8.6.1.1).
_SPACINGS: Final = ("ImagerPixelSpacing", "PixelSpacing", "NominalScannedPixelSpacing")
# Sides that differ by less are square: spacings are written rounded.
_SQUARE: Final = 0.01
# No X-ray system has pixels more oblong than this; such a film's shape is not known.
_OBLONG: Final = 3.0

_Mask = npt.NDArray[np.bool_]


def spacing_of(dataset: Dataset) -> tuple[float, float] | None:
    """Return (row, column) spacing in millimetres; ``None`` where none is stated."""
    return next(filter(None, (_pair(dataset, keyword) for keyword in _SPACINGS)), None)


def squared(pixels: FloatImage, dataset: Dataset) -> FloatImage:
    """Return the film with square pixels, the coarser side drawn out.

    Source: Pixel Aspect Ratio (0028,0034), PS3.3 C.7.6.3.1.7: vertical by horizontal size of a
    pixel; else the spacings.

    Raises
    ------
    RadiographError
        ``UNSUPPORTED`` where the ratio is absurd, ``TOO_LARGE`` where the result is.
    """
    sides = _pair(dataset, "PixelAspectRatio") or spacing_of(dataset) or (1.0, 1.0)
    ratio = sides[0] / sides[1]
    if max(ratio, 1 / ratio) < 1 + _SQUARE:
        return pixels
    if max(ratio, 1 / ratio) > _OBLONG:
        raise RadiographError.of(RefusalCode.UNSUPPORTED, f"Pixel Aspect Ratio {ratio:.3g}")
    height, width = pixels.shape
    size = (width, round(height * ratio)) if ratio > 1 else (round(width / ratio), height)
    require_size(*size)
    drawn = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR)
    return np.clip(np.asarray(drawn, dtype=np.float32), 0.0, 1.0)


def unshuttered(dataset: Dataset) -> _Mask | None:
    """Return what a display shutter leaves to see: bool, HxW of the stored pixels.

    Several shapes leave what each of them does. A shape that is not stated in full, or that would
    leave nothing, says nothing.

    Returns
    -------
    ``None`` where the film has no shutter.

    Source: PS3.3 C.7.6.11; rows and columns count from 1, and edges belong to the film.
    """
    stated = _values(dataset, "ShutterShape", str)
    left = np.ones((int(dataset.Rows), int(dataset.Columns)), dtype=np.bool_)
    for shape, draw in _SHAPES.items():
        if shape in stated:
            seen = draw(dataset)
            if seen is not None and (left & seen).any():
                left &= seen
    return None if left.all() else left


def _rectangle(dataset: Dataset) -> _Mask | None:
    names = ("UpperHorizontal", "LowerHorizontal", "LeftVertical", "RightVertical")
    edges = [_values(dataset, f"Shutter{name}Edge", int) for name in names]
    if not all(len(edge) == 1 for edge in edges):
        return None
    rows, columns = np.ogrid[1 : int(dataset.Rows) + 1, 1 : int(dataset.Columns) + 1]
    top, bottom, left, right = (edge[0] for edge in edges)
    seen: _Mask = (rows >= top) & (rows <= bottom) & (columns >= left) & (columns <= right)
    return seen


def _circle(dataset: Dataset) -> _Mask | None:
    centre = _values(dataset, "CenterOfCircularShutter", int)
    radius = _values(dataset, "RadiusOfCircularShutter", int)
    if len(centre) != 2 or len(radius) != 1:
        return None
    rows, columns = np.ogrid[1 : int(dataset.Rows) + 1, 1 : int(dataset.Columns) + 1]
    # The radius counts columns; on oblong pixels the circle is an ellipse of them.
    sides = _pair(dataset, "PixelAspectRatio") or spacing_of(dataset) or (1.0, 1.0)
    down, across = (rows - centre[0]) * (sides[0] / sides[1]), columns - centre[1]
    seen: _Mask = down**2 + across**2 <= radius[0] ** 2
    return seen


def _polygon(dataset: Dataset) -> _Mask | None:
    corners = _values(dataset, "VerticesOfThePolygonalShutter", int)
    if len(corners) < 6 or len(corners) % 2:
        return None
    seen = Image.new("1", (int(dataset.Columns), int(dataset.Rows)))
    points = [(column - 1, row - 1) for row, column in zip(*[iter(corners)] * 2, strict=True)]
    ImageDraw.Draw(seen).polygon(points, fill=1)
    return np.asarray(seen, dtype=np.bool_)


_SHAPES: Final = {"RECTANGULAR": _rectangle, "CIRCULAR": _circle, "POLYGONAL": _polygon}


def _values(dataset: Dataset, keyword: str, kind: Any) -> list[Any]:
    # pydicom converts a value when it is asked for, and raises whatever the conversion meets.
    with suppress(Exception):
        value = dataset.get(keyword)
        if value is None or value == "":
            return []
        single = isinstance(value, (str, bytes)) or not hasattr(value, "__iter__")
        return [kind(part) for part in ([value] if single else value)]
    return []


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    values = _values(dataset, keyword, float)
    if len(values) == 2 and all(math.isfinite(side) and side > 0 for side in values):
        return values[0], values[1]
    return None
