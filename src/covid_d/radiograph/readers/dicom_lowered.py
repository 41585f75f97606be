"""A large JPEG 2000 film in DICOM, decoded at a resolution that is enough for an answer.

The samples of a lower level are averages, and only of grey may averages be taken: not of indices of
a palette, of padding among bright values, of overlays or signs that lie in the same words. All that
is looked at lies in the headers, but for what averages themselves tell.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from covid_d.radiograph.readers import jpeg2000
from covid_d.radiograph.readers.codestream import Codestream
from covid_d.radiograph.readers.dicom_display import display_table
from covid_d.radiograph.readers.dicom_geometry import is_square
from covid_d.radiograph.readers.grey import of_fewest_bits, without_ringing

_GREY: Final = ("MONOCHROME1", "MONOCHROME2")
# Groups of overlay planes (PS3.3 C.9.2); one without data lies in the unused bits of the pixels.
_OVERLAYS: Final = range(0x6000, 0x6020, 2)
_ROUNDING: Final = np.float32(1e-6)  # by so much a table of float32 may go back where it rises
_BYTE: Final = 8

_Samples = npt.NDArray[np.int32]


def lowered(dataset: Dataset, frame: bytes) -> tuple[_Samples, int] | None:
    """Return the samples of a large film, and how often Rows and Columns are halved.

    Parameters
    ----------
    dataset
        Of one frame, whose header agrees with it; its transforms are normalised.
    frame
        The JPEG 2000 codestream.

    Returns
    -------
    ``None`` where the film is to be read whole: it is not that large, or there is doubt.

    Raises
    ------
    ValueError
        If the stream is damaged.
    RadiographError
        If the data set contradicts itself on what is bright.
    """
    photometric, stream = str(dataset.PhotometricInterpretation), Codestream.of(frame)
    stored, signed = int(dataset.BitsStored), bool(dataset.PixelRepresentation)
    if min(stream.rows, stream.columns) < 2 * jpeg2000.ENOUGH or photometric not in _GREY:
        return None
    if stream.signed != signed or (stream.precision > stored and _has_overlay_bits(dataset)):
        return None
    # Stations that state the depth of the container state none: the largest sample tells.
    tells_depth = stored == dataset.BitsAllocated and stored > _BYTE
    if tells_depth and signed:
        return None
    if not (is_square(dataset) and _is_monotone(display_table(dataset, photometric))):
        return None
    found = jpeg2000.lowered_samples_of(frame, rows=stream.rows, columns=stream.columns)
    if found is None:
        return None
    lowest = -(1 << (stored - 1)) if signed else 0
    samples = without_ringing(found[0], lowest, lowest + (1 << stored) - 1)
    if samples is None:
        return None
    if tells_depth:
        samples = of_fewest_bits(samples)
    return samples, found[1]


def _has_overlay_bits(dataset: Dataset) -> bool:
    planes = (group for group in _OVERLAYS if (group, 0x0010) in dataset)
    return any((group, 0x3000) not in dataset for group in planes)


def _is_monotone(table: npt.NDArray[np.float32]) -> bool:
    steps = np.diff(table)
    return bool((steps >= -_ROUNDING).all() or (steps <= _ROUNDING).all())
