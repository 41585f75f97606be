"""A small picture of a film, to see that it is the right one."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image

from covid_d.radiograph import Radiograph

SIDE: Final = 480
"""Pixels of the longer side."""


def preview_png(film: Radiograph) -> bytes:
    """Return the film as a PNG of at most ``SIDE`` pixels a side; pixels alone, no facts."""
    # Every n-th pixel first: to shrink millions of floats well takes longer than to answer them.
    step = max(1, max(film.width, film.height) // (2 * SIDE))
    picture = Image.fromarray(np.rint(film.pixels[::step, ::step] * 255.0).astype(np.uint8))
    picture.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()
