"""The bits of a sample that are the sample: Bits Stored of Bits Allocated, whatever the syntax."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from covid_d.radiograph.refusal import RadiographError, RefusalCode

_WORD: Final = 16
_QUARTER: Final = 1 << (_WORD - 2)
_MANY: Final = 64  # values
_SHARE: Final = 0.01  # of the samples
_LOOKED_AT: Final = 512  # lines, by which a sign is told
# Leaps of the other reading by those of the stated one. Of 300 films of 8 bits it is 5 at least,
# and 0.4 at most in 95 of 100 of which the sign is misstated; of averages, 5 and about 0.5.
_SMOOTH: Final = 0.35
_SMOOTH_AVERAGES: Final = 1.0
_BLURRED: Final = 5  # averages over which a wavelet of Part 1 blurs a step
_FEWEST: Final = 48  # values on either side: a film, no drawing
# Where fewer samples than that share are misstated, letters and lines near the end of the range
# must be told from them: those have few values, or fade over many.
_SMOOTH_FEW: Final = 0.05
_TURNS: Final = 64
_SPECKLED: Final = 16  # values of specks, nearly every one of which turns
_TURNING: Final = 0.8  # turns a sample
_SEVERAL: Final = 4  # values where no step is left, read the other way
_PLAINLY: Final = 0.005
# Where few values of one sign cover much of the film: grey that runs on from one end of the range
# to the other. White letters beside black clip at both ends; grey about nought does not.
_MEETING: Final = 3  # values on either side of where the ends meet
_ALIKE: Final = 4  # times as many samples of one of them as of another
_ENOUGH: Final = 8  # samples of each
_RUNNING_ON: Final = 0.05


def right_justified(samples: npt.NDArray[Any], *, bits: int, shift: int) -> npt.NDArray[Any]:
    """Return samples of which the file says that unused bits lie below them, without those bits.

    Old files keep twelve bits at the upper end of sixteen (High Bit 15). Others say so and keep
    them at the lower end: then none needs more bits than are stored.

    Parameters
    ----------
    samples
        Integers, HxW, as decoded.
    bits
        Bits Stored.
    shift
        High Bit, less where it is to be.

    Raises
    ------
    RadiographError
        ``UNSUPPORTED`` where the values are neither.

    Source: PS3.5 8.1.1 of 2004 and before.
    """
    if int(samples.max()) < 1 << bits and int(samples.min()) >= -(1 << (bits - 1)):
        return samples
    if (samples & ((1 << shift) - 1)).any():
        what = f"{bits} of {samples.dtype.itemsize * 8} bits, high bit {bits - 1 + shift}"
        raise RadiographError.of(RefusalCode.UNSUPPORTED, what)
    upper: npt.NDArray[Any] = samples >> shift
    return upper


def sign_extended(samples: npt.NDArray[Any], *, bits: int) -> bool:
    """Return whether unsigned samples are signed: each that is negative as such fills its word.

    So are overlays never: they come and go whatever the sample under them is.

    Parameters
    ----------
    samples
        uint16, HxW; of other types nothing can be told.
    bits
        Bits Stored.
    """
    if samples.dtype != np.uint16 or bits >= _WORD or int(samples.max()) < 1 << bits:
        return False
    over, negative = samples >> bits, (samples >> (bits - 1)) & 1
    filled = (1 << (_WORD - bits)) - 1
    return bool(np.array_equal(over, negative * np.uint16(filled)))


def wrapped_round(samples: npt.NDArray[Any]) -> bool:
    """Return whether unsigned words of 16 bits hold signed samples, the negative ones on top.

    Then nothing lies about the middle of all values, and many values lie above: white letters on a
    film of 12 bits are one value, or some that fade.

    Parameters
    ----------
    samples
        HxW, all 16 bits of which are said to be in use.
    """
    if samples.dtype != np.uint16 or int(samples.max()) < 3 * _QUARTER:
        return False
    counts = np.bincount(samples.ravel(), minlength=4 * _QUARTER)
    above = counts[3 * _QUARTER :]
    many = np.count_nonzero(above) >= _MANY and above.sum() >= _SHARE * samples.size
    return bool(many and not counts[_QUARTER : 3 * _QUARTER].any())


def sign_misstated(
    samples: npt.NDArray[Any], *, bits: int, signed: bool, averages: bool = False
) -> bool:
    """Return whether samples are signed that are called unsigned, or the other way round.

    Where the highest bit is the sign or is none, the two readings differ by the whole range. Grey
    is smooth where it crosses the middle of the range in the reading that is true, and leaps in the
    other. The ends of the range do not count: letters and padding lie there, and leap in both.

    Parameters
    ----------
    samples
        HxW, all within ``bits``.
    bits
        Bits Stored.
    signed
        Whether Pixel Representation is 1.
    averages
        Whether they are averages of a lower level of JPEG 2000, of which one can only doubt it.
    """
    lines = samples[:: -(-samples.shape[0] // _LOOKED_AT)].astype(np.int32)
    half = 1 << (bits - 1)
    middle, ends = (0, (-half, half - 1)) if signed else (half, (0, 2 * half - 1))
    above = lines >= middle
    inner = (lines != ends[0]) & (lines != ends[1])
    leaps, other = _leaps(lines, middle, ends, half, apart=_BLURRED if averages else 1)
    share = float(np.count_nonzero(above)) / above.size
    if _SHARE <= share <= 1 - _SHARE:
        values = min(_values_in(lines[above]), _values_in(lines[~above]))
        limit = _SMOOTH_AVERAGES if averages else _SMOOTH
        if values >= _FEWEST or averages:
            return bool(values >= _FEWEST and other.sum() < limit * leaps.sum())
        smooth = len(leaps) >= _TURNS and other.sum() < _RUNNING_ON * leaps.sum()
        return bool(smooth and values >= _SEVERAL and _ends_meet(lines, *ends))
    if averages or len(leaps) < _TURNS or other.sum() >= _SMOOTH_FEW * leaps.sum():
        return False
    few = lines[inner & (above if share < _SHARE else ~above)]
    if (np.abs(few - middle) < half // 2).any():
        return False
    values = _values_in(few)
    plain = values >= _SEVERAL and bool(other.sum() < _PLAINLY * leaps.sum())
    specks = values >= _SPECKLED and len(leaps) >= _TURNING * len(few)
    return values >= _FEWEST or specks or plain


def sign_untold(words: npt.NDArray[Any], values: npt.NDArray[Any], *, bits: int) -> bool:
    """Return whether words are cut to Bits Stored, and nothing tells the highest bit for a sign.

    Writers of signed samples fill their words with the sign. One that did not may have cut it off,
    or have written unsigned samples: then grey must be smooth where the sign turns.

    Parameters
    ----------
    words
        Signed integers, HxW, as decoded.
    values
        What they are read as, by the bits that are stored.
    bits
        Bits Stored.

    Source: PS3.5 8.1.1.
    """
    half = 1 << (bits - 1)
    if int(words.max()) < half:  # as of nearly all films
        return False
    negative = values < 0
    if negative.all() or not (negative & (words >= half)).any():
        return False
    lines = values[:: -(-values.shape[0] // _LOOKED_AT)].astype(np.int32)
    leaps, other = _leaps(lines, 0, (-half, half - 1), half)
    return len(leaps) < _TURNS or leaps.sum() >= _SMOOTH * other.sum()


def _leaps(
    lines: npt.NDArray[np.int32], middle: int, ends: tuple[int, int], half: int, *, apart: int = 1
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return how far grey leaps where it crosses the middle, and how far read the other way."""
    above = lines >= middle
    inner = (lines != ends[0]) & (lines != ends[1])
    turns = (above[:, apart:] != above[:, :-apart]) & inner[:, apart:] & inner[:, :-apart]
    leaps = np.abs((lines[:, apart:] - lines[:, :-apart])[turns])
    # Read the other way, the lower of two such neighbours lies higher by the whole range.
    return leaps, np.abs(2 * half - leaps)


