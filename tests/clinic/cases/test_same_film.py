"""One film, two patients: stopped, told where it is, entered only with a reason that is kept."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

import films
from clinic_factory import add_case, add_unit, add_user, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.same_film import LONGEST_REASON, SameFilmError
from covid_d.clinic.database.cases import Case
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

CEDULA = "1710034065"


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    """Who enters."""
    return people[Role.DOCTOR]


def _enter(place: Installation, person: Person, code: str, reason: str = "", **more: Any) -> int:
    return add_case(place, person, patient_code=code, same_film_reason=reason, **more)


def _count(place: Installation) -> int:
    with place.reading() as session:
        return session.scalar(select(func.count()).select_from(Case)) or 0


def test_another_patients_film_needs_a_reason(installation: Installation, doctor: Person) -> None:
    first = _enter(installation, doctor, "HC-1")
    with pytest.raises(SameFilmError) as raised:
        _enter(installation, doctor, "HC-2")
    assert raised.value.cases == (first,)
    assert str(first) in raised.value.fields["same_film_reason"].in_language("es")
    assert _count(installation) == 1
    second = _enter(installation, doctor, "HC-2", "código mal escrito antes")
    with installation.reading() as session:
        entry = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.action == "case.create")
            .order_by(AuditEntry.sequence.desc())
        ).first()
    assert entry is not None
    assert (entry.detail["same_film_as"], entry.detail["reason"]) == (
        [first],
        "código mal escrito antes",
    )
    assert second != first


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_blanks_are_no_reason(installation: Installation, doctor: Person, reason: str) -> None:
    _enter(installation, doctor, "HC-1")
    with pytest.raises(SameFilmError):
        _enter(installation, doctor, "HC-2", reason)


@pytest.mark.parametrize("reason", ["x" * (LONGEST_REASON + 1), "a\x00b"])
def test_a_reason_that_cannot_be_kept(
    installation: Installation, doctor: Person, reason: str
) -> None:
    with pytest.raises(InvalidInputError) as raised:
        _enter(installation, doctor, "HC-1", reason)
    assert set(raised.value.fields) == {"same_film_reason"}


def test_the_same_patient_is_not_stopped(installation: Installation, doctor: Person) -> None:
    _enter(installation, doctor, "HC-1", national_id=CEDULA)
    _enter(installation, doctor, "HC-1")
    _enter(installation, doctor, "HC-9", national_id=CEDULA)
    assert _count(installation) == 3


def test_a_copy_under_another_name_is_found(installation: Installation, doctor: Person) -> None:
    one, other = (
        films.dicom(PatientName=name, PatientID=code, ViewPosition="PA")
        for name, code in (("PEREZ^ANA", "1"), ("MORA^LUZ", "2"))
    )
    assert one != other
    first = _enter(installation, doctor, "HC-1", films=[one])
    with pytest.raises(SameFilmError) as raised:
        _enter(installation, doctor, "HC-2", films=[phantom_png(8), other])
    assert raised.value.cases == (first,)


def test_another_units_case_is_not_named(installation: Installation, doctor: Person) -> None:
    add_unit(installation, "Hospital Dos")
    colleague = add_user(installation, "otra", Role.DOCTOR, unit="Hospital Dos")
    hidden = _enter(installation, colleague, "HC-1")
    with pytest.raises(SameFilmError) as raised:
        _enter(installation, doctor, "HC-1")
    assert raised.value.cases == ()
    assert str(hidden) not in raised.value.fields["same_film_reason"].in_language("en")


def test_the_sample_film_is_nobodys(installation: Installation, doctor: Person) -> None:
    _enter(installation, doctor, "M-1", sample=True, research_consent=False)
    _enter(installation, doctor, "M-2", sample=True, research_consent=False)
    _enter(installation, doctor, "HC-3")
    assert _count(installation) == 3
