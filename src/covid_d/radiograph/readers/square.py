"""Oblong pixels made square: of DICOM by its spacings, of pictures by their resolutions."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.readers.limits import require_size
from covid_d.radiograph.refusal import RadiographError, RefusalCode

# Sides that differ by less are square: spacings are written rounded.
_SQUARE: Final = 0.01
# No X-ray system has pixels more oblong than this; such a film's shape is not known.
_OBLONG: Final = 3.0


def is_square(ratio: float) -> bool:
    """Return whether pixels of that height by width are as good as square."""
    return max(ratio, 1 / ratio) < 1 + _SQUARE


def made_square(pixels: FloatImage, ratio: float) -> FloatImage:
    """Return a film with square pixels, the coarser side drawn out.

    Parameters
    ----------
    pixels
        float32, HxW, in [0, 1].
    ratio
        Height of a pixel by its width.

    Raises
    ------
    RadiographError
        ``UNSUPPORTED`` where the ratio is absurd, ``TOO_LARGE`` where the result is.
    """
    if is_square(ratio):
        return pixels
    if max(ratio, 1 / ratio) > _OBLONG:
        raise RadiographError.of(RefusalCode.UNSUPPORTED, f"Pixel Aspect Ratio {ratio:.3g}")
    height, width = pixels.shape
    size = (width, round(height * ratio)) if ratio > 1 else (round(width / ratio), height)
    require_size(*size)
    drawn = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR)
    return np.clip(np.asarray(drawn, dtype=np.float32), 0.0, 1.0)
