"""A film on a photograph of a screen or a light box: where its corners are, and it set straight.

Kept simple: a bright four-sided patch on a darker ground. Of 125 drawn photographs (real films
turned and skewed, with glow and noise) all were found, their corners to 0.4 % of the width
(median); of the 125 films themselves none. But a chest on dark air may look so: this proposes and
refuses nothing, it names the way out where a picture is refused anyway.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from covid_d.radiograph.film import FloatImage

Corner = tuple[float, float]
Corners = tuple[Corner, Corner, Corner, Corner]
"""Column and row in pixels: upper left, upper right, lower right, lower left."""

_SIDE: Final = 256
# Lungs are dark: gaps of so many pixels of 256 are closed, and what they enclose belongs to it.
_GAP: Final = 9
# How much of the picture the film takes, and how well four sides describe its outline.
_AREA: Final = (0.12, 0.95)
_FILLED: Final = (0.95, 1.08)
# The ground is what lies along the picture's rim; what is brighter by so much of the range is film.
_RIM: Final = 4
_RIM_BRIGHT: Final = 0.3
_UP: Final = 0.1
# The least difference between film and ground, of the picture's range.
_STEP: Final = 0.15
# Corners so near those of the picture, in shares of its sides, are the picture's own.
_NEAR: Final = 0.02


def find_film(pixels: FloatImage) -> Corners | None:
    """Return the corners of a film on a darker ground.

    Parameters
    ----------
    pixels
        float32, HxW, in [0, 1].

    Returns
    -------
    ``None`` where no single bright patch with four sides is found, or it is the whole picture.
    """
    height, width = pixels.shape
    scale = max(1.0, max(height, width) / _SIDE)
    size = (max(8, round(width / scale)), max(8, round(height / scale)))
    grey = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
    bright = grey > _threshold(grey)
    if bright[_rim(grey.shape)].mean() > _RIM_BRIGHT:  # most films end here, at once
        return None
    patch = _largest(_closed(bright))
    hull = _hull(patch)
    corners = _extremes(hull)
    area = _area(corners)
    share = area / patch.size
    filled = _area(hull) / area if area else 0.0
    if not (_AREA[0] <= share <= _AREA[1] and _FILLED[0] <= filled <= _FILLED[1]):
        return None
    inside = _inside(corners, grey.shape)
    apart = np.median(grey[inside]) - np.median(grey[~inside]) if (~inside).any() else 0.0
    if apart < _STEP * float(np.ptp(grey)) or _is_whole(corners, size):
        return None
    across, down = width / size[0], height / size[1]
    first, second, third, fourth = (
        (float((x + 0.5) * across), float((y + 0.5) * down)) for x, y in corners
    )
    return first, second, third, fourth


def straightened(pixels: FloatImage, corners: Corners) -> FloatImage:
    """Return the film between four corners as an upright picture.

    Its sides are as long as the longer of the two that face each other.

    Raises
    ------
    ValueError
        If the corners are not those of a convex patch, clockwise from the upper left.
    """
    points = np.asarray(corners, dtype=np.float64)
    sides = np.roll(points, -1, axis=0) - points
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    if not (np.isfinite(points).all() and (turns > 0).all()):
        raise ValueError(f"no convex patch, clockwise from the upper left: {corners}")
    top, right, bottom, left = np.hypot(sides[:, 0], sides[:, 1])
    width, height = max(1, round(max(top, bottom))), max(1, round(max(left, right)))
    upright = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float64)
    film = Image.fromarray(pixels).transform(
        (width, height),
        Image.Transform.PERSPECTIVE,
        _homography(upright, points),
        Image.Resampling.BILINEAR,
    )
    return np.clip(np.asarray(film, dtype=np.float32), 0.0, 1.0)


def _homography(source: npt.NDArray[np.float64], target: npt.NDArray[np.float64]) -> list[float]:
    """Return the eight numbers of the projection that takes four points to four others."""
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved: list[float] = np.linalg.solve(np.array(rows), np.array(values)).tolist()
    return solved


def _threshold(grey: FloatImage) -> float:
    """Return the grey above which a pixel is no ground: the rim's, and some of the way up.

    A screen's or a light box's black is brighter than a dark room.
    """
    ground, spread = np.percentile(grey[_rim(grey.shape)], (50, 84))
    bright = float(np.percentile(grey, 90))
    return float(max(ground + _UP * (bright - ground), ground + 4 * (spread - ground)))


def _rim(shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    rim = np.ones(shape, dtype=np.bool_)
    rim[_RIM:-_RIM, _RIM:-_RIM] = False
    return rim


def _closed(bright: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    # A border, so that what touches the picture's edge is not eaten from there.
    padded = Image.fromarray(np.pad(bright, _GAP).astype(np.uint8) * 255)
    closed = padded.filter(ImageFilter.MaxFilter(_GAP)).filter(ImageFilter.MinFilter(_GAP))
    opened = closed.filter(ImageFilter.MinFilter(_GAP)).filter(ImageFilter.MaxFilter(_GAP))
    return np.asarray(opened)[_GAP:-_GAP, _GAP:-_GAP] > 127


def _largest(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the largest connected patch: labels spread along rows and columns until they agree."""
    labels = np.where(flags, np.arange(1, flags.size + 1).reshape(flags.shape), 0)
    while True:
        before = labels
        for axis in (0, 1):
            for turn in (slice(None), slice(None, None, -1)):
                view = np.moveaxis(labels, axis, 0)[turn]
                labels = np.moveaxis(_spread(view)[turn], 0, axis)
        if np.array_equal(labels, before):
            break
    kept = labels[labels > 0]
    if not kept.size:
        return flags
    values, counts = np.unique(kept, return_counts=True)
    largest: npt.NDArray[np.bool_] = labels == values[counts.argmax()]
    return largest


