"""Signing in: names, passwords, locks, and sessions that cannot be fixed or kept for ever."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from datetime import timedelta
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from clinic_factory import PASSWORD, csrf_of
from covid_d.clinic.accounts import sessions, sign_in, users
from covid_d.clinic.accounts.attempts import TRIES, TRIES_EVERYWHERE
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.app import create_app
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import SignInSession, User
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import ClinicError
from covid_d.clinic.http.render import LANGUAGE_COOKIE
from covid_d.clinic.http.visitor import COOKIE
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.act import Act
from covid_d.clinic.trail.audit_trail import Actor

pytestmark = pytest.mark.usefixtures("people")


def _sign_in(client: TestClient, username: str, password: str) -> int:
    return client.post("/sign-in", data={"username": username, "password": password}).status_code


def test_the_right_password_opens_a_session(client: TestClient) -> None:
    answer = client.post("/sign-in", data={"username": "DOCTOR", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/").headers["location"] == "/cases"


@pytest.mark.parametrize(("username", "password"), [("doctor", "wrong"), ("nobody", PASSWORD)])
def test_every_failure_looks_the_same(client: TestClient, username: str, password: str) -> None:
    answer = client.post("/sign-in", data={"username": username, "password": password})
    assert answer.status_code == 401
    assert "El usuario o la contraseña no son correctos." in answer.text
    assert username in answer.text
    assert COOKIE not in client.cookies


def test_an_account_rests_after_too_many_tries(
    client: TestClient, installation: Installation, people: dict[Role, Person]
) -> None:
    assert [_sign_in(client, "doctor", "wrong") for _ in range(TRIES)] == [401] * TRIES
    assert _sign_in(client, "doctor", PASSWORD) == 429
    assert users.one(installation, people[Role.DOCTOR].id).locked_until is not None
    users.unlock(installation, Actor(None), people[Role.DOCTOR].id)
    assert _sign_in(client, "doctor", PASSWORD) == 303


def _from(installation: Installation, address: str) -> TestClient:
    return TestClient(create_app(installation), client=(address, 1), follow_redirects=False)


def test_nobody_is_kept_out_by_others(installation: Installation) -> None:
    """Wrong passwords rest the name where they came from, the only administrator's too."""
    mine, theirs = _from(installation, "10.0.0.5"), _from(installation, "203.0.113.9")
    assert [_sign_in(theirs, "administrator", "wrong") for _ in range(TRIES + 1)][-1] == 429
    assert _sign_in(theirs, "administrator", PASSWORD) == 429
    assert _sign_in(mine, "administrator", PASSWORD) == 303


def test_many_addresses_do_not_try_for_ever(installation: Installation) -> None:
    familiar = _from(installation, "10.0.0.5")
    assert _sign_in(familiar, "doctor", PASSWORD) == 303
    for number in range(TRIES_EVERYWHERE):
        with installation.act(Actor(None, f"203.0.113.{number}")) as act:
            act.record("sign_in.failed", f"user:{_id(installation, 'doctor')}")
    assert _sign_in(_from(installation, "198.51.100.1"), "doctor", PASSWORD) == 429
    assert _sign_in(familiar, "doctor", PASSWORD) == 303, "where they signed in before"


def _id(installation: Installation, name: str) -> int:
    with installation.reading() as session:
        return session.scalars(select(User.id).where(User.username == name)).one()


@pytest.mark.parametrize("tries", [1, TRIES + 1])
def test_known_and_unknown_names_cost_the_same(installation: Installation, tries: int) -> None:
    """The same statements and one password check each: the time cannot tell who has an account."""

    def work(name: str) -> list[str]:
        for _ in range(tries - 1):
            _try(installation, name)
        said: list[str] = []

        def note(*words: object) -> None:
            said.append(str(words[2]))

        event.listen(installation.engine, "before_cursor_execute", note)
        _try(installation, name)
        event.remove(installation.engine, "before_cursor_execute", note)
        return said

    _try(installation, "somebody")  # the first entry of all notes the database's key, whoever comes
    known, unknown = work("doctor"), work("nobody")
    assert known == unknown
    assert len(known) > 5


def _try(installation: Installation, name: str) -> None:
    with pytest.raises(ClinicError):
        sign_in.sign_in(installation, name, "wrong", "10.0.0.7")


def test_a_switched_off_account_stays_out(client: TestClient, installation: Installation) -> None:
    assert _sign_in(client, "doctor", PASSWORD) == 303
    with installation.writing() as session:
        session.execute(update(User).values(active=False))
    assert client.get("/").headers["location"] == "/sign-in"
    assert _sign_in(client, "doctor", PASSWORD) == 401


def test_an_attackers_cookie_is_not_taken_over(client: TestClient) -> None:
    client.cookies.set(COOKIE, "known-to-the-attacker")
    assert _sign_in(client, "doctor", PASSWORD) == 303
    assert all(cookie.value != "known-to-the-attacker" for cookie in client.cookies.jar) or (
        client.cookies.get(COOKIE, domain="testserver.local") != "known-to-the-attacker"
    )


