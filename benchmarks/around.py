"""What may lie around a film: margins, a letterbox, a shutter."""

from __future__ import annotations

import numpy as np

from covid_d.radiograph.film import FloatImage


def margin(pixels: FloatImage, share: float, level: float) -> FloatImage:
    """Return a film with a margin of one grey, so many times its sides on each side."""
    wide = [(round(side * share),) * 2 for side in pixels.shape]
    return np.pad(pixels, wide, constant_values=level)


def letterbox(pixels: FloatImage) -> FloatImage:
    """Return a film between black bars, 16 wide and 9 high."""
    rows, columns = pixels.shape
    bar = max(0, round(rows * 16 / 9) - columns)
    return np.pad(pixels, [(0, 0), (bar // 2, bar - bar // 2)])


def shutter(pixels: FloatImage) -> FloatImage:
    """Cover the corners with a black ellipse that touches no more of each side than 4 %."""
    down, across = (np.linspace(-1.0, 1.0, side)[:, None] for side in pixels.shape)
    radius = np.abs(down) ** 8 + np.abs(across.T) ** 8
    return np.where(radius <= 1.0, pixels, np.float32(0.0))
