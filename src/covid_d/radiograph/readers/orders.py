"""Samples that lie in another order than their file states, told by the grey of neighbours.

Grey is smooth: what lies side by side on a film is more alike than what lies apart. Where the
stated order makes neighbours of what another order sets apart, and the other way round, the film
was written in that other one. Each limit lies well beyond what sound films reach.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

_LINES: Final = 512  # that are looked at
_POINTS: Final = 1 << 18
_TOGETHER: Final = 8  # lines whose sum has less noise
# Of 1,522 public films the largest are 0.85, 0.34 and 0.89; of the same in the other order 99 of
# 100 are above 1.3, 4.2 and 1.6.
_PAIRS: Final = 1.1
_WORDS: Final = 1.5
_ROUGH: Final = 0.5  # beyond which, the other way round, it is no grey either
_LENGTHS: Final = 1.2
_GREY: Final = 0.9  # of the samples whose channels are the same


def pairs_are_swapped(samples: npt.NDArray[Any]) -> bool:
    """Return whether samples of eight bits were swapped two by two, as words of the other order.

    Bytes 0, 1, 2, 3 of a line then lie as 1, 0, 3, 2: those that meet between two pairs lie three
    apart on the film, and the outer ones of the two pairs lie side by side.

    Parameters
    ----------
    samples
        uint8 or int8, HxW; of other types it is false.
    """
    if samples.dtype.itemsize != 1:
        return False
    columns = samples.shape[1]
    # A line of odd length begins in the middle of a pair every second time.
    lines = samples[:: 1 + columns % 2, : columns // 2 * 2]
    sums = len(lines) // _TOGETHER
    lines = lines[: sums * _TOGETHER].reshape(sums, _TOGETHER, lines.shape[1])
    lines = lines[:: -(-sums * _TOGETHER // _LINES) or 1]
    lines = lines.sum(axis=1, dtype=np.int32)
    inner = np.abs(lines[:, 1:-1:2] - lines[:, 2::2]).sum()
    outer = np.abs(lines[:, :-2:2] - lines[:, 3::2]).sum()
    return bool(inner > _PAIRS * outer)


def bytes_are_swapped(samples: npt.NDArray[Any]) -> bool:
    """Return whether words of sixteen bits were read with their two bytes the wrong way round.

    Parameters
    ----------
    samples
        uint16 or int16, HxW, as decoded; of other types it is false.
    """
    if samples.dtype.itemsize != 2:
        return False
    lines = np.ascontiguousarray(samples[:: -(-samples.shape[0] // _LINES)])
    stated, other = _roughness(lines), _roughness(lines.byteswap())
    return other < _ROUGH and stated > _WORDS * other


def lengths_are_exchanged(samples: npt.NDArray[Any]) -> bool:
    """Return whether Rows and Columns were stated the wrong way round.

    What lies below a sample then is found as many samples further on as there are rows.

    Parameters
    ----------
    samples
        HxW, in the order of the file.
    """
    rows, columns = samples.shape
    flat = samples.reshape(-1)
    at = np.arange(0, flat.size - max(rows, columns), -(-flat.size // _POINTS))
    here = flat[at].astype(np.int32)
    stated, other = (np.abs(flat[at + length] - here).sum() for length in (columns, rows))
    return bool(rows != columns and stated > _LENGTHS * other)


def planes_are_misstated(samples: npt.NDArray[Any], planar: int) -> bool:
    """Return whether a grey film in colour lies in planes that were read as pixels, or otherwise.

    Then its channels are the same in the other order, and not in the stated one.

    Parameters
    ----------
    samples
        HxWx3, as read by the stated order.
    planar
        Planar Configuration: 0 of pixels, 1 of planes (PS3.3 C.7.6.3.1.3).
    """
    if np.mean(samples[..., 0] == samples[..., 1]) >= _GREY:
        return False
    flat = samples.transpose(2, 0, 1).reshape(-1) if planar else samples.reshape(-1)
    first, second = flat.reshape(-1, 3).T[:2] if planar else flat.reshape(3, -1)[:2]
    return bool(np.mean(first == second) >= _GREY)


def _roughness(lines: npt.NDArray[Any]) -> float:
    """Return how far neighbours in a line differ, by how far samples differ from their mean."""
    grey = lines.astype(np.int32)
    spread = float(np.abs(grey - grey.mean()).mean())
    return float(np.abs(np.diff(grey, axis=1)).mean()) / spread if spread else 0.0
