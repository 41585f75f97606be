"""A figure and how sure it is: value, 95 % interval, number of films and method."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """One figure with its interval.

    Parameters
    ----------
    value, low, high
        Point estimate and bounds of the 95 % interval. Infinite where the statistic is (a
        likelihood ratio without false positives); NaN where it is not defined.
    n
        Films that the figure rests on.
    method
        How the interval was made: ``delong``, ``wilson``, ``exact``, ``log``, ``bootstrap`` or
        ``newcombe``.
    """

    value: float
    low: float
    high: float
    n: int
    method: str

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object; what is not finite becomes ``null`` (JSON has no infinity)."""
        return {
            "value": _finite(self.value),
            "low": _finite(self.low),
            "high": _finite(self.high),
            "n": self.n,
            "method": self.method,
        }


def _finite(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
