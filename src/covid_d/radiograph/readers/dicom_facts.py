"""What a DICOM data set says about its film. A malformed value is an unknown one."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from pydicom import Dataset, uid

from covid_d.radiograph.ages import ADULT_YEARS, OLDEST, age_on, parse_age, parse_date
from covid_d.radiograph.body_parts import CHEST_CODES, may_be_chest
from covid_d.radiograph.film import Facts, Sex
from covid_d.radiograph.readers.dicom_geometry import spacing_of
from covid_d.radiograph.readers.dicom_view import in_expiration, projection_of, turned
from covid_d.radiograph.readers.element import items_of, text_of, value_of

# Classes of images that are no radiography (PS3.4 B.5) -> the modality of their images.
_CLASSES: Final[dict[str, tuple[str, ...]]] = {
    "CT": (
        *(uid.CTImageStorage, uid.EnhancedCTImageStorage),
        uid.LegacyConvertedEnhancedCTImageStorage,
    ),
    "MR": (
        *(uid.MRImageStorage, uid.EnhancedMRImageStorage, uid.EnhancedMRColorImageStorage),
        uid.LegacyConvertedEnhancedMRImageStorage,
    ),
    "US": (
        *(uid.UltrasoundImageStorage, uid.UltrasoundMultiFrameImageStorage),
        *("1.2.840.10008.5.1.4.1.1.6", "1.2.840.10008.5.1.4.1.1.3"),  # retired
    ),
    "MG": (
        uid.DigitalMammographyXRayImageStorageForPresentation,
        uid.DigitalMammographyXRayImageStorageForProcessing,
        uid.BreastTomosynthesisImageStorage,
        uid.BreastProjectionXRayImageStorageForPresentation,
        uid.BreastProjectionXRayImageStorageForProcessing,
    ),
    "IO": (
        uid.DigitalIntraOralXRayImageStorageForPresentation,
        uid.DigitalIntraOralXRayImageStorageForProcessing,
    ),
    "NM": (uid.NuclearMedicineImageStorage, "1.2.840.10008.5.1.4.1.1.5"),
    "PT": (
        *(uid.PositronEmissionTomographyImageStorage, uid.EnhancedPETImageStorage),
        uid.LegacyConvertedEnhancedPETImageStorage,
    ),
    "XA": (
        *(uid.XRayAngiographicImageStorage, uid.EnhancedXAImageStorage),
        *(uid.XRay3DAngiographicImageStorage, "1.2.840.10008.5.1.4.1.1.12.3"),
    ),
    "RF": (uid.XRayRadiofluoroscopicImageStorage, uid.EnhancedXRFImageStorage),
    "PX": (uid.XRay3DCraniofacialImageStorage,),
    "RTIMAGE": (
        *(uid.RTImageStorage, uid.EnhancedRTImageStorage),
        uid.EnhancedContinuousRTImageStorage,
    ),
    "ES": (uid.VLEndoscopicImageStorage, uid.VideoEndoscopicImageStorage),
    "GM": (uid.VLMicroscopicImageStorage, uid.VideoMicroscopicImageStorage),
    "SM": (
        uid.VLSlideCoordinatesMicroscopicImageStorage,
        uid.VLWholeSlideMicroscopyImageStorage,
    ),
    "XC": (uid.VLPhotographicImageStorage, uid.VideoPhotographicImageStorage),
    "OP": (
        uid.OphthalmicPhotography8BitImageStorage,
        uid.OphthalmicPhotography16BitImageStorage,
    ),
    "OPT": (uid.OphthalmicTomographyImageStorage,),
    "IVOCT": (
        uid.IntravascularOpticalCoherenceTomographyImageStorageForPresentation,
        uid.IntravascularOpticalCoherenceTomographyImageStorageForProcessing,
    ),
    # Of luggage and of things, which have no modality of medicine.
    "DICOS": (
        uid.DICOSCTImageStorage,
        uid.DICOSDigitalXRayImageStorageForPresentation,
        uid.DICOSDigitalXRayImageStorageForProcessing,
    ),
}
OF_CLASS: Final[dict[str, str]] = {
    str(sop_class): modality for modality, classes in _CLASSES.items() for sop_class in classes
}
"""Class of an object that is no radiography -> modality of its images."""

# When the film was taken, the likeliest first.
_TAKEN: Final = (
    "AcquisitionDate",
    "AcquisitionDateTime",
    "ContentDate",
    "SeriesDate",
    "StudyDate",
    "InstanceCreationDate",
)

# A conversion to DICOM makes an instance long after its film.
_OF_THE_FILM: Final = _TAKEN[:-1]
# Longitudinal Temporal Information Modified (0028,0303): what such dates say is no day of the film.
_MOVED: Final = frozenset({"MODIFIED", "REMOVED"})

_Parsed = TypeVar("_Parsed")


def facts_of(dataset: Dataset, *, sha256: str, colour: bool, marks: bool = False) -> Facts:
    """Return the facts of a DICOM image; what is absent, malformed or absurd is ``None``."""
    sex, ages = text_of(dataset, "PatientSex"), _ages(dataset)
    return Facts(
        format="DICOM",
        sha256=sha256,
        bits=int(dataset.BitsStored),
        colour=colour,
        marks=marks,
        modality=_modality(dataset),
        projection=projection_of(dataset),
        laterality=text_of(dataset, "ImageLaterality") or text_of(dataset, "Laterality"),
        body_part=_body_part(dataset),
        age_years=ages.years,
        sex=Sex(sex) if sex in tuple(Sex) else None,
        spacing_mm=spacing_of(dataset),
        age_by_dates=ages.by_dates,
        child=ages.child,
        age_unread=ages.unread,
        taken_on=_taken_on(dataset),
        turned=turned(dataset),
        expiration=in_expiration(dataset),
    )


def _modality(dataset: Dataset) -> str | None:
    """Return the modality that the class of the object has, or that is stated.

    The class decides where it is of no radiography: writers leave ``CR`` standing as a default,
    but the class is what the object was made as, and by what archives told it apart.
    """
    return _class_modality(dataset) or text_of(dataset, "Modality")


def _class_modality(dataset: Dataset) -> str | None:
    """Return the modality of the object's class where that is no radiography.

    Said twice, in the data set and before it (PS3.10 7.1), either counts.
    """
    meta = getattr(dataset, "file_meta", None)
    before = None if meta is None else value_of(meta, "MediaStorageSOPClassUID")
    stated = (value_of(dataset, "SOPClassUID"), before)
    return next(filter(None, (OF_CLASS.get(str(said or "")) for said in stated)), None)


def _body_part(dataset: Dataset) -> str | None:
    """Return the part that is stated; of several, one that is not the chest."""
    regions = [_region(item) for item in items_of(dataset, "AnatomicRegionSequence")]
    stated = [part for part in (text_of(dataset, "BodyPartExamined"), *regions) if part]
    return next((part for part in stated if not may_be_chest(part)), next(iter(stated), None))


def _region(item: Dataset) -> str | None:
    value = text_of(item, "CodeValue")
    return "CHEST" if value in CHEST_CODES else text_of(item, "CodeMeaning") or value


@dataclass(frozen=True, slots=True)
class _Ages:
    years: float | None
    by_dates: float | None
    child: bool
    unread: str | None


def _ages(dataset: Dataset) -> _Ages:
    """Return what Patient's Age and the dates of birth and film say.

    The age as stated counts before the one reckoned; a child by either is a child.
    """
    stated, unread = _read(parse_age, dataset, "PatientAge")
    by_dates, child, birth_unread = age_of_dates(dataset)
    years = by_dates if stated is None or stated.years is None else stated.years
    known = stated is not None or by_dates is not None
    return _Ages(
        years,
        by_dates,
        child or (stated is not None and stated.child),
        None if known else unread or birth_unread,
    )


def age_of_dates(dataset: Dataset) -> tuple[float | None, bool, str | None]:
    """Return the age by the dates, whether it is a child's, and a birth date that is none."""
    born, unread = _read(parse_date, dataset, "PatientBirthDate")
    if born is None:
        return None, False, unread
    for keyword in _TAKEN:
        taken, _ = _read(parse_date, dataset, keyword)
        if taken is not None:
            age = age_on(taken, born)
            if not 0.0 <= age <= OLDEST:
                return None, False, text_of(dataset, "PatientBirthDate")
            return age, age < ADULT_YEARS, None
    # Who is a child today was one on the film.
    return None, age_on(date.today(), born) < ADULT_YEARS, None


def _taken_on(dataset: Dataset) -> date | None:
    """Return the day of the film: whole, and not moved to hide it."""
    if text_of(dataset, "LongitudinalTemporalInformationModified") in _MOVED:
        return None
    for keyword in _OF_THE_FILM:
        digits = re.fullmatch(
            r"(\d{4})[.]?(\d\d)[.]?(\d\d)(\D.*|\d{6}.*|)", _stated(dataset, keyword)
        )
        if digits is not None:
            with suppress(ValueError):  # no such day
                return date(*(int(digits[part]) for part in (1, 2, 3)))
    return None


def _stated(dataset: Dataset, keyword: str) -> str:
    value = value_of(dataset, keyword)
    return "" if value is None else str(value).strip()


def _read(
    parse: Callable[[str], _Parsed | None], dataset: Dataset, keyword: str
) -> tuple[_Parsed | None, str | None]:
    """Return what an element states, and its words where they are not understood."""
    text = text_of(dataset, keyword) or ""
    try:
        return parse(text), None
    except ValueError:
        return None, text