@pytest.mark.postgres
@pytest.mark.parametrize(
    "change",
    [
        {"last_seen_at": now() - timedelta(minutes=31)},
        {"created_at": now() - timedelta(hours=13)},
    ],
)
def test_sessions_end_by_themselves(
    installation: Installation, people: dict[Role, Person], change: dict[str, object]
) -> None:
    with installation.writing() as session:
        user = session.get_one(User, people[Role.DOCTOR].id)
        token = sessions.start(session, user)
    assert sessions.resume(installation, token) is not None
    with installation.writing() as session:
        session.execute(update(SignInSession).values(**change))
    assert sessions.resume(installation, token) is None


def test_signing_out_ends_the_session_on_the_server(client: TestClient) -> None:
    _sign_in(client, "doctor", PASSWORD)
    token = client.cookies[COOKIE]
    assert client.post("/sign-out").headers["location"] == "/sign-in?notice=signed_out"
    client.cookies.set(COOKIE, token)
    assert client.get("/").headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    "place",
    ["//evil.example", "https://evil.example", "/\\evil", "x", "/a\n", "/a\nb", "/" + 4000 * "a"],
)
def test_the_way_back_leads_to_ourselves_only(client: TestClient, place: str) -> None:
    answer = client.post(
        "/sign-in", data={"username": "doctor", "password": PASSWORD, "next": place}
    )
    assert answer.headers["location"] == "/"


def test_the_language_is_kept_whatever_the_way_back(client: TestClient) -> None:
    answer = client.post("/language", data={"language": "en", "next": "/a\nb"})
    assert answer.headers["location"] == "/"
    assert answer.cookies[LANGUAGE_COOKIE] == "en"


def test_the_language_is_kept(client: TestClient) -> None:
    assert "Iniciar sesión" in client.get("/sign-in").text
    client.post("/language", data={"language": "en", "next": "/sign-in"})
    assert "Sign in" in client.get("/sign-in").text


@pytest.mark.postgres
def test_the_language_changes_where_one_is_filters_and_all(client: TestClient) -> None:
    _sign_in(client, "doctor", PASSWORD)
    here = f"/cases?text=%C3%B1and%C3%BA+{'%C3%A1' * 70}&laboratory=pending&province=Manab%C3%AD"
    page = client.get(here).text
    found = re.search(r'name="next" value="([^"]*)"', page)
    assert found
    answer = client.post("/language", data={"language": "en", "next": unescape(found[1])})
    assert answer.headers["location"] == here
    assert "There is no case yet" in client.get(answer.headers["location"]).text


def test_an_ended_session_leads_back_filters_and_all(client: TestClient) -> None:
    here = "/cases?laboratory=pending&sort=oldest"
    led = client.get(here).headers["location"]
    way_back = re.findall(r'name="next" value="([^"]*)"', client.get(led).text)[-1]
    sent = {"username": "doctor", "password": PASSWORD, "next": unescape(way_back)}
    answer = client.post("/sign-in", data=sent)
    assert answer.headers["location"] == here


@pytest.mark.parametrize(
    "query",
    ['"><script>alert(1)</script>', "next=//evil.example", "a=%0d%0aset-cookie:x=y"],
)
def test_a_hostile_query_stays_a_query(client: TestClient, query: str) -> None:
    page = client.get("/sign-in?" + query).text
    assert "<script>alert" not in page
    found = re.search(r'id="here" name="next" value="([^"]*)"', page)
    assert found
    answer = client.post("/language", data={"language": "en", "next": unescape(found[1])})
    assert answer.headers["location"].startswith("/sign-in?")
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("covid_d_language=en")


def test_signing_in_writes_once(
    client: TestClient, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    act, writing = Installation.act, Installation.writing

    def acted(self: Installation, actor: Actor) -> AbstractContextManager[Act]:
        opened.append("a unit of work")
        return act(self, actor)

    def wrote(self: Installation) -> AbstractContextManager[Session]:
        opened.append("a transaction without a trace")
        return writing(self)

    monkeypatch.setattr(Installation, "act", acted)
    monkeypatch.setattr(Installation, "writing", wrote)
    sent = {"username": "doctor", "password": PASSWORD}
    answer = client.post("/sign-in", data=sent, headers={"user-agent": "curl/8.0"})
    assert answer.status_code == 303
    assert len(opened) == 1
    with installation.reading() as session:
        assert session.scalars(select(SignInSession.browser)).all() == ["curl"]


def test_each_try_is_in_the_audit_trail_without_the_password(
    client: TestClient, installation: Installation
) -> None:
    _sign_in(client, "doctor", "wrong")
    _sign_in(client, "doctor", PASSWORD)
    with installation.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)).all()
    assert [entry.action for entry in entries] == ["sign_in.failed", "sign_in"]
    assert PASSWORD not in str([entry.detail for entry in entries])


def test_the_form_token_belongs_to_the_session(
    client: TestClient, installation: Installation
) -> None:
    _sign_in(client, "doctor", PASSWORD)
    first = csrf_of(installation, client)
    client.post("/sign-out")
    _sign_in(client, "doctor", PASSWORD)
    assert csrf_of(installation, client) != first
