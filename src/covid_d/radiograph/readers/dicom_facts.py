"""What a DICOM data set says about its film. A malformed value is an unknown one."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

from pydicom import Dataset, uid
from pydicom.sequence import Sequence

from covid_d.radiograph.ages import ADULT_YEARS, OLDEST, age_on, parse_age, parse_date
from covid_d.radiograph.body_parts import CHEST_CODES, may_be_chest
from covid_d.radiograph.film import Facts, Projection, Sex
from covid_d.radiograph.readers.dicom_geometry import spacing_of
from covid_d.radiograph.views import combined, view_of_code, view_of_words

# Longest stretch of a file's own words that is quoted to a reader.
_TEXT = 32

# Patient Position (0018,5100), PS3.3 C.7.3.1.1.2: head or feet first, supine.
_SUPINE: Final = frozenset({"HFS", "FFS"})

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

# Directions of Patient Orientation, by the first letter, the chief of them -> the body's axis.
_AXES: Final = dict(
    zip("LRHFAP", ("side", "side", "length", "length", "front", "front"), strict=True)
)
_UPRIGHT: Final = "LF"

_Parsed = TypeVar("_Parsed")


def facts_of(dataset: Dataset, *, sha256: str, colour: bool, marks: bool = False) -> Facts:
    """Return the facts of a DICOM image; what is absent, malformed or absurd is ``None``."""
    sex, ages = _text(dataset, "PatientSex"), _ages(dataset)
    return Facts(
        format="DICOM",
        sha256=sha256,
        bits=int(dataset.BitsStored),
        colour=colour,
        marks=marks,
        modality=_modality(dataset),
        projection=_projection(dataset),
        laterality=_text(dataset, "ImageLaterality") or _text(dataset, "Laterality"),
        body_part=_body_part(dataset),
        age_years=ages.years,
        sex=Sex(sex) if sex in tuple(Sex) else None,
        spacing_mm=spacing_of(dataset),
        age_by_dates=ages.by_dates,
        child=ages.child,
        age_unread=ages.unread,
        taken_on=_taken_on(dataset),
        turned=_turned(dataset),
    )


def _value(dataset: Dataset, keyword: str) -> Any:
    # pydicom converts a value when it is asked for, and raises whatever the conversion meets.
    with suppress(Exception):
        return dataset.get(keyword)
    return None


def _text(dataset: Dataset, keyword: str) -> str | None:
    value = _value(dataset, keyword)
    if not isinstance(value, str):
        return None
    # The words are shown to readers and written to logs: no control characters, no novels.
    clean = "".join(letter for letter in value if letter.isprintable()).strip()[:_TEXT]
    return clean.upper() or None


def _modality(dataset: Dataset) -> str | None:
    """Return the modality that the class of the object has, or that is stated.

    The class decides where it is of no radiography: writers leave ``CR`` standing as a default,
    but the class is what the object was made as, and by what archives told it apart.
    """
    return _class_modality(dataset) or _text(dataset, "Modality")


def _class_modality(dataset: Dataset) -> str | None:
    """Return the modality of the object's class where that is no radiography.

    Said twice, in the data set and before it (PS3.10 7.1), either counts.
    """
    meta = getattr(dataset, "file_meta", None)
    before = None if meta is None else _value(meta, "MediaStorageSOPClassUID")
    stated = (_value(dataset, "SOPClassUID"), before)
    return next(filter(None, (OF_CLASS.get(str(said or "")) for said in stated)), None)


def _projection(dataset: Dataset) -> Projection | None:
    """Return the projection that View Position, View Code or Patient Orientation states."""
    stated = [*_of_view_position(dataset), _of_view_code(dataset), _of_orientation(dataset)]
    projection = combined(stated)
    if projection is Projection.AP and _text(dataset, "PatientPosition") in _SUPINE:
        return Projection.AP_SUPINE
    return projection


def _of_view_position(dataset: Dataset) -> list[Projection | None]:
    # A backslash parts values: stations write ``PA\\LL`` for a film that is either.
    value = _value(dataset, "ViewPosition")
    views = [value] if isinstance(value, str) else value or []
    return [view_of_words(view) for view in views if isinstance(view, str)]


def _of_view_code(dataset: Dataset) -> Projection | None:
    value, meaning = _first_code(dataset, "ViewCodeSequence")
    return view_of_code(value) or view_of_words(meaning)


def _body_part(dataset: Dataset) -> str | None:
    """Return the part that is stated; of two, the one that is not the chest."""
    value, meaning = _first_code(dataset, "AnatomicRegionSequence")
    region = "CHEST" if value in CHEST_CODES else meaning or value
    stated = [part for part in (_text(dataset, "BodyPartExamined"), region) if part]
    return next((part for part in stated if not may_be_chest(part)), next(iter(stated), None))


def _first_code(dataset: Dataset, keyword: str) -> tuple[str, str]:
    """Return value and meaning of a code sequence's first item; empty where there is none."""
    items = _value(dataset, keyword)
    item = items[0] if isinstance(items, Sequence) and len(items) else Dataset()
    return _text(item, "CodeValue") or "", _text(item, "CodeMeaning") or ""


def _of_orientation(dataset: Dataset) -> Projection | None:
    """Return the projection that tells where rows and columns run to (PS3.3 C.7.6.1.1.1).

    On a frontal film they run to the left or right and to the feet or head, upright or turned; to
    front or back they run on a lateral one, or on none that lets the beam cross the chest.
    """
    axes = {_AXES[letter] for letter in _orientation(dataset)}
    if "front" not in axes or len(axes) < 2:
        return None
    return Projection.LATERAL if "length" in axes else Projection.OTHER


def _turned(dataset: Dataset) -> str | None:
    """Return what Patient Orientation says of a frontal film that it calls mirrored or turned."""
    rows_columns = _orientation(dataset)
    frontal = {_AXES[letter] for letter in rows_columns} == {"side", "length"}
    return rows_columns if frontal and rows_columns != _UPRIGHT else None


def _orientation(dataset: Dataset) -> str:
    """Return the letters of where rows and columns run to; empty unless both are known."""
    stated = _value(dataset, "PatientOrientation")
    with suppress(TypeError, ValueError):
        rows, columns = (str(direction).strip()[:1].upper() for direction in stated)
        if rows in _AXES and columns in _AXES:
            return rows + columns
    return ""


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
                return None, False, _text(dataset, "PatientBirthDate")
            return age, age < ADULT_YEARS, None
    # Who is a child today was one on the film.
    return None, age_on(date.today(), born) < ADULT_YEARS, None


def _taken_on(dataset: Dataset) -> date | None:
    """Return the day of the film: whole, and not moved to hide it."""
    if _text(dataset, "LongitudinalTemporalInformationModified") in _MOVED:
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
    value = _value(dataset, keyword)
    return "" if value is None else str(value).strip()


def _read(
    parse: Callable[[str], _Parsed | None], dataset: Dataset, keyword: str
) -> tuple[_Parsed | None, str | None]:
    """Return what an element states, and its words where they are not understood."""
    text = _text(dataset, keyword) or ""
    try:
        return parse(text), None
    except ValueError:
        return None, text
