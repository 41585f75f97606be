"""The low-pass halves of JPEG 2000's two wavelets, as ISO/IEC 15444-1 writes them, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Table F.4: the low-pass analysis filter of the irreversible transform, from its middle on.
_NINE = np.array(
    [
        0.6029490182363579,
        0.2668641184428723,
        -0.07822326652898785,
        -0.01686411844287495,
        0.02674875741080976,
    ]
)
# The reversible one without its roundings (F.4.8.1): a lifted average.
_FIVE = np.array([6.0, 2.0, -1.0]) / 8


def averages(picture: npt.NDArray[Any], wavelet: str = "5/3") -> Floats:
    """Return what a picture is one resolution level lower: every second sample of both sides."""
    half = _FIVE if wavelet == "5/3" else _NINE
    filtered = _down(_down(picture.astype(np.float64), half).T, half).T
    return np.ascontiguousarray(filtered)


def _down(lines: Floats, half: Floats) -> Floats:
    reach = len(half) - 1
    around = np.pad(lines, [(reach, reach), (0, 0)], mode="reflect")  # F.4.7: whole-sample
    weights = np.concatenate([half[:0:-1], half])
    whole = sum(weight * around[at : at + len(lines)] for at, weight in enumerate(weights))
    return np.asarray(whole)[::2]
