"""Straight edges across a picture: a damaged stream, films set side by side, a screen's panels.

No anatomy and no collimator makes the grey jump between two neighbouring lines over most of a
film's width; a decoder that lost its place, a collage, or a viewer's panel with text does.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from covid_d.radiograph.film import FloatImage

# A pixel jumps when it differs from the one across by more than this share of the film's contrast.
_JUMP: Final = 0.04
# Of 1,500 public films of six collections 7 have a line where this share of pixels more jumps than
# beside it, most of them screens or collages; of pairs of films set side by side, 92 %.
SHARE: Final = 0.5
# Near the rim a collimator's edge may run along a line.
_RIM: Final = 12
_BESIDE: Final = 6
_SAMPLE: Final = 256
_PERCENTILES: Final = (1, 99)


def seam(pixels: FloatImage) -> float:
    """Return how much of a straight edge, across or along, the picture holds.

    Parameters
    ----------
    pixels
        float32, HxW, in [0, 1].

    Returns
    -------
    The largest share of a line's pixels, in [0, 1], that jump there and not beside it; more than
    :data:`SHARE` is an edge.
    """
    height, width = pixels.shape
    sample = pixels[:: max(1, height // _SAMPLE), :: max(1, width // _SAMPLE)]
    low, high = np.percentile(sample, _PERCENTILES)
    jump = _JUMP * float(high - low)
    return max(_across(pixels, jump), _across(pixels.T, jump))


def _across(pixels: npt.NDArray[np.float32], jump: float) -> float:
    height, width = pixels.shape
    lines = pixels[:, :: max(1, width // _SAMPLE)]
    jumps = (np.abs(np.diff(lines, axis=0)) > jump).mean(axis=1)
    beside = sliding_window_view(np.pad(jumps, _BESIDE, mode="edge"), 2 * _BESIDE + 1)
    above = jumps - np.median(beside, axis=1)
    rim = max(8, height // _RIM)
    return float(above[rim:-rim].max(initial=0.0))
