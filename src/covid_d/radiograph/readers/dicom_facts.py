"""What a DICOM data set says about its film. A malformed value is an unknown one."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any, Final

from pydicom import Dataset

from covid_d.radiograph.film import Facts, Projection, Sex
from covid_d.radiograph.readers.dicom_geometry import spacing_of

# Longest stretch of a file's own words that is quoted to a reader.
_TEXT = 32

# View Position (0018,5101), PS3.3 C.8.1.1 and C.8.11.5: laterals, and what is neither frontal
# nor lateral (decubitus, obliques; LORDOTIC and the rest are in use though not in the list).
_LATERALS: Final = frozenset({"LL", "RL", "LAT", "LATERAL", "LLAT", "RLAT", "L", "LEFT LATERAL"})
_OTHERS: Final = frozenset(
    {"RLD", "LLD", "RLO", "LLO", "RAO", "LAO", "RPO", "LPO", "OBLIQUE", "LORDOTIC", "DECUBITUS"}
)
# View Code Sequence (0054,0220), PS3.16 CID 4010, SNOMED CT.
_VIEW_CODES: Final = {
    "399348003": Projection.AP,
    "272479007": Projection.PA,
    "399067008": Projection.LATERAL,
    "399173006": Projection.LATERAL,
    "399198007": Projection.LATERAL,
    "399182000": Projection.OTHER,
    "399135007": Projection.OTHER,
    "399356000": Projection.OTHER,
    "399006002": Projection.OTHER,
    "399038007": Projection.OTHER,
}
# Patient Position (0018,5100), PS3.3 C.7.3.1.1.2: head or feet first, supine.
_SUPINE: Final = frozenset({"HFS", "FFS"})

_YEARS: Final = {"D": 1 / 365.2425, "W": 7 / 365.2425, "M": 1 / 12, "Y": 1.0}
_OLDEST = 120.0


def facts_of(dataset: Dataset, *, sha256: str, colour: bool) -> Facts:
    """Return the facts of a DICOM image; what is absent, malformed or absurd is ``None``."""
    sex = _text(dataset, "PatientSex")
    return Facts(
        format="DICOM",
        sha256=sha256,
        bits=int(dataset.BitsStored),
        colour=colour,
        modality=_text(dataset, "Modality"),
        projection=_projection(dataset),
        laterality=_text(dataset, "ImageLaterality") or _text(dataset, "Laterality"),
        body_part=_text(dataset, "BodyPartExamined"),
        age_years=_age(dataset),
        sex=Sex(sex) if sex in tuple(Sex) else None,
        spacing_mm=spacing_of(dataset),
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


def _projection(dataset: Dataset) -> Projection | None:
    """Return the projection that View Position, View Code or Patient Orientation states.

    A lateral stated anywhere is a lateral: stations leave ``PA`` standing as a default.
    """
    stated = {_of_view_position(dataset), _of_view_code(dataset), _of_orientation(dataset)}
    for projection in (Projection.LATERAL, Projection.OTHER, Projection.AP, Projection.PA):
        if projection in stated:
            break
    else:
        return None
    if {Projection.AP, Projection.PA} <= stated and projection is Projection.AP:
        return None  # frontal, but the file contradicts itself on which
    if projection is Projection.AP and _text(dataset, "PatientPosition") in _SUPINE:
        return Projection.AP_SUPINE
    return projection


def _of_view_position(dataset: Dataset) -> Projection | None:
    view = _text(dataset, "ViewPosition")
    if view in ("PA", "AP"):
        return Projection(view)
    if view in _LATERALS:
        return Projection.LATERAL
    return Projection.OTHER if view in _OTHERS else None


def _of_view_code(dataset: Dataset) -> Projection | None:
    codes = _value(dataset, "ViewCodeSequence")
    return _VIEW_CODES.get(_text(codes[0], "CodeValue") or "") if codes else None


def _of_orientation(dataset: Dataset) -> Projection | None:
    """Return lateral when the rows run to the patient's front or back (PS3.3 C.7.6.1.1.1)."""
    orientation = _value(dataset, "PatientOrientation")
    with suppress(TypeError, ValueError):
        rows, columns = (str(direction)[:1].upper() for direction in orientation)
        if rows in ("A", "P") and columns in ("F", "H"):
            return Projection.LATERAL
    return None


def _age(dataset: Dataset) -> float | None:
    """Return the age in years, from Patient's Age or else from the dates of birth and study.

    A bare number counts as years: taken as a smaller unit it would be a child either way, so the
    reading can only refuse more.
    """
    age = _of_age_string(_text(dataset, "PatientAge"))
    if age is None:
        age = _of_dates(dataset)
    return age if age is not None and 0.0 <= age <= _OLDEST else None


def _of_age_string(text: str | None) -> float | None:
    if not text:
        return None
    number, unit = (text[:-1], text[-1]) if text[-1] in _YEARS else (text, "Y")
    if not (number.isascii() and number.isdigit()):
        return None
    return int(number) * _YEARS[unit]


def _of_dates(dataset: Dataset) -> float | None:
    born = _date(dataset, "PatientBirthDate")
    for keyword in ("AcquisitionDate", "ContentDate", "SeriesDate", "StudyDate"):
        taken = _date(dataset, keyword)
        if born and taken:
            # Whole birthdays, so that nobody turns 18 by a rounding of leap years.
            before = (taken.month, taken.day) < (born.month, born.day)
            return float(taken.year - born.year - before)
    return None


def _date(dataset: Dataset, keyword: str) -> date | None:
    text = _text(dataset, keyword)
    with suppress(ValueError):
        return date.fromisoformat(text) if text and len(text) == 8 else None
    return None
