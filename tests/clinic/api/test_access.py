"""Tokens open what their owner may do, and nothing else; every route demands one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import update

from clinic_factory import add_user
from covid_d.clinic.accounts import tokens
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.app import every_route
from covid_d.clinic.database.accounts import ApiToken, User
from covid_d.clinic.http.visitor import access_of
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Permission, Role
from row_seals import seal_rows

Program = Callable[[Person], TestClient]

# What each route demands; a new one must be added here on purpose.
DEMANDS = {
    ("GET", "/api/v1/me"): Permission.USE_API,
    ("GET", "/api/v1/bundle"): Permission.USE_API,
    ("POST", "/api/v1/cases"): Permission.CREATE_CASE,
    ("GET", "/api/v1/cases"): Permission.READ_CASE,
    ("GET", "/api/v1/cases/{case_id}"): Permission.READ_CASE,
    ("GET", "/api/v1/cases/{case_id}/assessments"): Permission.READ_CASE,
    ("POST", "/api/v1/assessments"): Permission.CREATE_CASE,
    ("POST", "/api/v1/cases/{case_id}/readings"): Permission.READ_CASE,
    ("POST", "/api/v1/cases/{case_id}/consensus"): Permission.READ_AS_SECOND,
    ("GET", "/api/v1/cases/{case_id}/follow-up"): Permission.READ_CASE,
    ("POST", "/api/v1/cases/{case_id}/follow-up"): Permission.ADD_FOLLOW_UP,
}
OPEN = {("GET", "/api/v1/openapi.json"), ("GET", "/api/v1/docs")}


def test_every_route_demands_what_is_written_here(app: FastAPI) -> None:
    found = {
        (method, path): access_of(route)
        for path, route in every_route(app.router)
        if path.startswith("/api/")
        for method in getattr(route, "methods", ())
    }
    assert found == {**DEMANDS, **dict.fromkeys(OPEN, "anyone")}


@pytest.mark.parametrize("route", DEMANDS, ids=" ".join)
@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic ZDpk", "Bearer", "Bearer \xff"])
def test_without_a_token_nothing_opens(
    client: TestClient, route: tuple[str, str], header: str | None
) -> None:
    method, path = route
    given = [] if header is None else [(b"authorization", header.encode("latin-1"))]
    answer = client.request(method, path.format(case_id=1), headers=given)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_required")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("route", DEMANDS, ids=" ".join)
@pytest.mark.parametrize("role", [Role.DOCTOR, Role.RADIOLOGIST, Role.RESEARCHER])
def test_a_token_opens_what_its_owners_role_may_do(
    people: dict[Role, Person], program: Program, role: Role, route: tuple[str, str]
) -> None:
    method, path = route
    answer = program(people[role]).request(method, path.format(case_id=1))
    if DEMANDS[route] in role.permissions:
        assert answer.status_code in {200, 404, 422}
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


def test_a_browsers_session_is_no_token(signed_in: Callable[[Role], TestClient]) -> None:
    assert signed_in(Role.DOCTOR).get("/api/v1/me").status_code == 401


@pytest.mark.parametrize("values", [{"role": "administrator"}, {"must_change_password": True}])
def test_a_token_follows_its_owner(
    installation: Installation, doctor: TestClient, values: dict[str, object]
) -> None:
    assert doctor.get("/api/v1/me").status_code == 200
    with installation.writing() as session:
        session.execute(update(User).where(User.username == "doctor").values(**values))
        seal_rows(session, anew=True)
    assert doctor.get("/api/v1/me").status_code == 403


def test_a_revoked_token_is_dead(
    installation: Installation, people: dict[Role, Person], program: Program
) -> None:
    person = people[Role.DOCTOR]
    client = program(person)
    with installation.reading() as session:
        token = session.query(ApiToken).one()
    tokens.revoke(installation, person, token.id)
    assert client.get("/api/v1/me").status_code == 401


def test_who_am_i(people: dict[Role, Person], doctor: TestClient) -> None:
    found = doctor.get("/api/v1/me").json()
    assert (found["username"], found["role"], found["unit_name"]) == (
        "doctor",
        "doctor",
        "Hospital Uno",
    )
    assert set(found["permissions"]) == set(people[Role.DOCTOR].role.permissions)


def test_which_model_answers(installation: Installation, doctor: TestClient) -> None:
    found = doctor.get("/api/v1/bundle").json()
    bundle = installation.active_detector.detector.bundle
    assert (found["name"], found["sha256"]) == (bundle.spec.name, bundle.id.sha256)
    assert found["verdict"] == bundle.spec.verdict.status
    assert "No descarta COVID-19" in found["intended_use"]["es"]


def test_a_person_without_a_unit_sees_no_case(installation: Installation, program: Program) -> None:
    nowhere = program(add_user(installation, "nowhere", Role.DOCTOR))
    assert nowhere.get("/api/v1/cases").json()["total"] == 0
    assert nowhere.get("/api/v1/me").json()["unit_id"] is None
