"""A patient's other cases: by cédula or code, of the own unit, told without any answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from clinic_clock import today
from clinic_factory import add_case, add_unit, add_user, phantom_png, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.same_patient import case_of_film, other_cases
from covid_d.clinic.database.cases import Case
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from films import dicom

pytestmark = pytest.mark.postgres

CEDULA = "1710034065"
People = dict[Role, Person]


def _others(place: Installation, case_id: int, person: Person) -> list[tuple[int, int]]:
    with place.reading() as session:
        found = other_cases(session, session.get_one(Case, case_id), person)
        assert list(found) == sorted(found, key=lambda one: one.created_at)
        return [(one.id, len(one.films)) for one in found]


def test_by_code_and_by_cedula(installation: Installation, people: People) -> None:
    doctor = people[Role.DOCTOR]
    two = [phantom_png(4), phantom_png(5)]
    first = add_case(installation, doctor, patient_code="A", national_id=CEDULA, films=two)
    by_code = add_case(installation, doctor, patient_code="A")
    by_cedula = add_case(installation, doctor, patient_code="B", national_id=CEDULA)
    nobody = add_case(installation, doctor, patient_code="C")
    assert _others(installation, first, doctor) == [(by_code, 1), (by_cedula, 1)]
    # Through the first case, which has both.
    assert _others(installation, by_code, doctor) == [(first, 2), (by_cedula, 1)]
    assert _others(installation, by_cedula, doctor) == [(first, 2), (by_code, 1)]
    assert _others(installation, nobody, doctor) == []


def test_each_with_its_films(installation: Installation, people: People) -> None:
    doctor = people[Role.DOCTOR]
    taken = today() - timedelta(days=4)
    dated = dicom(AcquisitionDate=taken.strftime("%Y%m%d"), ViewPosition="AP")
    first = add_case(installation, doctor, patient_code="A", films=[dated, b"no film"])
    second = add_case(installation, doctor, patient_code="A")
    with installation.reading() as session:
        case = session.get_one(Case, second)
        (other,) = other_cases(session, case, doctor)
        assert other.id == first
        assert [
            (film.number, film.projection, film.taken_on, film.readable) for film in other.films
        ] == [
            (1, "AP", taken, True),
            (2, "PA", None, False),
        ]
        ids = [film.id for film in other.films]
        assert [case_of_film(session, case, doctor, number) for number in ids] == [first, first]
        assert case_of_film(session, case, doctor, case.films[0].id) == second


def test_a_film_of_somebody_else_is_not_there(installation: Installation, people: People) -> None:
    doctor = people[Role.DOCTOR]
    own = add_case(installation, doctor, patient_code="A")
    other = add_case(installation, doctor, patient_code="B")
    with installation.reading() as session:
        theirs = session.get_one(Case, other).films[0].id
        for number in (theirs, 2**31 - 1):
            with pytest.raises(NotFoundError):
                case_of_film(session, session.get_one(Case, own), doctor, number)


def test_not_of_another_unit_nor_the_sample(installation: Installation, people: People) -> None:
    add_unit(installation, "Hospital Dos")
    colleague = add_user(installation, "otra", Role.DOCTOR, unit="Hospital Dos")
    add_case(installation, colleague, patient_code="A", national_id=CEDULA)
    doctor = people[Role.DOCTOR]
    add_case(installation, doctor, patient_code="A", sample=True, research_consent=False)
    own = add_case(installation, doctor, patient_code="A", national_id=CEDULA)
    assert _others(installation, own, doctor) == []


def test_the_page_lists_them_and_blind_reading_stays_blind(
    installation: Installation, people: People, signed_in: Callable[[Role], TestClient]
) -> None:
    read_blind(installation)
    doctor = people[Role.DOCTOR]
    first = add_case(installation, doctor, patient_code="A")
    second = add_case(installation, doctor, patient_code="A")
    page = signed_in(Role.DOCTOR).get(f"/cases/{second}").text
    listed = page[page.index('id="others-title"') :]
    listed = listed[: listed.index("</ol>")]
    assert f'href="/cases/{first}"' in listed
    assert "ompatible" not in listed
