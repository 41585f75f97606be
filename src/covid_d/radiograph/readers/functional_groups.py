"""What an object of the enhanced kind says of its one frame, put where other objects say it.

Enhanced X-ray objects keep rescale, window, spacing, anatomy and shutter in functional groups, of
all frames together or of each (PS3.3 C.7.6.16). A film has one frame, so they are the film's.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from pydicom import Dataset

# Of one frame first: it is the more exact.
_GROUPS: Final = ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence")
_MACROS: Final = (
    "PixelValueTransformationSequence",
    "FrameVOILUTSequence",
    "PixelMeasuresSequence",
    "FrameAnatomySequence",
    "FramePixelDataPropertiesSequence",
    "FrameDisplayShutterSequence",
    "PatientOrientationInFrameSequence",
)


def lift(dataset: Dataset) -> None:
    """Add to a data set what its functional groups say of the first frame, if it says nothing."""
    for groups in _GROUPS:
        for macro in _MACROS:
            with suppress(Exception):  # pydicom raises whatever reading a broken value meets
                said = dataset[groups][0][macro][0]
                for tag in sorted(said.keys()):
                    if not tag.is_private and tag not in dataset:
                        dataset.add(said[tag])
