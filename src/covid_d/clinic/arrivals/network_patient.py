"""Whose film it is, in the words of the film itself."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydicom import Dataset

from covid_d.clinic.keys import Keys
from covid_d.radiograph.ages import age_on, parse_age, parse_date

PURPOSE = "arrival"
"""Of the keyed hashes by which studies and patients are found again."""


@dataclass(frozen=True, slots=True)
class NetworkPatient:
    """What a film from the network states of its patient and study; empty means not stated.

    Parameters
    ----------
    number
        The patient's number in the hospital.
    name
        As people write it: given names behind the family's.
    birth
        Day of birth.
    sex
        ``F``, ``M`` or ``O``.
    age_years
        Whole years on the day of the study, stated or reckoned.
    study_date
        Day of the study.
    accession, description
        Of the study.
    """

    number: str
    name: str
    birth: date | None
    sex: str
    age_years: int | None
    study_date: date | None
    accession: str
    description: str

    @classmethod
    def of(cls, header: Dataset) -> NetworkPatient:
        """Return the patient of a film's header (``pacs.results.header``)."""
        birth, study = _day(header, "PatientBirthDate"), _day(header, "StudyDate")
        return cls(
            number=_text(header, "PatientID"),
            name=_text(header, "PatientName").replace("^", " ").strip(),
            birth=birth,
            sex=_text(header, "PatientSex"),
            age_years=_age(_text(header, "PatientAge"), birth, study),
            study_date=study,
            accession=_text(header, "AccessionNumber"),
            description=_text(header, "StudyDescription"),
        )

    def differences(self, other: NetworkPatient) -> tuple[str, ...]:
        """Return in which of ``name``, ``birth`` and ``sex`` two patients differ.

        A name must be there on both sides; a birth date or sex that one side does not state
        contradicts nothing.
        """
        found = []
        if not self.name or _plain(self.name) != _plain(other.name):
            found.append("name")
        if self.birth and other.birth and self.birth != other.birth:
            found.append("birth")
        if self.sex and other.sex and self.sex != other.sex:
            found.append("sex")
        return tuple(found)


def kept_header(keys: Keys, header: Dataset) -> str:
    """Return a header as a row keeps it: encrypted."""
    return keys.encrypt(json.dumps(header.to_json_dict(), sort_keys=True))


def header_of_row(keys: Keys, kept: str) -> Dataset:
    """Return what :func:`kept_header` was given.

    Raises
    ------
    CovidDError
        If it was encrypted under another key.
    """
    found: Mapping[str, Any] = json.loads(keys.decrypt(kept))
    return Dataset.from_json(dict(found))


def number_hash(keys: Keys, number: str) -> str | None:
    """Return the keyed hash under which a patient's number is found; ``None`` for none."""
    return keys.digest(PURPOSE, f"number {number}") if number else None


def study_hash(keys: Keys, header: Dataset) -> str:
    """Return the keyed hash that films of one study share."""
    return keys.digest(PURPOSE, f"study {header.StudyInstanceUID}")


def _text(header: Dataset, keyword: str) -> str:
    text = str(header.get(keyword) or "")
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()


def _day(header: Dataset, keyword: str) -> date | None:
    with suppress(ValueError):
        return parse_date(_text(header, keyword))
    return None


def _age(stated: str, birth: date | None, study: date | None) -> int | None:
    with suppress(ValueError):
        found = parse_age(stated)
        if found is not None and found.years is not None:
            return int(found.years)
    if birth is None or study is None or birth > study:
        return None
    return int(age_on(study, birth))


def _plain(name: str) -> str:
    """Return a name without what stations write differently: capitals, accents, spaces."""
    parted = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c for c in parted if not unicodedata.combining(c)).split())
