"""From stored samples to the grey a viewer would show: modality, VOI, polarity, padding.

The grey-scale pipeline of PS3.4 N.2: Modality LUT or rescale, then VOI LUT or window, then the
polarity. Each step maps a stored value to a value, so the whole chain is run once, by pydicom,
over every value the declared depth can hold, and the film is looked up in the resulting table:
the same numbers as pixel by pixel, in a tenth of the time.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.uid import ExplicitVRBigEndian

from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.readers.doubts import require_monotone, require_padding, require_units
from covid_d.radiograph.readers.element import named
from covid_d.radiograph.readers.grey import NO_COLOURS, Colours, grey_of, top_of
from covid_d.radiograph.refusal import RadiographError, RefusalCode

# Any value so far outside that a window maps it to the end of its output range.
_FAR: Final = 1e300
# VOI LUT Function -> least Window Width (PS3.3 C.11.2.1.2 and C.11.2.1.3).
_FUNCTIONS: Final = {"LINEAR": 1.0, "LINEAR_EXACT": 1e-9, "SIGMOID": 1e-9}
_LINES: Final = 16
_COLOURED: Final = ("COLOR", "MIXED", "TRUE_COLOR")
_MONOCHROME: Final = ("MONOCHROME1", "MONOCHROME2")


def displayed(
    samples: npt.NDArray[Any], photometric: str, dataset: Dataset
) -> tuple[FloatImage, Colours]:
    """Return the film as displayed, and what colour it carries.

    Parameters
    ----------
    samples
        Stored samples: HxW, or HxWx3 for RGB.
    photometric
        Their photometric interpretation.
    dataset
        Where the transforms are.

    Returns
    -------
    pixels
        float32, HxW, in [0, 1]; air dark.
    colours
        See :func:`~covid_d.radiograph.readers.grey.grey_of`.

    Raises
    ------
    RadiographError
        ``UNSUPPORTED`` when the file contradicts itself on polarity, or states a transform that
        PS3.3 does not define.
    """
    if photometric in _MONOCHROME:
        indices = _indices(samples, dataset)
        table = display_table(dataset, photometric, indices)
        return np.take(table, indices, mode="clip"), NO_COLOURS
    rgb, bits = samples, int(dataset.BitsStored)
    if photometric == "PALETTE COLOR":
        rgb, bits = _palette(samples, dataset)
    elif bits == dataset.BitsAllocated:
        bits = top_of(int(samples.max())).bit_length()
    # Eight bits are enough for the grey of a screen capture.
    eight = np.minimum(rgb >> max(0, bits - 8), 255).astype(np.uint8)
    pixels, colours = grey_of(Image.fromarray(np.ascontiguousarray(eight)))
    if rgb is not samples and not colours.colour:
        # Of each index in use the grey of one of its samples.
        _, first, counts = np.unique(samples, return_index=True, return_counts=True)
        require_monotone(pixels.ravel()[first], counts, "PhotometricInterpretation")
    return pixels, colours


def display_table(
    dataset: Dataset, photometric: str, samples: npt.NDArray[Any] | None = None
) -> FloatImage:
    """Return the grey in [0, 1] of every stored value, lowest value first.

    The output is scaled by the range of the last transform (a window's output range, the bits that
    a LUT's entries use, else those of the samples), and MONOCHROME1 is inverted within
    that very range. So a film of 12 bits in 16 is not almost black. Padding (PS3.3 C.7.5.1.1.2)
    becomes air.

    Parameters
    ----------
    samples
        Of the film, counted from the lowest value that its bits hold. When left out, the film may
        have any, and what it says of them is not doubted.

    Raises
    ------
    RadiographError
        See :func:`displayed`.

    Source: PS3.3 C.11.1 (modality), C.11.2 (VOI), C.7.6.3.1.2 (polarity).
    """
    _require_one_polarity(dataset, photometric)
    _drop_unstated(dataset)
    lowest = _lowest(dataset)
    stored = np.arange(lowest, lowest + (1 << int(dataset.BitsStored)))
    padding = _padding(stored, dataset)
    counts = _counts(samples, padding, dataset)
    film = None if counts is None else np.where(padding, 0, counts)
    modality = _modality(stored, film, dataset)
    used = modality
    # Stations that state the depth of the container state none.
    if samples is not None and dataset.BitsStored == dataset.BitsAllocated:
        first, last = _in_use(*(lowest + end for end in _ends(samples, film)))
        used = modality[max(0, first - lowest) : last - lowest + 1]
    shown, low, high = _voi(modality, used, dataset)
    if film is not None and dataset.get("VOILUTSequence"):
        require_monotone(shown, film, "VOILUTSequence")
    if not (np.isfinite(low) and np.isfinite(high) and low != high):
        raise _unsupported(f"output range {low} to {high}")
    table = np.clip((shown.astype(np.float64) - low) / (high - low), 0.0, 1.0)
    if photometric == "MONOCHROME1":
        table = 1.0 - table
    if samples is not None and counts is not None:
        require_padding(samples, table.astype(np.float32), padding, counts)
    table[padding] = 0.0
    return table.astype(np.float32)


def _counts(
    samples: npt.NDArray[Any] | None, padding: npt.NDArray[np.bool_], dataset: Dataset
) -> npt.NDArray[np.int64] | None:
    """Return how many samples have each value, where that is asked for: it takes its time."""
    tables = any(dataset.get(f"{kind}LUTSequence") for kind in ("Modality", "VOI"))
    if samples is None or not (tables or padding.any()):
        return None
    counts = np.zeros(len(padding), dtype=np.int64)
    for line in range(0, len(samples), _LINES):  # few at once stay near the processor
        counts += np.bincount(samples[line : line + _LINES].ravel(), minlength=len(padding))
    return counts


def _ends(samples: npt.NDArray[Any], film: npt.NDArray[np.int64] | None) -> tuple[int, int]:
    """Return the lowest and the highest sample, of those that are no padding if there are any."""
    if film is not None and film.any():
        used = np.flatnonzero(film)
        return int(used[0]), int(used[-1])
    return int(samples.min()), int(samples.max())


def _modality(
    stored: npt.NDArray[np.int64], film: npt.NDArray[np.int64] | None, dataset: Dataset
) -> npt.NDArray[Any]:
    """Return every value after the modality transform; of some, so many are on the film."""
    require_units(str(dataset.get("RescaleType") or ""), "RescaleType")
    if not dataset.get("ModalityLUTSequence"):
        return apply_modality_lut(stored, dataset)
    item = dataset.ModalityLUTSequence[0]
    require_units(str(item.get("ModalityLUTType") or ""), "ModalityLUTType")
    _require_no_rescale(dataset)
    _whole_lut(item, _word(dataset))
    _as_16_bits(item)
    _first_below_nought(item, stored)
    modality = apply_modality_lut(stored, dataset)
    if film is not None:
        require_monotone(modality, film, "ModalityLUTSequence")
    return modality


def _voi(
    modality: npt.NDArray[Any], used: npt.NDArray[Any], dataset: Dataset
) -> tuple[npt.NDArray[Any], float, float]:
    """Return the values after the VOI transform, and the range it puts out.

    Parameters
    ----------
    modality
        Every value after the modality transform.
    used
        Those of them that the film's bits can hold.
    """
    if dataset.get("VOILUTSequence"):
        item = dataset.VOILUTSequence[0]
        highest = _whole_lut(item, _word(dataset))
        _as_16_bits(item)
        _first_below_nought(item, modality)
        # Some stations say 16 bits of entries that use 12, or 8 of more.
        return apply_voi_lut(modality, dataset), 0.0, float(top_of(highest))
    if "WindowCenter" in dataset:
        with np.errstate(over="ignore"):  # the sigmoid's exponential, far off its window
            low, high = apply_voi_lut(np.array([-_FAR, _FAR]), dataset)
            return apply_voi_lut(modality, dataset), float(low), float(high)
    if dataset.get("ModalityLUTSequence"):
        # As with VOI LUTs: 16 bits may be said of entries that use 12.
        return modality, 0.0, float(top_of(int(modality.max())))
    return modality, float(used.min()), float(used.max())


def _in_use(lowest: int, highest: int) -> tuple[int, int]:
    """Return the first and the last value of the bits that samples from one to another use."""
    if lowest >= 0:
        return 0, top_of(highest)
    reach = (top_of(2 * max(highest, -lowest - 1)) + 1) // 2  # a bit more, for the sign
    return -reach, reach - 1


def _word(dataset: Dataset) -> str:
    big = dataset.file_meta.TransferSyntaxUID == ExplicitVRBigEndian
    return ">u2" if big else "<u2"


def _as_16_bits(item: Dataset) -> None:
    # pydicom holds its indices in the type of the entries: an 8-bit LUT of more than 256
    # entries would wrap round. The same entries, called 16-bit, do not; and it knows no 12.
    item.LUTDescriptor = [*item.LUTDescriptor[:2], 16]


def _first_below_nought(item: Dataset, values: npt.NDArray[Any]) -> None:
    """Correct the first value of a LUT below nought that was written as an unsigned word.

    Source: PS3.3 C.11.1.1.1 and C.11.2.1.1.
    """
    count, first, bits = (int(number) for number in item.LUTDescriptor)
    if values.min() < 0 and first > values.max():
        item.LUTDescriptor = [count, first - (1 << 16), bits]


def _whole_lut(item: Dataset, word: str) -> int:
    """Put a LUT's entries one a word, as many as its descriptor says; return the highest.

    Stations pack entries of 8 bits two to a word (PS3.3 C.11.2.1.1 lets them), and leave the last
    entries out, which then are the last one there is.

    Raises
    ------
    ValueError
        If over half of the entries are missing.
    """
    count, first, bits = (int(number) for number in item.LUTDescriptor)
    count = count or 1 << 16
    data = item.LUTData
    if isinstance(data, bytes):
        words = np.frombuffer(data[: len(data) // 2 * 2], word)
    else:
        words = np.atleast_1d(np.asarray(data, dtype=np.int64)).astype(np.uint16)
    if bits <= 8 and len(words) < count and words.max(initial=0) > 255:
        words = words.astype("<u2").view(np.uint8).astype(np.uint16)  # low byte first
    if len(words) < count / 2:
        raise ValueError(f"a LUT of {len(words)} entries where {count} are declared")
    entries = np.pad(words[:count], (0, max(0, count - len(words))), mode="edge")
    item.LUTDescriptor = [count % (1 << 16), first, bits]
    item.add_new("LUTData", "US", entries.tolist())
    return int(entries.max())


def _palette(samples: npt.NDArray[Any], dataset: Dataset) -> tuple[npt.NDArray[Any], int]:
    """Return RGB samples and their depth in bits (PS3.3 C.7.6.3.1.5)."""
    rgb = apply_color_lut(samples, dataset)[..., :3]
    wide = rgb.dtype.itemsize * 8
    # pydicom 3.0 reads palettes as little endian always, and wraps indices beyond 8-bit entries.
    if dataset.file_meta.TransferSyntaxUID == ExplicitVRBigEndian or dataset.BitsStored > wide:
        raise _unsupported(f"PALETTE COLOR, {dataset.file_meta.TransferSyntaxUID.name}")
    return rgb, min(wide, int(dataset.RedPaletteColorLookupTableDescriptor[2]))


def _drop_unstated(dataset: Dataset) -> None:
    """Remove transforms that are present but say nothing.

    Stations write empty elements, and windows of width 0; PS3.3 C.11.2.1.2 requires a width of at
    least 1 (above 0 for the other functions), so such a window is none.
    """
    pairs = (("RescaleSlope", "RescaleIntercept"), ("WindowCenter", "WindowWidth"))
    for pair in pairs:
        if any(dataset.get(keyword) in (None, "", []) for keyword in pair):
            _remove(dataset, pair)
    if "WindowWidth" in dataset:
        widths = dataset.WindowWidth if dataset["WindowWidth"].VM > 1 else [dataset.WindowWidth]
        function = str(dataset.get("VOILUTFunction") or "LINEAR").upper()
        if function not in _FUNCTIONS:
            raise _unsupported(f"VOI LUT Function {function[:16]}")
        dataset.VOILUTFunction = function
        if not float(widths[0]) >= _FUNCTIONS[function]:
            _remove(dataset, pairs[1])


def _remove(dataset: Dataset, keywords: tuple[str, ...]) -> None:
    for keyword in keywords:
        if keyword in dataset:
            delattr(dataset, keyword)


def _require_one_polarity(dataset: Dataset, photometric: str) -> None:
    # PS3.3 C.8.11.3.1.2: INVERSE goes with MONOCHROME1, IDENTITY with MONOCHROME2. Fuji's DX films
    # say MONOCHROME1 and IDENTITY; what is wrong there is the shape. Of the other contradiction no
    # such thing is known: air may be bright or dark.
    shape = str(dataset.get("PresentationLUTShape") or "").strip(" \0").upper()
    if photometric == "MONOCHROME2" and shape == "INVERSE":
        raise _unsupported(f"{photometric}, Presentation LUT Shape {shape}")
    # What lies beyond a threshold is coloured by a palette (PS3.3 C.7.6.23).
    if str(dataset.get("PixelPresentation") or "").strip(" \0").upper() in _COLOURED:
        raise _unsupported(f"{photometric}, coloured, {named('PixelPresentation')}")
    # Of printed films and presentation states: what it means for a film is nowhere defined.
    if dataset.get("PresentationLUTSequence"):
        raise _unsupported("Presentation LUT Sequence")


def _require_no_rescale(dataset: Dataset) -> None:
    # PS3.3 C.11.1: a film has one of the two. What changes nothing does no harm.
    if "RescaleSlope" in dataset and "RescaleIntercept" in dataset:
        slope, intercept = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
        if (slope, intercept) != (1.0, 0.0):
            raise _unsupported("Modality LUT Sequence and Rescale Slope")


def _lowest(dataset: Dataset) -> int:
    return -(1 << (int(dataset.BitsStored) - 1)) if dataset.PixelRepresentation else 0


def _indices(samples: npt.NDArray[Any], dataset: Dataset) -> npt.NDArray[Any]:
    lowest = _lowest(dataset)
    return samples if lowest == 0 else samples.astype(np.int32) - lowest


def _padding(stored: npt.NDArray[Any], dataset: Dataset) -> npt.NDArray[np.bool_]:
    """Return which stored values are padding: Pixel Padding Value, up to its Range Limit."""
    value = dataset.get("PixelPaddingValue")
    if value is None or value == "":
        return np.zeros(stored.shape, dtype=np.bool_)
    limit = dataset.get("PixelPaddingRangeLimit")
    ends = [int(end) for end in (value, value if limit in (None, "") else limit)]
    if dataset.PixelRepresentation:  # written as unsigned by some stations
        wrap = 1 << int(dataset.BitsAllocated)
        ends = [end - wrap if end >= wrap // 2 else end for end in ends]
    return (stored >= min(ends)) & (stored <= max(ends))


def _unsupported(what: str) -> RadiographError:
    return RadiographError.of(RefusalCode.UNSUPPORTED, what)