def _ends_meet(lines: npt.NDArray[Any], lowest: int, highest: int) -> bool:
    """Return whether as many samples lie at one end of the range as at the other, none clipped."""
    near = [(lines == lowest + step).sum() for step in range(_MEETING)]
    near += [(lines == highest - step).sum() for step in range(_MEETING)]
    return bool(min(near) >= _ENOUGH and max(near) <= _ALIKE * min(near))


def _values_in(samples: npt.NDArray[Any]) -> int:
    return int(np.count_nonzero(np.bincount(samples - samples.min()))) if samples.size else 0


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
    lowest, highest = (
        (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    )
    if lowest <= int(samples.min()) and int(samples.max()) <= highest:  # as of nearly all films
        return samples
    whole = samples.astype(np.int32)
    kept = whole & ((1 << bits) - 1)
    if signed:
        sign = 1 << (bits - 1)
        kept = (kept ^ sign) - sign
    stray = kept != whole
    turns = stray[:, 1:] != stray[:, :-1]
    readings = [whole, kept]
    if not signed and samples.dtype == np.uint16:
        readings.append(samples.view(np.int16).astype(np.int32))
    jumps = [np.abs(np.diff(values, axis=1))[turns].sum() for values in readings]
    if len(jumps) > 2 and jumps[2] < _SMOOTH * min(jumps[:2]):
        raise RadiographError.of(RefusalCode.UNSUPPORTED, "signed values, Pixel Representation 0")
    if stray.all() or jumps[0] < jumps[1]:
        raise RadiographError.of(RefusalCode.UNSUPPORTED, f"values beyond {bits} Bits Stored")
    return kept
