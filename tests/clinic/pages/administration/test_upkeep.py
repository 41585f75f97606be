"""The page of upkeep: what is missing, what the check found, and a patient erased on request."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from clinic_factory import add_case, csrf_of
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.database.sealed import table_of
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import integrity
from covid_d.clinic.roles import Role

SignIn = Callable[[Role], TestClient]
CEDULA = "1710034065"


@pytest.fixture
def chief(signed_in: SignIn) -> TestClient:
    return signed_in(Role.ADMINISTRATOR)


@pytest.fixture
def two_cases(installation: Installation, people: dict[Role, Person]) -> list[int]:
    doctor = people[Role.DOCTOR]
    return [
        add_case(installation, doctor, seed=seed, national_id=CEDULA, patient_code=f"HC-X{seed}")
        for seed in (1, 2)
    ]


def _send(
    installation: Installation, browser: TestClient, path: str, **form: str
) -> tuple[int, str]:
    answer = browser.post(path, data={**form, "csrf_token": csrf_of(installation, browser)})
    return answer.status_code, answer.text


def test_only_administrators_look_after_the_installation(signed_in: SignIn) -> None:
    for role in (Role.DOCTOR, Role.RADIOLOGIST, Role.RESEARCHER):
        browser = signed_in(role)
        assert browser.get("/upkeep").status_code == 403
        assert browser.get("/upkeep/erase").status_code == 403
        assert "/upkeep" not in browser.get("/account").text


def test_a_whole_clinic(chief: TestClient) -> None:
    page = chief.get("/upkeep")
    assert page.status_code == 200
    assert "Todavía no se hizo ninguna" in page.text
    assert 'id="missing"' not in page.text
    assert '<a href="/upkeep"' in page.text


def test_missing_films_are_listed(
    installation: Installation, chief: TestClient, two_cases: list[int]
) -> None:
    with installation.reading() as session:
        gone = session.scalars(select(Film.sha256).order_by(Film.id)).first()
    installation.films.remove(gone)
    page = chief.get("/upkeep").text
    assert f"films/{gone[:2]}/{gone}" in page
    assert 'id="missing"' in page


def test_what_the_check_found_is_shown(
    installation: Installation, chief: TestClient, two_cases: list[int]
) -> None:
    with installation.engine.begin() as connection:
        connection.execute(
            update(table_of(Case)).where(table_of(Case).c.id == two_cases[1]).values(age_years=3)
        )
    assert _send(installation, chief, "/upkeep/check")[0] == 303
    deadline = time.monotonic() + 300
    while integrity.last(installation) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    page = chief.get("/upkeep").text
    assert f"<code>patient_case:{two_cases[1]}</code>" in page
    assert "No todo está íntegro" in page


def test_a_sound_check_says_so_and_what_was_never_checked_is_not_said_to_be(
    installation: Installation, chief: TestClient
) -> None:
    assert "La última comprobación salió bien" not in chief.get("/upkeep").text
    integrity.check(installation)
    assert "La última comprobación salió bien" in chief.get("/upkeep").text
    assert "Todo está íntegro" in chief.get("/upkeep").text


def test_a_patient_is_erased_after_two_looks(
    installation: Installation, chief: TestClient, two_cases: list[int]
) -> None:
    assert chief.get("/upkeep/erase").status_code == 200
    status, page = _send(installation, chief, "/upkeep/erase", case=str(two_cases[1]))
    assert status == 200
    assert "Hospital Uno" in page
    assert f'value="{two_cases[0]},{two_cases[1]}"' in page
    assert "HC-X" not in page, "administrators see no patient"
    cases = f"{two_cases[0]},{two_cases[1]}"
    status, page = _send(
        installation, chief, "/upkeep/erase/confirmed", cases=cases, typed=str(two_cases[1])
    )
    assert status == 422
    assert "Escriba el número del primer caso" in page
    with installation.reading() as session:
        assert len(session.scalars(select(Case.id)).all()) == 2
    status, page = _send(installation, chief, "/upkeep/erase/confirmed", cases=cases, typed="HC-X")
    assert status == 422
    assert "Escriba el número del primer caso" in page, "the form again, not a page of errors"
    assert f'value="{cases}"' in page
    status, page = _send(
        installation, chief, "/upkeep/erase/confirmed", cases=cases, typed=str(two_cases[0])
    )
    assert status == 200
    assert "Paciente borrado" in page
    with installation.reading() as session:
        assert session.scalars(select(Case.id)).all() == []
        erased = select(AuditEntry.subject).where(AuditEntry.action == "case.erase")
        assert set(session.scalars(erased)) == {f"case:{number}" for number in two_cases}


def test_by_cedula(installation: Installation, chief: TestClient, two_cases: list[int]) -> None:
    status, page = _send(installation, chief, "/upkeep/erase", digits="171003406-5")
    assert status == 200
    assert f'value="{two_cases[0]},{two_cases[1]}"' in page


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "uno de los dos"),
        ({"case": "1", "digits": CEDULA}, "uno de los dos"),
        ({"case": "99"}, "No se encuentra a nadie"),
        ({"digits": "0926687856"}, "No se encuentra a nadie"),
        ({"case": "x"}, ""),
    ],
)
def test_what_finds_nobody_stays_in_the_form(
    installation: Installation,
    chief: TestClient,
    two_cases: list[int],
    form: dict[str, str],
    said: str,
) -> None:
    status, page = _send(installation, chief, "/upkeep/erase", **form)
    assert status == 422
    assert said in page
    assert "danger" in page or "error" in page


@pytest.mark.parametrize("cases", ["1", "1,2,3", "x", "2,1,99"])
def test_only_what_was_shown_is_erased(
    installation: Installation, chief: TestClient, two_cases: list[int], cases: str
) -> None:
    """A case entered since, or one that is not this patient's, is not erased unseen."""
    status, _ = _send(installation, chief, "/upkeep/erase/confirmed", cases=cases, typed="1")
    assert status in (404, 422)
    with installation.reading() as session:
        assert len(session.scalars(select(Case.id)).all()) == 2
