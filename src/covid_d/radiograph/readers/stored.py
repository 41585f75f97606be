"""The bits of a sample that are the sample: Bits Stored of Bits Allocated, whatever the syntax."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from covid_d.radiograph.refusal import RadiographError, RefusalCode


def stored_values(samples: npt.NDArray[Any], *, bits: int, signed: bool) -> npt.NDArray[Any]:
    """Return the samples without the bits beyond Bits Stored, sign-extended where signed.

    Those bits may hold overlays, or anything: they are no part of the sample. But there are files
    whose Bits Stored is too small for their values; cut to it, bright parts would come out black.
    Where a stray bit comes or goes between neighbours, the rest of an overlaid sample stays about
    the same, while that of a too large value jumps; so the two are told apart.

    Parameters
    ----------
    samples
        Integers, HxW, as decoded.
    bits
        Bits Stored.
    signed
        Whether Pixel Representation is 1.

    Raises
    ------
    RadiographError
        ``UNSUPPORTED`` where the values need more bits than the file states.

    Source: PS3.5 8.1.1 and 8.1.2.
    """
    whole = samples.astype(np.int32)
    kept = whole & ((1 << bits) - 1)
    if signed:
        sign = 1 << (bits - 1)
        kept = (kept ^ sign) - sign
    stray = kept != whole
    if not stray.any():
        return samples
    turns = stray[:, 1:] != stray[:, :-1]
    jumps = [np.abs(np.diff(values, axis=1))[turns].sum() for values in (whole, kept)]
    if stray.all() or jumps[0] < jumps[1]:
        raise RadiographError.of(RefusalCode.UNSUPPORTED, f"values beyond {bits} Bits Stored")
    return kept
