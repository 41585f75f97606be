"""Where the film lies in its picture: uniform margins, letterboxes and shutters are no film.

What surrounds a film differs by hospital, exporter and screen, and says nothing of the patient. So
it is cut off once, when the film is read, before anything looks at it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from covid_d.radiograph.film import Box, FloatImage
from covid_d.radiograph.percentiles import outer_percentiles

# A line of a margin varies by less than this share of the film's own contrast. The flat blocks of
# a JPEG vary by a level or two of 255; a line that crosses a chest, or the air beside it, by more.
_FLAT: Final = 0.04
# Where film and margin share a block of JPEG, the margin rings: at quality 75 most pixels of a
# line stay within this share of the contrast of their median, and few leave it.
_BLOCK: Final = 8
_RINGING: Final = 0.06
_STRAY: Final = 0.05
# A margin within a margin (a letterbox around a scan with its own) is cut in turn.
_ROUNDS: Final = 6
# The contrast is that of the middle half, which margins hardly reach; sampled for speed.
_PERCENTILES: Final = (1, 99)
_SAMPLE: Final = 256

_Flags = npt.NDArray[np.bool_]


def film_box(pixels: FloatImage) -> Box:
    """Return where the film lies within a picture.

    A line of pixels belongs to the margin when it is uniform, whatever its grey, and every line
    outside it is too. So a film with black corners, or with the dark air beside a chest, is left
    whole: its lines are not uniform from end to end.

    Parameters
    ----------
    pixels
        float32, HxW, in [0, 1].

    Returns
    -------
    The box; the whole picture where there is no margin, or nothing else.
    """
    contrast = _contrast(pixels)
    # Rows top to bottom, then columns left to right: [start, stop] of each.
    ends = [[0, pixels.shape[0]], [0, pixels.shape[1]]]
    for _ in range(_ROUNDS):
        before = [list(end) for end in ends]
        for ringing in (False, True):
            for axis, end in enumerate(ends):
                (top, bottom), (left, right) = ends
                lines = pixels[top:bottom, left:right]
                first, last = _margins(lines.T if axis else lines, contrast, ringing=ringing)
                if first + last >= end[1] - end[0]:  # nothing but margin: a blank picture
                    return Box(0, 0, *pixels.shape)
                end[:] = end[0] + first, end[1] - last
        if ends == before:
            break
    (top, bottom), (left, right) = ends
    return Box(top, left, bottom, right)


def _margins(lines: FloatImage, contrast: float, *, ringing: bool) -> tuple[int, int]:
    """Return how many of the first and of the last lines are margin."""
    if ringing:
        return _ringing(lines[:_BLOCK], contrast), _ringing(lines[: -_BLOCK - 1 : -1], contrast)
    first = _flat(lines, contrast)
    return first, len(lines) if first == len(lines) else _flat(lines[::-1], contrast)


def _flat(lines: FloatImage, contrast: float) -> int:
    """Return how many of the first lines are uniform."""
    start, block = 0, _BLOCK
    # Most films have no margin, which a few lines tell; a wide one is soon passed.
    while start < len(lines):
        some = lines[start : start + block]
        flat = some.max(axis=1) - some.min(axis=1) <= _FLAT * contrast
        if not flat.all():
            return start + int(np.argmin(flat))
        start, block = start + block, 2 * block
    return len(lines)


def _ringing(lines: FloatImage, contrast: float) -> int:
    """Return how many of the first lines ring; mostly the first does not, and that is all."""
    return _leading(_rings(lines, contrast)) if _rings(lines[:1], contrast).all() else 0


def _rings(lines: FloatImage, contrast: float) -> _Flags:
    away = np.abs(lines - _medians(lines))
    rings: _Flags = (away > _RINGING * contrast).mean(axis=1) <= _STRAY
    return rings


def _medians(lines: FloatImage) -> FloatImage:
    """Return the median of each line: Hx1. For a few lines most of NumPy's own is overhead."""
    middle = lines.shape[1] // 2
    if lines.shape[1] % 2:
        return np.partition(lines, middle, axis=1)[:, middle : middle + 1]
    ordered = np.partition(lines, (middle - 1, middle), axis=1)
    return (ordered[:, middle - 1 : middle] + ordered[:, middle : middle + 1]) / np.float32(2)


def _leading(flags: _Flags) -> int:
    """Return how many flags are set before the first that is not."""
    return len(flags) if flags.all() else int(np.argmin(flags))


def _contrast(pixels: FloatImage) -> float:
    height, width = pixels.shape
    middle = pixels[height // 4 : height - height // 4, width // 4 : width - width // 4]
    steps = (max(1, side // _SAMPLE) for side in (height, width))
    low, high = outer_percentiles(
        middle[tuple(slice(None, None, step) for step in steps)], _PERCENTILES
    )
    return high - low
