"""A role given in SQL lets nobody in; an administrator, or the machine's owner, mends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from clinic_factory import PASSWORD, csrf_of
from covid_d.cli.main import cli
from covid_d.clinic.accounts import links, passwords, tokens, users
from covid_d.clinic.accounts.links import Purpose, SpentLinkError
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.accounts.sign_in import WrongPasswordError, sign_in
from covid_d.clinic.accounts.user_details import UserDetails
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import ApiToken, OneTimeLink, SignInSession, User
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.database.sealed import table_of
from covid_d.clinic.errors import ConflictError
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import new_token, token_hash
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

SignIn = Callable[[Role], TestClient]
People = dict[Role, Person]


def _forge(installation: Installation, person: Person, **values: Any) -> None:
    with installation.engine.begin() as connection:
        connection.execute(
            update(table_of(User)).where(table_of(User).c.id == person.id).values(values)
        )


def test_a_role_given_in_sql_ends_the_session(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    browser = signed_in(Role.DOCTOR)
    assert browser.get("/cases").status_code == 200
    _forge(installation, people[Role.DOCTOR], role="administrator")
    assert browser.get("/users").headers["location"].startswith("/sign-in")
    assert browser.get("/cases").status_code == 303


def test_nobody_signs_in_with_a_role_given_in_sql(
    installation: Installation, people: People
) -> None:
    _forge(installation, people[Role.DOCTOR], role="administrator")
    with pytest.raises(WrongPasswordError):
        sign_in(installation, "doctor", PASSWORD, "127.0.0.1")


def test_a_password_set_in_sql_opens_nothing(installation: Installation, people: People) -> None:
    chief = people[Role.ADMINISTRATOR]
    _forge(installation, chief, password_hash=passwords.hash_of("palabra puesta por otro"))
    with pytest.raises(WrongPasswordError):
        sign_in(installation, "administrator", "palabra puesta por otro", "127.0.0.1")


@pytest.mark.postgres
def test_a_token_of_a_changed_account_is_dead(installation: Installation, people: People) -> None:
    token = tokens.create(installation, people[Role.DOCTOR], "x", 1)
    assert tokens.verify(installation, token) is not None
    _forge(installation, people[Role.DOCTOR], unit_id=None)
    assert tokens.verify(installation, token) is None


@pytest.mark.postgres
def test_a_session_put_into_the_table_is_none(
    installation: Installation, people: People, client: TestClient
) -> None:
    token, moment = new_token(), now()
    row = {
        "token_sha256": token_hash(token),
        "user_id": people[Role.ADMINISTRATOR].id,
        "csrf_token": "x",
        "created_at": moment,
        "last_seen_at": moment,
    }
    with installation.engine.begin() as connection:
        connection.execute(table_of(SignInSession).insert().values(row))
    client.cookies["covid_d_session"] = token
    assert client.get("/users").headers["location"].startswith("/sign-in")


@pytest.mark.postgres
def test_a_token_put_into_the_table_is_none(installation: Installation, people: People) -> None:
    token, moment = tokens.PREFIX + new_token(), now()
    row = {
        "user_id": people[Role.DOCTOR].id,
        "name": "x",
        "token_sha256": token_hash(token),
        "created_at": moment,
        "expires_at": moment + timedelta(days=1),
    }
    with installation.engine.begin() as connection:
        connection.execute(table_of(ApiToken).insert().values(row))
    assert tokens.verify(installation, token) is None


@pytest.mark.postgres
def test_a_link_put_into_the_table_is_none(installation: Installation, people: People) -> None:
    token, moment = new_token(), now()
    row = {
        "token_sha256": token_hash(token),
        "purpose": Purpose.PASSWORD.value,
        "user_id": people[Role.ADMINISTRATOR].id,
        "created_at": moment,
        "expires_at": moment + timedelta(hours=1),
    }
    with installation.engine.begin() as connection:
        connection.execute(table_of(OneTimeLink).insert().values(row))
    with installation.reading() as session, pytest.raises(SpentLinkError):
        links.check(session, Purpose.PASSWORD, token)


@pytest.mark.postgres
def test_the_administrator_sees_it_and_mends_it(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    doctor, browser = people[Role.DOCTOR], signed_in(Role.ADMINISTRATOR)
    _forge(installation, doctor, role="administrator", oidc_subject="f" * 64)
    assert "Cambiada en la base de datos" in browser.get("/users").text
    assert "nadie puede entrar con ella" in browser.get(f"/users/{doctor.id}").text
    reset = browser.post(
        f"/users/{doctor.id}/password", data={"csrf_token": csrf_of(installation, browser)}
    )
    assert reset.status_code == 409
    sent = {
        "username": "doctor",
        "full_name": "Doctor",
        "role": "doctor",
        "unit_id": str(doctor.unit_id),
        "csrf_token": csrf_of(installation, browser),
    }
    assert browser.post(f"/users/{doctor.id}", data=sent).status_code == 303
    with installation.reading() as session:
        user = session.get_one(User, doctor.id)
        assert (user.altered, user.role, user.password_hash, user.oidc_subject) == (
            False,
            "doctor",
            None,
            None,
        )
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence.desc())).first()
        assert (entry.action, entry.detail["altered"]) == ("user.edit", True)
    assert users.reset_password(installation, Actor(None), doctor.id).startswith("/password/")


def test_what_was_not_changed_needs_no_mending(installation: Installation, people: People) -> None:
    doctor = people[Role.DOCTOR]
    details = UserDetails("doctor", "Doctor", Role.DOCTOR, doctor.unit_id)
    users.edit(installation, Actor(None), doctor.id, details)
    assert sign_in(installation, "doctor", PASSWORD, "127.0.0.1")


def test_a_role_that_nobody_knows_is_listed_all_the_same(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    browser = signed_in(Role.ADMINISTRATOR)
    _forge(installation, people[Role.DOCTOR], role="emperor")
    assert browser.get("/users").status_code == 200
    assert [one.altered for one in users.every(installation)].count(True) == 1


def test_switching_a_changed_account_off_needs_it_mended_first(
    installation: Installation, people: People
) -> None:
    _forge(installation, people[Role.DOCTOR], role="radiologist")
    with pytest.raises(ConflictError) as caught:
        users.reset_password(installation, Actor(None), people[Role.DOCTOR].id)
    assert caught.value.code == "account_altered"


@pytest.mark.postgres
def test_the_machines_owner_comes_back_in(
    installation: Installation, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The only administrator's row was changed: nobody is left to mend it on a page."""
    chief = people[Role.ADMINISTRATOR]
    _forge(installation, chief, password_hash=None)
    url = installation.settings.database_url
    if url is not None:
        monkeypatch.setenv("COVID_D_DATABASE_URL", url.get_secret_value())
    result = CliRunner().invoke(
        cli, ["user", "reset-password", "administrator", "--data", str(installation.folder)]
    )
    assert result.exit_code == 0, result.output
    assert "administrator" in result.stderr
    with installation.reading() as session:
        assert not session.get_one(User, chief.id).altered
