"""How oblong a picture's pixels are, by the resolution that its file states across and down."""

from __future__ import annotations

import math
from typing import Any, Final

from PIL import Image, TiffImagePlugin

# TIFF 6.0, section 8.
_ACROSS, _DOWN = 282, 283
# Where Pillow keeps a resolution, or the shape of a pixel alone: JFIF, PNG, BMP and JPEG 2000.
_KEPT: Final = {
    "JPEG": ("jfif_density",),
    "MPO": ("jfif_density",),
    "PNG": ("dpi", "aspect"),
    "BMP": ("dpi",),
    "JPEG2000": ("dpi",),
}


def pixel_ratio(picture: Image.Image) -> float:
    """Return the height of a stored pixel by its width; 1 where nothing usable is stated.

    The more pixels an inch holds across, the narrower they are. EXIF and WebP state no such shape.

    Source: JFIF 1.02 (X and Y density, with or without a unit), PNG 11.3.4.3 (``pHYs``), TIFF 6.0
    section 8, BMP's pixels per metre, ISO/IEC 15444-1 I.5.3.7.
    """
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        stated: list[Any] = [(picture.tag_v2.get(_ACROSS), picture.tag_v2.get(_DOWN))]
    else:
        stated = [picture.info.get(name) for name in _KEPT.get(picture.format or "", ())]
    for pair in stated:
        if isinstance(pair, tuple) and len(pair) == 2 and None not in pair:
            across, down = (float(density) for density in pair)
            if all(math.isfinite(density) and density > 0 for density in (across, down)):
                return across / down
    return 1.0
