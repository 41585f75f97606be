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
from covid_d.radiograph.readers import square
from covid_d.radiograph.refusal import RadiographError, RefusalCode

# Where the sides of a pixel are stated, the likeliest first: at the detector, in the patient, of a
# scanner (PS3.3 10.7.1.3, 10.7.1.1, C.8.6.1.1).
_SPACINGS: Final = ("ImagerPixelSpacing", "PixelSpacing", "NominalScannedPixelSpacing")

# Shapes that differ by less are the same: spacings are written rounded, 0.17 for 0.168.
_ROUNDED: Final = 0.02

_Mask = npt.NDArray[np.bool_]


def spacing_of(dataset: Dataset) -> tuple[float, float] | None:
    """Return (row, column) spacing in millimetres; ``None`` where none is stated."""
    return next(filter(None, _spacings(dataset)), None)


def _spacings(dataset: Dataset) -> list[tuple[float, float] | None]:
    return [_pair(dataset, keyword) for keyword in _SPACINGS]


def squared(pixels: FloatImage, dataset: Dataset) -> FloatImage:
    """Return the film with square pixels, the coarser side drawn out.

    Source: Pixel Aspect Ratio (0028,0034), PS3.3 C.7.6.3.1.7: vertical by horizontal size of a
    pixel; else the spacings.

    Raises
    ------
    RadiographError
        ``UNSUPPORTED`` where the ratio is absurd, or ratio and spacings contradict each other;
        ``TOO_LARGE`` where the result is.
    """
    return square.made_square(pixels, _ratio(dataset))


def is_square(dataset: Dataset) -> bool:
    """Return whether pixels are square, or stated of no other shape."""
    return square.is_square(_ratio(dataset))


def _ratio(dataset: Dataset) -> float:
    """Return the height of a pixel by its width.

    The ratio is there for films without a spacing (PS3.3 C.7.6.3.1.7); which counts where they
    contradict each other is nowhere said, and one of them would draw the film out of shape.
    """
    stated = _pair(dataset, "PixelAspectRatio")
    ratios = [pair[0] / pair[1] for pair in (stated, *_spacings(dataset)) if pair is not None]
    if ratios and max(ratios) / min(ratios) > 1 + _ROUNDED:
        what = "Pixel Aspect Ratio and spacing contradict each other"
        raise RadiographError.of(RefusalCode.UNSUPPORTED, what)
    return ratios[0] if ratios else 1.0


def unshuttered(dataset: Dataset) -> _Mask | None:
    """Return what a display shutter leaves to see: bool, HxW of the stored pixels.

    Several shapes leave what each of them does. A shape that is not stated in full, or that would
    leave nothing, says nothing.

    Returns
    -------
    ``None`` where the film has no shutter.

    Source: PS3.3 C.7.6.11, C.7.6.15; rows and columns count from 1, and edges belong to the film.
    """
    stated = [shape.strip().upper() for shape in _values(dataset, "ShutterShape", str)]
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
    down, across = (rows - centre[0]) * _ratio(dataset), columns - centre[1]
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


def _bitmap(dataset: Dataset) -> _Mask | None:
    """Return what an overlay plane of ones leaves to see (PS3.3 C.7.6.15)."""
    group = _values(dataset, "ShutterOverlayGroup", int)
    with suppress(Exception):  # no such plane, or one that is not whole
        hidden = dataset.overlay_array(group[0]).astype(np.bool_)
        if hidden.shape == (int(dataset.Rows), int(dataset.Columns)):
            seen: _Mask = ~hidden
            return seen
    return None


_SHAPES: Final = {
    "RECTANGULAR": _rectangle,
    "CIRCULAR": _circle,
    "POLYGONAL": _polygon,
    "BITMAP": _bitmap,
}


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
