"""The terms of a structured reading: signs on a chest film, where they lie, and how far.

The signs are those of the Fleischner Society's glossary (Bankier et al. 2024, *Radiology*
310:e232558) that matter on a film for COVID-19 and for what is mistaken for it. The extent is the
Brixia score: six zones, each 0 to 3, in sum 0 to 18 (Borghesi and Maroldi 2020, *Radiol Med*
125:509-513).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from covid_d.language import N_, Text


class BodySide(StrEnum):
    """The patient's side, not the picture's."""

    RIGHT = "right"
    LEFT = "left"
    BOTH = "both"

    @property
    def text(self) -> Text:
        """The side's name."""
        return _SIDES[self]


class Height(StrEnum):
    """A third of a lung, as the Brixia score divides it.

    The upper third ends at the aortic arch's lower wall, the middle one at the right inferior
    pulmonary vein.
    """

    UPPER = "upper"
    MIDDLE = "middle"
    LOWER = "lower"

    @property
    def text(self) -> Text:
        """The name of the third."""
        return _HEIGHTS[self]


@dataclass(frozen=True, slots=True)
class SignTerm:
    """One sign that a reader may name.

    Parameters
    ----------
    text
        Its name.
    sided
        Whether it lies on a side.
    zoned
        Whether it lies in thirds of a lung.
    opacity
        Whether it is an opacity of the lung, which a film without signs of pneumonia has not.
    """

    text: Text
    sided: bool = True
    zoned: bool = True
    opacity: bool = False


SIGNS: Final[Mapping[str, SignTerm]] = {
    "ground_glass": SignTerm(N_("Ground-glass opacity"), opacity=True),
    "consolidation": SignTerm(N_("Consolidation"), opacity=True),
    "reticular": SignTerm(N_("Reticular or interstitial pattern"), opacity=True),
    "nodule": SignTerm(N_("Nodule or mass")),
    "micronodular": SignTerm(N_("Micronodular or miliary pattern")),
    "cavity": SignTerm(N_("Cavity")),
    "atelectasis": SignTerm(N_("Atelectasis")),
    "scar": SignTerm(N_("Scars, earlier tuberculosis")),
    "effusion": SignTerm(N_("Pleural effusion"), zoned=False),
    "pneumothorax": SignTerm(N_("Pneumothorax"), zoned=False),
    "hilum": SignTerm(N_("Enlarged hilum"), zoned=False),
    "congestion": SignTerm(N_("Pulmonary congestion or oedema"), sided=False, zoned=False),
    "cardiomegaly": SignTerm(N_("Cardiomegaly"), sided=False, zoned=False),
    "device": SignTerm(N_("Tubes, lines or devices"), sided=False, zoned=False),
}
EXTENT_ZONES: Final = tuple(
    (side, height) for side in (BodySide.RIGHT, BodySide.LEFT) for height in Height
)
"""The six zones of the Brixia score, A to F: right lung from above, then the left one."""

GRADES: Final[Mapping[int, Text]] = {
    0: N_("no abnormality"),
    1: N_("interstitial infiltrates"),
    2: N_("interstitial and alveolar, mostly interstitial"),
    3: N_("interstitial and alveolar, mostly alveolar"),
}
HIGHEST_EXTENT: Final = max(GRADES) * len(EXTENT_ZONES)

_SIDES: Final = {
    BodySide.RIGHT: N_("right"),
    BodySide.LEFT: N_("left"),
    BodySide.BOTH: N_("both sides"),
}
_HEIGHTS: Final = {
    Height.UPPER: N_("upper"),
    Height.MIDDLE: N_("middle"),
    Height.LOWER: N_("lower"),
}
