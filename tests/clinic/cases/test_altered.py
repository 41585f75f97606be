"""What was changed in the database is not shown as an answer, a reading or a result, anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from case_rows import set_answer
from clinic_clock import CLOCK, today
from clinic_factory import add_case, csrf_of
from covid_d.clinic.accounts import tokens
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.report import make_report
from covid_d.clinic.cases.worklist import Filters, list_cases
from covid_d.clinic.database.cases import Case, Film, FollowUp, Reading, StoredAssessment
from covid_d.clinic.database.sealed import AlteredError, table_of
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.facts import current
from covid_d.clinic.follow_up.laboratory import ResultToDate
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import Outcome

SignIn = Callable[[Role], TestClient]
HEADLINE = "fue alterada en la base de datos y no se muestra"


@pytest.fixture
def case_id(installation: Installation, people: dict[Role, Person]) -> int:
    """A case with an answer and a negative result, which its doctor entered."""
    doctor = people[Role.DOCTOR]
    number = add_case(installation, doctor)
    entry = Entry(EntryKind.RT_PCR, "negative", today())
    add(installation, doctor, Actor(doctor.id), number, entry)
    return number


def _change(installation: Installation, table: Any, **values: Any) -> None:
    own = table_of(table)
    with installation.engine.begin() as connection:
        connection.execute(update(own).values(values))


@pytest.mark.postgres
def test_a_changed_answer_is_a_refusal_on_the_page(
    installation: Installation, signed_in: SignIn, case_id: int
) -> None:
    browser = signed_in(Role.DOCTOR)
    assert HEADLINE not in browser.get(f"/cases/{case_id}").text
    _change(installation, StoredAssessment, outcome="negative", negative=0.99)
    page = browser.get(f"/cases/{case_id}")
    assert page.status_code == 200
    assert HEADLINE in page.text


def test_a_changed_answer_is_a_refusal_for_programs(
    installation: Installation, people: dict[Role, Person], client: TestClient, case_id: int
) -> None:
    token = tokens.create(installation, people[Role.DOCTOR], "x", 1)
    client.headers["authorization"] = f"Bearer {token}"
    _change(installation, StoredAssessment, answer={"outcome": "negative"})
    told = client.get(f"/api/v1/cases/{case_id}").json()["assessments"]
    assert [(one["outcome"], one["refusal"]["code"]) for one in told] == [
        ("refused", "answer_altered")
    ]
    assert told[0]["probability"] is None


def test_a_changed_answer_is_a_refusal_in_the_list(
    installation: Installation, people: dict[Role, Person], case_id: int
) -> None:
    _change(installation, StoredAssessment, milliseconds=1.25)
    with installation.reading() as session:
        (row,) = list_cases(session, people[Role.DOCTOR], Filters(), clock=CLOCK).rows
    assert row.outcome is Outcome.REFUSED
    assert row.headline == Outcome.REFUSED.message


@pytest.mark.postgres
def test_the_report_prints_no_changed_answer(
    installation: Installation, signed_in: SignIn, people: dict[Role, Person], case_id: int
) -> None:
    _change(installation, StoredAssessment, bundle_verdict="audit-passed")
    doctor = people[Role.DOCTOR]
    report, _ = make_report(installation, doctor, Actor(doctor.id), case_id)
    assert [film.refused for film in report.films] == [True]
    assert HEADLINE in signed_in(Role.DOCTOR).get(f"/cases/{case_id}/report").text


@pytest.mark.postgres
def test_no_map_is_drawn_of_a_changed_answer(
    installation: Installation, signed_in: SignIn, case_id: int
) -> None:
    browser = signed_in(Role.DOCTOR)
    with installation.reading() as session:
        film = session.query(Film.id).scalar()
    with installation.writing() as session:
        set_answer(session.query(StoredAssessment).one(), verdict="audit-passed")
    address = f"/cases/{case_id}/films/{film}/evidence.png"
    assert browser.get(address).status_code == 200
    _change(installation, StoredAssessment, probability=0.5)
    assert browser.get(address).status_code == 503


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("table", "values"),
    [(Case, {"patient_code": "HC-7777"}), (Film, {"projection": "AP"})],
    ids=["case", "film"],
)
def test_a_changed_case_is_not_shown(
    installation: Installation,
    signed_in: SignIn,
    case_id: int,
    table: Any,
    values: dict[str, Any],
) -> None:
    browser = signed_in(Role.DOCTOR)
    _change(installation, table, **values)
    page = browser.get(f"/cases/{case_id}")
    assert page.status_code == 503
    assert "fue cambiado en la base de datos" in page.text
    assert "HC-7777" not in page.text
    reading = {"finding": "positive", "csrf_token": csrf_of(installation, browser)}
    assert browser.post(f"/cases/{case_id}/readings", data=reading).status_code == 503


def test_no_follow_up_is_added_to_a_changed_case(
    installation: Installation, people: dict[Role, Person], case_id: int
) -> None:
    _change(installation, Case, age_years=12)
    doctor = people[Role.DOCTOR]
    with pytest.raises(AlteredError):
        add(installation, doctor, Actor(doctor.id), case_id, Entry(EntryKind.DIAGNOSIS, "J10"))


def test_a_changed_result_counts_for_nothing(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn, case_id: int
) -> None:
    def laboratory() -> ResultToDate | None:
        with installation.reading() as session:
            (row,) = list_cases(session, people[Role.DOCTOR], Filters(), clock=CLOCK).rows
        return row.laboratory.to_date if row.laboratory else None

    assert laboratory() is ResultToDate.NEGATIVE
    _change(installation, FollowUp, value="positive")
    assert laboratory() is ResultToDate.PENDING
    with installation.reading() as session:
        case = session.get_one(Case, case_id)
        assert current(session, case, CLOCK).tests == ()
    page = signed_in(Role.DOCTOR).get(f"/cases/{case_id}").text
    assert "Cambiado en la base de datos: no se muestra" in page


def test_a_changed_reading_is_not_shown(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn, case_id: int
) -> None:
    browser, doctor = signed_in(Role.DOCTOR), people[Role.DOCTOR]
    sent = {"finding": "negative", "notes": "limpio", "csrf_token": csrf_of(installation, browser)}
    assert browser.post(f"/cases/{case_id}/readings", data=sent).status_code == 303
    assert "limpio" in browser.get(f"/cases/{case_id}").text
    _change(installation, Reading, finding="positive")
    report, _ = make_report(installation, doctor, Actor(doctor.id), case_id)
    assert report.readings == ()
    page = browser.get(f"/cases/{case_id}")
    assert page.status_code == 200
    assert "Cambiado en la base de datos: no se muestra" in page.text
