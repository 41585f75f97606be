"""The patient's data of a case, in words; what is not known stays unknown."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from case_rows import add_row
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.patient import Patient
from covid_d.clinic.clock import Clock
from covid_d.clinic.database.cases import Case
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

QUITO, ISLANDS = Clock(ZoneInfo("America/Guayaquil")), Clock(ZoneInfo("Pacific/Galapagos"))
# Half past midnight in Quito, the evening before on the islands.
NIGHT = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)


def _patient(
    installation: Installation, person: Person, clock: Clock = QUITO, **columns: Any
) -> Patient:
    number = add_row(installation, person, created_at=NIGHT, **columns)
    with installation.reading() as session:
        return Patient.of(session.get_one(Case, number), clock)


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    return people[Role.DOCTOR]


def test_what_was_entered_is_said(installation: Installation, doctor: Person) -> None:
    found = _patient(
        installation,
        doctor,
        patient_code="HC-0042",
        age_years=61,
        sex="F",
        symptoms=["cough", "fever"],
        comorbidities=["none"],
        spo2=88,
        vaccine_doses=0,
        notes="Viene de Quevedo.",
    )
    assert (found.code, found.age_years, found.spo2, found.vaccine_doses) == ("HC-0042", 61, 88, 0)
    assert (found.unit, found.province) == ("Hospital Uno", "Guayas")
    assert found.sex is not None
    assert found.sex.in_language("es") == "Femenino"
    assert [each.in_language("es") for each in found.symptoms] == ["Tos", "Fiebre"]
    assert [each.in_language("en") for each in found.comorbidities] == ["None known"]
    assert found.notes == "Viene de Quevedo."
    assert found.entered_at == NIGHT


@pytest.mark.parametrize(
    ("spo2", "on_oxygen", "es", "en"),
    [
        (94, None, "94 %", "94 %"),
        (94, False, "94 % al aire ambiente", "94 % breathing air"),
        (94, True, "94 % con oxígeno", "94 % on oxygen"),
        (None, True, None, None),
    ],
)
def test_a_saturation_says_what_was_breathed(
    installation: Installation,
    doctor: Person,
    spo2: int | None,
    on_oxygen: bool | None,
    es: str | None,
    en: str | None,
) -> None:
    found = _patient(installation, doctor, spo2=spo2, on_oxygen=on_oxygen).saturation
    said = found and [found.in_language(language) for language in ("es", "en")]
    assert said == (None if es is None else [es, en])


LOW = "baja (menos de 90 %): primero, oxígeno y valoración urgente"


@pytest.mark.parametrize("on_oxygen", [None, False, True])
@pytest.mark.parametrize(
    ("spo2", "es", "en"),
    [
        (89, None, None),  # said to be low instead
        (90, "menos de 94 %", "below 94 %"),
        (93, "menos de 94 %", "below 94 %"),
        (94, None, None),
        (None, None, None),
    ],
)
def test_a_saturation_below_94_is_said_to_be_so_without_alarm(
    installation: Installation,
    doctor: Person,
    spo2: int | None,
    on_oxygen: bool | None,
    es: str | None,
    en: str | None,
) -> None:
    found = _patient(installation, doctor, spo2=spo2, on_oxygen=on_oxygen).reduced_saturation
    assert [found and found.in_language(language) for language in ("es", "en")] == [es, en]


@pytest.mark.parametrize("on_oxygen", [None, False, True])
@pytest.mark.parametrize(
    ("spo2", "es"),
    [(70, LOW), (89, LOW), (90, None), (None, None)],
)
def test_a_low_saturation_is_said_to_be_low_whatever_was_breathed(
    installation: Installation,
    doctor: Person,
    spo2: int | None,
    on_oxygen: bool | None,
    es: str | None,
) -> None:
    found = _patient(installation, doctor, spo2=spo2, on_oxygen=on_oxygen).low_saturation
    assert (found and found.in_language("es")) == es


def test_what_is_not_known_is_none_and_not_nought(
    installation: Installation, doctor: Person
) -> None:
    found = _patient(installation, doctor, age_years=None, sex=None, symptoms=[])
    assert (found.age_years, found.adult, found.sex, found.spo2) == (None,) * 4
    assert (found.vaccine_doses, found.symptom_onset, found.days_ill) == (None,) * 3
    assert found.symptoms == ()


@pytest.mark.parametrize(
    ("clock", "onset", "days"),
    [
        (QUITO, date(2026, 3, 2), 0),
        (QUITO, date(2026, 3, 1), 1),
        (QUITO, date(2026, 2, 20), 10),
        (ISLANDS, date(2026, 3, 1), 0),
        (ISLANDS, date(2026, 2, 20), 9),
    ],
)
def test_days_of_illness_are_those_of_the_place(
    installation: Installation, doctor: Person, clock: Clock, onset: date, days: int
) -> None:
    found = _patient(installation, doctor, clock, symptom_onset=onset)
    assert (found.symptom_onset, found.days_ill) == (onset, days)


def test_a_code_of_another_version_is_shown_as_it_is(
    installation: Installation, doctor: Person
) -> None:
    found = _patient(
        installation, doctor, sex="X", symptoms=["hiccups"], comorbidities=["lupus", "asthma"]
    )
    assert found.sex is None
    assert [each.in_language("es") for each in found.symptoms] == ["hiccups"]
    assert [each.in_language("es") for each in found.comorbidities] == ["lupus", "Asma"]


@pytest.mark.parametrize("adult", [True, False, None])
def test_whether_an_adult_of_no_age(
    installation: Installation, doctor: Person, adult: bool | None
) -> None:
    assert _patient(installation, doctor, age_years=None, adult=adult).adult is adult


def test_the_cedula_is_not_among_them(installation: Installation, doctor: Person) -> None:
    found = _patient(installation, doctor, national_id_encrypted="secret", national_id_hash="hash")
    assert "secret" not in repr(found)
    assert "hash" not in repr(found)
