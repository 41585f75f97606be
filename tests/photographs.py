"""Photographs of films in a dim room, drawn: what a telephone makes of a light box."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from covid_d.radiograph.photograph import Corners

WIDTH, HEIGHT = 640, 540
SHARES: Corners = ((0.2, 0.1), (0.8, 0.15), (0.75, 0.9), (0.15, 0.85))
"""Where the film lies, in shares of the photograph's sides."""


def drawn(film: Image.Image, corners: Corners = SHARES) -> Image.Image:
    """Return a photograph: the film glows between four corners, put there point by point.

    Unlike the projection that straightens, so that tests reckon apart from it.
    """
    pixels = np.full((HEIGHT, WIDTH), 12, dtype=np.uint8)
    shown = np.asarray(film.convert("L"), dtype=np.float64)
    u, v = np.meshgrid(np.linspace(0, 1, 1300), np.linspace(0, 1, 1300))
    (a, b, c, d) = (np.array(corner) * (WIDTH, HEIGHT) for corner in corners)
    x = (1 - u) * (1 - v) * a[0] + u * (1 - v) * b[0] + u * v * c[0] + (1 - u) * v * d[0]
    y = (1 - u) * (1 - v) * a[1] + u * (1 - v) * b[1] + u * v * c[1] + (1 - u) * v * d[1]
    rows = (v * (shown.shape[0] - 1)).astype(int)
    columns = (u * (shown.shape[1] - 1)).astype(int)
    pixels[y.astype(int), x.astype(int)] = 50 + 0.7 * shown[rows, columns]
    return Image.fromarray(pixels)


def tinted(picture: Image.Image, shares: tuple[float, float, float]) -> Image.Image:
    """Return a grey picture in the light of a coloured lamp: shares of red, green and blue."""
    return Image.merge("RGB", [picture.point(lambda v, s=s: round(v * s)) for s in shares])


def photograph_of(
    film: bytes, shares: tuple[float, float, float] = (1.0, 1.0, 1.0), corners: Corners = SHARES
) -> bytes:
    """Return a film's photograph as JPEG bytes.

    Parameters
    ----------
    film
        The film's picture.
    shares
        Of red, green and blue in the lamp's light.
    corners
        Where the film lies, in shares of the photograph's sides.
    """
    with Image.open(io.BytesIO(film)) as opened:
        picture = tinted(drawn(opened, corners), shares)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=92)
    return stream.getvalue()
