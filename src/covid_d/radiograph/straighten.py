"""A photograph made into the picture of the film on it: turned upright, straightened, cut.

What comes out is a picture like any other, in the colours of the photograph: whether it may be
answered is for the same checks to say.
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image

from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.photograph import Corner, Corners, find_film, straightened
from covid_d.radiograph.readers.grey import over_black
from covid_d.radiograph.readers.picture import upright

LARGEST: Final = 3000
"""Longest side of a straightened picture, pixels; telephones give more than any film shows."""
_DEEP: Final = 65535


def photograph(data: bytes, side: int) -> Image.Image:
    """Return a photograph upright and whole, its longest side at most ``side`` pixels.

    Parameters
    ----------
    data
        A picture's bytes.
    side
        Pixels.

    Returns
    -------
    Mode ``L`` or ``RGB``.

    Raises
    ------
    RadiographError
        If it is no picture that can be read.
    """
    picture = _plain(upright(data))
    if picture.mode.startswith("I"):
        shown = np.asarray(picture, dtype=np.float32) * np.float32(255 / _DEEP)
        picture = Image.fromarray(np.rint(shown).astype(np.uint8))
    picture.thumbnail((side, side), Image.Resampling.BILINEAR)
    return picture


def proposed_corners(data: bytes) -> Corners | None:
    """Return where the film seems to lie on a photograph, in shares of its sides.

    Parameters
    ----------
    data
        A picture's bytes.

    Returns
    -------
    ``None`` where no film on a darker ground is found.

    Raises
    ------
    RadiographError
        If it is no picture that can be read.
    """
    small = photograph(data, 1024).convert("L")
    found = find_film(np.asarray(small, dtype=np.float32) / np.float32(255))
    if found is None:
        return None
    first, second, third, fourth = ((x / small.width, y / small.height) for x, y in found)
    return first, second, third, fourth


def straighten(data: bytes, corners: Corners) -> bytes:
    """Return the film between four corners of a photograph as a PNG.

    Parameters
    ----------
    data
        A picture's bytes.
    corners
        In shares of its sides: upper left, upper right, lower right, lower left.

    Raises
    ------
    RadiographError
        If it is no picture that can be read.
    ValueError
        If the corners are not in [0, 1], or not those of a convex patch, clockwise from the upper
        left.
    """
    if not all(0.0 <= share <= 1.0 for corner in corners for share in corner):
        raise ValueError(f"corners outside of the picture: {corners}")
    picture = _plain(upright(data))
    if not picture.mode.startswith("I"):
        picture.thumbnail((LARGEST, LARGEST), Image.Resampling.BILINEAR)
    placed = _in_pixels(corners, picture.size)
    if picture.mode.startswith("I"):
        deep = np.asarray(picture, dtype=np.float32) / np.float32(_DEEP)
        film = Image.fromarray(np.rint(straightened(deep, placed) * _DEEP).astype(np.uint16))
    else:
        channels = [_channel(channel, placed) for channel in picture.split()]
        film = Image.merge(picture.mode, channels)
    stream = io.BytesIO()
    film.save(stream, "PNG", compress_level=3)
    return stream.getvalue()


def _channel(channel: Image.Image, corners: Corners) -> Image.Image:
    grey: FloatImage = np.asarray(channel, dtype=np.float32) / np.float32(255)
    return Image.fromarray(np.rint(straightened(grey, corners) * 255).astype(np.uint8))


def _in_pixels(corners: Corners, size: tuple[int, int]) -> Corners:
    def placed(corner: Corner) -> Corner:
        return corner[0] * size[0], corner[1] * size[1]

    first, second, third, fourth = map(placed, corners)
    return first, second, third, fourth


def _plain(picture: Image.Image) -> Image.Image:
    """Return a picture in one of the modes ``L``, ``RGB`` and ``I;16``; nothing shines through."""
    if picture.mode.startswith("I"):
        return picture
    if picture.mode in ("1", "L") and "transparency" not in picture.info:
        return picture.convert("L")
    if picture.mode == "LA" or (picture.mode in ("1", "L") and "transparency" in picture.info):
        return over_black(picture.convert("LA"))
    if picture.mode in ("RGBA", "PA") or "transparency" in picture.info:
        return over_black(picture.convert("RGBA"))
    return picture.convert("RGB")
