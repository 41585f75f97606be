"""Straight edges across a picture: a damaged stream, films set side by side, a screen's panels.

No anatomy and no collimator makes the grey jump between two neighbouring lines over most of a
film's width; a decoder that lost its place, a collage, or a viewer's panel with text does.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.percentiles import outer_percentiles

# A pixel jumps when it differs from the one across by more than this share of the film's contrast.
_JUMP: Final = 0.04
# Of 1,500 public films of six collections 7 have a line where this share of pixels more jumps than
# beside it, most of them screens or collages; of pairs of films set side by side, 92 %.
SHARE: Final = 0.5
# Near the rim a collimator's edge may run along a line.
_RIM: Final = 12
_BESIDE: Final = 6
_SAMPLE: Final = 256
_AROUND: Final = np.arange(-_BESIDE, _BESIDE + 1)
_PERCENTILES: Final = (1, 99)


def sampled(pixels: FloatImage) -> FloatImage:
    """Return some 256 by 256 pixels or more at a regular stride: sorting millions tells no more."""
    height, width = pixels.shape
    return pixels[:: max(1, height // _SAMPLE), :: max(1, width // _SAMPLE)]


def contrast(sample: FloatImage) -> float:
    """Return how far the grey of a film reaches: from the 1st to the 99th percentile."""
    low, high = outer_percentiles(sample, _PERCENTILES)
    return high - low


def seam(pixels: FloatImage, reach: float | None = None) -> float:
    """Return how much of a straight edge, across or along, the picture holds.

    Parameters
    ----------
    pixels
        float32, HxW, in [0, 1].
    reach
        :func:`contrast` of its :func:`sampled` pixels, where that is known.

    Returns
    -------
    The largest share of a line's pixels, in [0, 1], that jump there and not beside it; more than
    :data:`SHARE` is an edge.
    """
    jump = _JUMP * (contrast(sampled(pixels)) if reach is None else reach)
    return max(_across(pixels, jump), _across(pixels.T, jump))


def _across(pixels: npt.NDArray[np.float32], jump: float) -> float:
    height, width = pixels.shape
    lines = pixels[:, :: max(1, width // _SAMPLE)]
    steps = np.diff(lines, axis=0)
    np.abs(steps, out=steps)
    # Flags are summed as bytes of the narrowest type that holds the count: NumPy's own count of
    # flags along an axis widens each of them first.
    counted = np.min_scalar_type(lines.shape[1])
    jumps = np.add.reduce((steps > jump).view(np.uint8), axis=1, dtype=counted) / lines.shape[1]
    rim = max(8, height // _RIM)
    lines_within = np.arange(rim, len(jumps) - rim)
    if not len(lines_within):
        return 0.0
    most = lines_within[jumps[lines_within].argmax()]
    # Lines with fewer jumps than that one has above those beside it cannot have more above.
    least = _above(jumps, most[None])[0]
    return max(0.0, float(_above(jumps, lines_within[jumps[lines_within] >= least]).max()))


def _above(jumps: npt.NDArray[np.float64], at: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Return how much more jumps along some lines than along the lines beside: their median."""
    beside = jumps[np.clip(at[:, None] + _AROUND, 0, len(jumps) - 1)]
    above: npt.NDArray[np.float64] = jumps[at] - np.partition(beside, _BESIDE)[:, _BESIDE]
    return above
