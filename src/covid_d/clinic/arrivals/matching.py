"""Which patient of a unit a film from the network is of; where it is not plain, what to ask.

A number alone never decides: names are typed at every station, and numbers are given twice. A film
is entered by itself only where somebody said before, of a film with the same number, name, birth
date and sex, whose it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from covid_d.clinic.arrivals.network_patient import NetworkPatient, header_of_row, number_hash
from covid_d.clinic.cases import national_id
from covid_d.clinic.cases.new_case import MAX_CODE
from covid_d.clinic.database.arrivals import Arrival
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.installation import Installation
from covid_d.language import N_, Text


class PatientQuestion(StrEnum):
    """What somebody must say before a film becomes a case."""

    UNKNOWN = "unknown"
    UNNAMED = "unnamed"
    DIFFERS = "differs"
    NO_NUMBER = "no_number"
    MIXED = "mixed"
    OTHER_PATIENT = "other_patient"
    TOO_MANY = "too_many"

    @property
    def text(self) -> Text:
        """The question in words."""
        return _QUESTIONS[self]


_QUESTIONS: Final = {
    PatientQuestion.UNKNOWN: N_("This number is not known here: is it a new patient?"),
    PatientQuestion.UNNAMED: N_(
        "The number is known here, but no name was ever confirmed with it: is it this patient?"
    ),
    PatientQuestion.DIFFERS: N_(
        "The number is known here with another name, birth date or sex: is it the same patient?"
    ),
    PatientQuestion.NO_NUMBER: N_("The film states no patient number: whose is it?"),
    PatientQuestion.MIXED: N_("The films of this study name different patients: whose are they?"),
    PatientQuestion.OTHER_PATIENT: N_(
        "The same radiograph is in another patient's case: check whose it is."
    ),
    PatientQuestion.TOO_MANY: N_("The study has more films than a case takes: choose among them."),
}


@dataclass(frozen=True, slots=True)
class KnownPatient:
    """A patient of the unit whose number a film states.

    Parameters
    ----------
    case
        Their newest case.
    confirmed
        What the last film from the network stated whose patient somebody confirmed; ``None`` where
        none came before.
    """

    case: Case
    confirmed: NetworkPatient | None


@dataclass(frozen=True, slots=True)
class Match:
    """What was found for the films of a study.

    Parameters
    ----------
    patient
        As the films state it.
    known
        Who it would be.
    question
        What must be asked; ``None`` where it is plain.
    differences
        In what the two differ: ``name``, ``birth``, ``sex``.
    """

    patient: NetworkPatient
    known: KnownPatient | None
    question: PatientQuestion | None
    differences: tuple[str, ...] = ()


def match(session: Session, installation: Installation, arrivals: Sequence[Arrival]) -> Match:
    """Return whose the films of one study are.

    Parameters
    ----------
    session, installation
        Where to look.
    arrivals
        Films of one study that came to one unit; at least one.
    """
    keys = installation.keys
    stated = [NetworkPatient.of(header_of_row(keys, each.header_encrypted)) for each in arrivals]
    patient = stated[0]
    if any(
        other.number != patient.number or (other.differences(patient) and other.name)
        for other in stated[1:]
    ):
        return Match(patient, None, PatientQuestion.MIXED)
    if not patient.number:
        return Match(patient, None, PatientQuestion.NO_NUMBER)
    known = known_patient(session, installation, arrivals[0].unit_id, patient)
    if known is None:
        return Match(patient, None, PatientQuestion.UNKNOWN)
    if known.confirmed is None:
        return Match(patient, known, PatientQuestion.UNNAMED)
    differences = patient.differences(known.confirmed)
    return Match(patient, known, PatientQuestion.DIFFERS if differences else None, differences)


def known_patient(
    session: Session, installation: Installation, unit_id: int, patient: NetworkPatient
) -> KnownPatient | None:
    """Return the unit's patient with a film's number; ``None`` if there is none."""
    keys = installation.keys
    confirmed = session.scalar(
        select(Arrival)
        .where(
            Arrival.unit_id == unit_id,
            Arrival.number_hash == number_hash(keys, patient.number),
            Arrival.case_id.is_not(None),
        )
        .order_by(Arrival.decided_at.desc(), Arrival.id.desc())
        .limit(1)
    )
    if confirmed is not None:
        case = session.get_one(Case, confirmed.case_id)
        header = header_of_row(keys, confirmed.header_encrypted)
        return KnownPatient(_newest(session, case), NetworkPatient.of(header))
    found = session.scalar(
        select(Case)
        .where(Case.unit_id == unit_id, Case.sample.is_(False), _numbered(installation, patient))
        .order_by(Case.id.desc())
        .limit(1)
    )
    return None if found is None else KnownPatient(found, None)


def holds(
    session: Session, arrival: Arrival, patient: NetworkPatient, installation: Installation
) -> int | None:
    """Return the case of the unit that holds a film already, entered by hand under its number."""
    return session.scalar(
        select(Case.id)
        .join(Film, Film.case_id == Case.id)
        .where(
            Film.sha256 == arrival.sha256,
            Case.unit_id == arrival.unit_id,
            _numbered(installation, patient),
        )
        .order_by(Case.id)
        .limit(1)
    )


def code_and_digits(installation: Installation, patient: NetworkPatient) -> tuple[str, str]:
    """Return a number as a case takes it: as the unit's code, or as a cédula.

    Either is empty where it is none, or cannot be kept.
    """
    digits = national_id.normalise(patient.number)
    if national_id.is_valid(digits):
        keeps = installation.settings.national_id != "off"
        return ("", digits) if keeps else (national_id.code_for(installation.keys, digits), "")
    return (patient.number if len(patient.number) <= MAX_CODE else ""), ""


def _numbered(installation: Installation, patient: NetworkPatient) -> ColumnElement[bool]:
    digits = national_id.normalise(patient.number)
    same = Case.patient_code == patient.number
    if national_id.is_valid(digits):
        keys = installation.keys
        same = or_(
            same,
            Case.national_id_hash == national_id.hash_of(keys, digits),
            Case.patient_code == national_id.code_for(keys, digits),
        )
    return same


def _newest(session: Session, case: Case) -> Case:
    found = session.scalar(
        select(Case)
        .where(Case.unit_id == case.unit_id, Case.patient_code == case.patient_code)
        .order_by(Case.id.desc())
        .limit(1)
    )
    return found or case