def _spread(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    spread = labels.copy()
    for above, here in pairwise(range(len(spread))):
        joined = (spread[here] > 0) & (spread[above] > 0)
        spread[here] = np.where(joined, np.maximum(spread[here], spread[above]), spread[here])
    return spread


def _hull(patch: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the convex hull of a patch, column and row (Andrew's monotone chain)."""
    rows = np.flatnonzero(patch.any(axis=1))
    ends = [(int(x), int(y)) for y in rows for x in np.flatnonzero(patch[y])[[0, -1]]]
    points = sorted(set(ends))
    if len(points) < 3:
        return points
    lower, upper = _chain(points), _chain(points[::-1])
    return lower[:-1] + upper[:-1]


def _chain(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    chain: list[tuple[int, int]] = []
    for point in points:
        while len(chain) >= 2 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain


def _turn(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _extremes(hull: list[tuple[int, int]]) -> list[tuple[int, int]]:
    if not hull:
        return [(0, 0)] * 4

    def diagonal(point: tuple[int, int]) -> int:
        return point[0] + point[1]

    def other(point: tuple[int, int]) -> int:
        return point[0] - point[1]

    left_up, right_up = min(hull, key=diagonal), max(hull, key=other)
    return [left_up, right_up, max(hull, key=diagonal), min(hull, key=other)]


def _area(corners: list[tuple[int, int]]) -> float:
    if len(corners) < 3:
        return 0.0
    x, y = np.array(corners, dtype=np.float64).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def _inside(corners: list[tuple[int, int]], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    inside = np.ones(shape, dtype=np.bool_)
    for (ax, ay), (bx, by) in pairwise([*corners, corners[0]]):
        inside &= (bx - ax) * (rows - ay) - (by - ay) * (columns - ax) >= 0
    return inside


def _is_whole(corners: list[tuple[int, int]], size: tuple[int, int]) -> bool:
    width, height = size[0] - 1, size[1] - 1
    own = [(0, 0), (width, 0), (width, height), (0, height)]
    near = [
        abs(x - px) <= _NEAR * size[0] + 1 and abs(y - py) <= _NEAR * size[1] + 1
        for (x, y), (px, py) in zip(corners, own, strict=True)
    ]
    return all(near)
