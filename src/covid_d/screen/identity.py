"""Whose film it is, as far as a job may know: hashes that count patients and name none."""

from __future__ import annotations

import hmac
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from covid_d.radiograph.readers import dicom
from covid_d.radiograph.readers.limits import MAX_BYTES

SALT_BYTES: Final = 32
_DIGITS: Final = 32  # hex: 128 bits, so that no two patients of any country share a hash
_HEAD: Final = 132
_TAGS: Final = {
    "patient_id": "PatientID",
    "study_uid": "StudyInstanceUID",
    "series_uid": "SeriesInstanceUID",
    "unit": "InstitutionName",
    "issuer": "IssuerOfPatientID",
}


@dataclass(frozen=True, slots=True)
class FilmOrigin:
    """Where a DICOM film comes from, in the file's own words; empty where it does not say.

    Parameters
    ----------
    patient_id, issuer
        The patient's number, and who gave it.
    study_uid, series_uid
        Of the study and the series.
    unit
        The institution that took it.
    """

    patient_id: str = ""
    study_uid: str = ""
    series_uid: str = ""
    unit: str = ""
    issuer: str = ""


def origin_of(source: Path | bytes) -> FilmOrigin:
    """Return what a file says of its origin; a picture, or a damaged file, says nothing."""
    try:
        if isinstance(source, Path):
            with source.open("rb") as stream:
                head = stream.read(_HEAD)
        else:
            head = source[:_HEAD]
        if not dicom.sniff(head):
            return FilmOrigin()
        if isinstance(source, Path):
            with source.open("rb") as stream:
                source = stream.read(MAX_BYTES)
        return FilmOrigin(**_stated(source, headed=head[128:132] == b"DICM"))
    except Exception:  # noqa: BLE001 - as of reading: damaged files raise nearly every class
        return FilmOrigin()


def _stated(content: bytes, *, headed: bool) -> dict[str, str]:
    from pydicom import dcmread

    from covid_d.radiograph.readers.items import require_few

    require_few(content)
    with warnings.catch_warnings():  # reading the film itself says what matters
        warnings.simplefilter("ignore")
        film = dcmread(
            BytesIO(content),
            stop_before_pixels=True,
            specific_tags=list(_TAGS.values()),
            force=not headed,
        )
    return {ours: str(film.get(keyword) or "").strip() for ours, keyword in _TAGS.items()}


def columns_of(origin: FilmOrigin, salt: bytes) -> Mapping[str, Any]:
    """Return what is kept of an origin without its identifiers.

    Parameters
    ----------
    origin
        Of the film.
    salt
        Secret of the job: without it nobody tries all numbers until one fits.
    """
    # Two hospitals give one number to two people.
    whole = f"{origin.issuer or origin.unit}\0{origin.patient_id}" if origin.patient_id else ""
    return {
        "patient": hashed(whole, salt),
        "study": hashed(origin.study_uid, salt),
        "series": hashed(origin.series_uid, salt),
        "unit": origin.unit or None,
    }


def hashed(text: str, salt: bytes) -> str | None:
    """Return the keyed hash (HMAC-SHA-256, 128 bits) of an identifier; ``None`` of none."""
    if not text:
        return None
    return hmac.new(salt, text.encode("utf-8", "surrogatepass"), sha256).hexdigest()[:_DIGITS]
