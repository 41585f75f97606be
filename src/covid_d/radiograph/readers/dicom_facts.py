"""What a DICOM data set says about its film. A malformed value is an unknown one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

from pydicom import Dataset
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

# When the film was taken, the likeliest first.
_TAKEN: Final = (
    "AcquisitionDate",
    "AcquisitionDateTime",
    "ContentDate",
    "SeriesDate",
    "StudyDate",
    "InstanceCreationDate",
)

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
        modality=_text(dataset, "Modality"),
        projection=_projection(dataset),
        laterality=_text(dataset, "ImageLaterality") or _text(dataset, "Laterality"),
        body_part=_body_part(dataset),
        age_years=ages.years,
        sex=Sex(sex) if sex in tuple(Sex) else None,
        spacing_mm=spacing_of(dataset),
        age_by_dates=ages.by_dates,
        child=ages.child,
        age_unread=ages.unread,
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
    """Return lateral when the rows run to the patient's front or back (PS3.3 C.7.6.1.1.1)."""
    orientation = _value(dataset, "PatientOrientation")
    with suppress(TypeError, ValueError):
        rows, columns = (str(direction)[:1].upper() for direction in orientation)
        if rows in ("A", "P") and columns in ("F", "H"):
            return Projection.LATERAL
    return None


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


def _read(
    parse: Callable[[str], _Parsed | None], dataset: Dataset, keyword: str
) -> tuple[_Parsed | None, str | None]:
    """Return what an element states, and its words where they are not understood."""
    text = _text(dataset, keyword) or ""
    try:
        return parse(text), None
    except ValueError:
        return None, text
