"""Whose film it is: patient and study of a film, as its answers must state them."""

from __future__ import annotations

import hashlib
import hmac
import re
from contextlib import suppress
from typing import Any, Final

from pydicom import Dataset
from pydicom.sequence import Sequence

from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.pacs.results.identity import uid

PATIENT: Final = ("PatientID", "PatientName", "PatientBirthDate", "PatientSex")
STUDY: Final = (
    *("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
)
COPIED: Final = ("IssuerOfPatientID", "PatientAge", "StudyDescription")
OPTIONAL: Final = (*COPIED, "SpecificCharacterSet")
REFERENCE: Final = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
"""Without these a film cannot be pointed at, so nothing can be said about it to a PACS."""
IMAGE: Final = ("Rows", "Columns", "Modality", "BodyPartExamined")

# What the standard allows (PS3.5 6.2); what else a station wrote would make our objects invalid.
_FORMS: Final = {
    "PatientSex": r"[FMO]",
    "PatientAge": r"\d{3}[DWMY]",
    "PatientBirthDate": r"\d{8}",
    "StudyDate": r"\d{8}",
    "StudyTime": r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?",
    "StudyID": r".{0,16}",
    "AccessionNumber": r".{0,16}",
    "PatientID": r".{0,64}",
    "IssuerOfPatientID": r".{0,64}",
    "StudyDescription": r".{0,64}",
}
_REMOVED: Final = Dataset()
_REMOVED.CodeValue = "113100"
_REMOVED.CodingSchemeDesignator = "DCM"
_REMOVED.CodeMeaning = "Basic Application Confidentiality Profile"


def header_of(film: Dataset) -> Dataset:
    """Return what the answers to a film say of its patient and study.

    Elements that must be there but may be empty (type 2) are empty where the film has none or
    holds what the standard does not allow.

    Raises
    ------
    CovidDError
        If the film lacks a UID by which it could be referred to.
    """
    missing = [keyword for keyword in REFERENCE if not film.get(keyword)]
    if missing:
        raise CovidDError(
            N_(
                "The film has no %(missing)s: no PACS could file an answer to it.",
                missing=", ".join(missing),
            ),
            N_("Send the film again from the station that made it."),
        )
    header = Dataset()
    for keyword in (*REFERENCE, *PATIENT, *STUDY):
        setattr(header, keyword, _value(film, keyword) or "")
    for keyword in (*OPTIONAL, *IMAGE):
        value = _value(film, keyword)
        if value not in (None, ""):
            setattr(header, keyword, value)
    return header


def deidentified(header: Dataset, secret: bytes) -> Dataset:
    """Return a header that names nobody, for what leaves the hospital (PS3.15 E.1, basic profile).

    Our objects are made of nothing but this header and the answer, so what is not named here is
    not in them.

    Parameters
    ----------
    header
        By :func:`header_of`.
    secret
        Of this installation: the same patient gets the same code here, and nowhere else.
    """
    named = Dataset()
    for keyword in (*PATIENT, *STUDY):
        setattr(named, keyword, "")
    named.PatientID = named.PatientName = _code(secret, str(header.PatientID))
    named.SOPClassUID = header.SOPClassUID
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        setattr(named, keyword, uid("hidden", _code(secret, str(header[keyword].value))))
    for keyword in IMAGE:
        if keyword in header:
            setattr(named, keyword, header[keyword].value)
    named.PatientIdentityRemoved = "YES"
    named.DeidentificationMethod = "COVID-D: answers made without the film's header"
    named.DeidentificationMethodCodeSequence = Sequence([_REMOVED])
    return named


def _code(secret: bytes, text: str) -> str:
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()[:32].upper()


def _value(film: Dataset, keyword: str) -> Any:
    with suppress(Exception):  # pydicom converts a value when it is asked for
        value = film.get(keyword)
        form = _FORMS.get(keyword)
        return value if form is None or re.fullmatch(form, str(value or "").strip()) else None
    return None
