"""The first administrator: one link, once, for a day; then there is no such page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from clinic_factory import PASSWORD, add_user, csrf_of
from covid_d.clinic.accounts import first_start, passwords
from covid_d.clinic.accounts.links import SpentLinkError
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import OneTimeLink, SignInSession, User
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import InvalidInputError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

FORM = {"username": "ana@hospital.ec", "full_name": "Ana Andrade", "password": PASSWORD}


def _link(installation: Installation) -> str:
    link = first_start.new_link(installation)
    assert link is not None
    return link


def _token(installation: Installation) -> str:
    return _link(installation).rpartition("/")[2]


def _users(installation: Installation) -> int:
    with installation.reading() as session:
        return session.scalar(select(func.count()).select_from(User)) or 0


@pytest.mark.postgres
def test_the_link_makes_the_administrator_once(
    client: TestClient, installation: Installation
) -> None:
    link = _link(installation)
    assert client.get(link).status_code == 200
    answer = client.post(link, data=FORM, headers={"user-agent": "curl/8.0"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/set-up?notice=welcome")
    assert "Primeros pasos" in client.get("/set-up").text
    with installation.reading() as session:
        user = session.scalars(select(User)).one()
        assert session.scalars(select(SignInSession.browser)).all() == ["curl"]
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.sequence)).all()
    assert (user.username, user.role) == ("ana@hospital.ec", "administrator")
    assert passwords.matches(PASSWORD, user.password_hash)
    assert actions == ["first_start.link", "first_start.administrator"]
    # Gone: for the form, for a second try, and for a new link.
    assert client.get(link).status_code == 404
    assert client.post(link, data=FORM | {"username": "eva"}).status_code == 404
    assert first_start.new_link(installation) is None
    assert _users(installation) == 1


def test_nothing_is_created_by_itself(installation: Installation) -> None:
    assert first_start.is_pending(installation)
    assert _users(installation) == 0


def test_a_restart_voids_the_old_link(client: TestClient, installation: Installation) -> None:
    old = _link(installation)
    new = _link(installation)
    assert client.get(old).status_code == 410
    assert client.post(old, data=FORM).status_code == 410
    assert client.get(new).status_code == 200
    assert _users(installation) == 0


def test_the_link_ends_after_a_day(client: TestClient, installation: Installation) -> None:
    link = _link(installation)
    with installation.writing() as session:
        session.execute(update(OneTimeLink).values(expires_at=now() - timedelta(seconds=1)))
    assert client.get(link).status_code == 410
    assert client.get("/first-start/guessed").status_code == 410


@pytest.mark.postgres
def test_the_database_does_not_hold_the_link(installation: Installation) -> None:
    token = _token(installation)
    with installation.reading() as session:
        row = session.scalars(select(OneTimeLink)).one()
        entries = session.scalars(select(AuditEntry)).all()
    assert token not in str(vars(row)) + str([vars(entry) for entry in entries])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "aaaaaaaaaaaaaaaa"}, "password"),
        ({"username": "a b"}, "username"),
        ({"username": "x"}, "username"),
        ({"full_name": " "}, "full_name"),
    ],
)
def test_a_refused_form_keeps_the_link(
    client: TestClient, installation: Installation, change: dict[str, str], field: str
) -> None:
    link = _link(installation)
    answer = client.post(link, data=FORM | change)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'value="Ana Andrade"' in answer.text or "full_name" in change
    assert "short" not in answer.text
    assert client.post(link, data=FORM).status_code == 303


def test_of_two_at_once_one_wins(installation: Installation) -> None:
    token = _token(installation)
    given = {"full_name": "Ana", "password": PASSWORD, "address": ""}
    first_start.create_administrator(installation, token, username="ana", **given)
    with pytest.raises((NotFoundError, SpentLinkError)):
        first_start.create_administrator(installation, token, username="eva", **given)
    with pytest.raises(InvalidInputError):
        _other(installation)


def _other(installation: Installation) -> None:
    with installation.writing() as session:
        from covid_d.clinic.accounts.user_details import UserDetails

        UserDetails("ANA", "Another", Role.ADMINISTRATOR).check(session)


def test_an_empty_installation_says_how_to_begin(
    client: TestClient, installation: Installation
) -> None:
    answer = client.get("/")
    assert "covid-d serve" in answer.text
    add_user(installation, "ana", Role.ADMINISTRATOR)
    assert client.get("/").headers["location"] == "/sign-in"


def test_the_first_steps_lead_to_the_first_doctor(
    client: TestClient, installation: Installation
) -> None:
    client.post(_link(installation), data=FORM)
    assert client.get("/").headers["location"] == "/set-up"
    assert first_start.steps(installation) == first_start.Steps(unit=True, clinician=False)
    token = csrf_of(installation, client)
    doctor = {"username": "luis", "full_name": "Luis Vera", "role": "doctor", "unit_id": "1"}
    answer = client.post("/users/new", data=doctor | {"csrf_token": token})
    assert answer.status_code == 200, answer.text
    assert first_start.steps(installation).done
    assert client.get("/").headers["location"] != "/set-up"
