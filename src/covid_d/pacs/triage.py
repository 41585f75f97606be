"""Which objects are films for us: a PACS forwards whole studies, with everything in them."""

from __future__ import annotations

from typing import Final

from pydicom import Dataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)

from covid_d.pacs.results import is_ours
from covid_d.pacs.tables import Triage
from covid_d.radiograph.body_parts import may_be_chest

FILMS: Final = frozenset({ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation})
CAPTURES: Final = frozenset(
    {
        SecondaryCaptureImageStorage,
        MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
        MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    }
)
"""A capture is a film only if it says so: most are screens, reports and our own pictures."""
MODALITIES: Final = frozenset({"CR", "DX", "RG", "DR"})


__all__ = ["CAPTURES", "FILMS", "MODALITIES", "Triage", "triage"]


def triage(dataset: Dataset) -> Triage:
    """Return what an object is to us; all but films are accepted, counted and let go.

    A lateral film is one: it gets a report that says why it has no answer.
    """
    if is_ours(dataset):
        return Triage.OURS
    sop_class = str(dataset.get("SOPClassUID", ""))
    if sop_class not in FILMS | CAPTURES:
        return Triage.OTHER_CLASS
    modality = str(dataset.get("Modality", "")).strip().upper()
    if modality not in MODALITIES:
        return Triage.OTHER_MODALITY
    if str(dataset.get("PresentationIntentType", "")).strip().upper() == "FOR PROCESSING":
        return Triage.FOR_PROCESSING
    return Triage.FILM if may_be_chest(_body_part(dataset)) else Triage.OTHER_BODY_PART


def _body_part(dataset: Dataset) -> str:
    try:
        return str(dataset.get("BodyPartExamined") or "")
    except Exception:  # noqa: BLE001 - pydicom raises whatever a broken value makes it raise
        return ""
