"""How large and how small a film may be, checked on what a header declares, before decoding."""

from __future__ import annotations

from typing import Final

from covid_d.radiograph.refusal import RadiographError, RefusalCode

# The largest detectors in use (43 x 43 cm at 0.1 mm) give 4,300 pixels a side, a long-leg cassette
# 10,000 x 3,500; anything beyond is no chest film. 64 million float32 pixels take 256 MB.
MAX_SIDE: Final = 8_000
MAX_PIXELS: Final = 64_000_000
MAX_BYTES: Final = 256 * 1024**2
# A thumbnail: below this the network would only see what up-sampling invents.
MIN_SIDE: Final = 96


def require_size(width: int, height: int) -> None:
    """Raise unless a picture of ``width`` x ``height`` pixels may be decoded.

    Raises
    ------
    RadiographError
        ``TOO_LARGE`` or ``TOO_SMALL``, quoting the size.
    """
    size = f"{width} x {height}"
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise RadiographError.of(RefusalCode.TOO_LARGE, size)
    if min(width, height) < MIN_SIDE:
        raise RadiographError.of(RefusalCode.TOO_SMALL, size)
