"""What is wrong with a case is said field by field, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from clinic_clock import today
from covid_d.clinic import clock
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.new_case import FIRST_ONSET, MAX_NOTES, NewCase, faults
from covid_d.clinic.cases.value_sets import PROVINCES
from covid_d.clinic.roles import Role

DOCTOR = Person(1, "ana", "Ana", Role.DOCTOR, unit_id=7, unit_name="Hospital Uno")
SOUND = NewCase(patient_code="HC-1", unit_id=7, province="Manabí")


def _faults(**changes: object) -> set[str]:
    return set(faults(replace(SOUND, **changes), DOCTOR, "encrypted", today()))  # type: ignore[arg-type]


def test_only_the_code_and_the_province_are_needed() -> None:
    assert faults(SOUND, DOCTOR, "encrypted", today()) == {}


def test_ecuador_has_twenty_four_provinces() -> None:
    assert len(PROVINCES) == 24


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("patient_code", "  "),
        ("patient_code", "x" * 41),
        ("patient_code", "a\x00b"),
        ("patient_code", "1710034065"),  # a cédula in the open
        ("national_id", "1710034066"),
        ("unit_id", 8),
        ("province", "Lima"),
        ("province", ""),
        ("sex", "X"),
        ("age_years", -1),
        ("age_years", 121),
        ("spo2", 39),
        ("spo2", 101),
        ("vaccine_doses", 11),
        ("symptom_onset", FIRST_ONSET - timedelta(days=1)),
        ("symptoms", ("cough", "none")),
        ("symptoms", ("bad luck",)),
        ("comorbidities", ("<script>",)),
        ("notes", "x" * (MAX_NOTES + 1)),
        ("notes", "a\x00b"),
    ],
)
def test_a_field_out_of_bounds_is_named(field: str, value: object) -> None:
    assert _faults(**{field: value}) == {field}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("age_years", 0),
        ("age_years", 120),
        ("spo2", 40),
        ("spo2", 100),
        ("symptoms", ("none",)),
        ("symptom_onset", FIRST_ONSET),
        ("notes", "línea\notra línea"),
    ],
)
def test_the_bounds_themselves_are_accepted(field: str, value: object) -> None:
    assert _faults(**{field: value}) == set()


def test_today_is_today_in_ecuador(monkeypatch: pytest.MonkeyPatch) -> None:
    # 02:00 UTC on the 2nd is still the 1st in Guayaquil.
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 2, 2, tzinfo=UTC))
    assert _faults(symptom_onset=today()) == set()
    assert today().day == 1
    assert _faults(symptom_onset=today() + timedelta(days=1)) == {"symptom_onset"}


def test_a_person_without_a_unit_enters_nothing() -> None:
    assert set(faults(SOUND, replace(DOCTOR, unit_id=None), "encrypted", today())) == {"unit_id"}


def test_where_the_cedula_is_not_kept_the_code_is_needed_and_the_cedula_refused() -> None:
    case = replace(SOUND, patient_code="", national_id="1710034065")
    assert faults(case, DOCTOR, "encrypted", today()) == {}
    assert set(faults(case, DOCTOR, "off", today())) == {"patient_code", "national_id"}


def test_every_fault_can_be_said_in_spanish() -> None:
    found = faults(replace(SOUND, age_years=400, sex="X"), DOCTOR, "off", today())
    assert found["age_years"].in_language("es") == "Escriba un número entero de 0 a 120."
    assert found["sex"].in_language("es") != found["sex"].in_language("en")
