"""What every answer carries, and what is turned away before anything is read."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from clinic_factory import PASSWORD, csrf_of
from covid_d.clinic.accounts import first_start, sessions, tokens, users
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.accounts.user_details import UserDetails
from covid_d.clinic.app import create_app
from covid_d.clinic.database.accounts import SignInSession, User
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.http.visitor import COOKIE
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail.audit_trail import Actor
from row_seals import seal_rows

SignIn = Callable[[Role], TestClient]
MEGABYTE = 1024 * 1024
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def small(clinic_settings: ClinicSettings, installation: Installation) -> Iterator[TestClient]:
    """A browser at a clinic that accepts one megabyte."""
    place = Installation.open(clinic_settings.model_copy(update={"max_upload_mb": 1}))
    with TestClient(create_app(place), follow_redirects=False) as browser:
        yield browser


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/nothing", "/static/clinic.css", "/first-start/x", "/account"]
)
def test_every_answer_carries_the_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


@pytest.mark.parametrize("role", list(Role))
def test_no_page_has_a_script_or_style_of_its_own(role: Role, signed_in: SignIn) -> None:
    browser = signed_in(role)
    for path in ("/account", "/users", "/users/new", "/units", "/units/new", "/audit-trail"):
        page = browser.get(path).text
        assert not re.search(r"<script(?![^>]*\ssrc=)", page)
        assert not re.search(r"\s(style|on\w+)=", page)
        assert "<style" not in page
        assert not re.search(r'(src|href)="(https?:)?//', page), "something of another server"


def test_behind_https_cookies_and_browsers_stay_there(
    clinic_settings: ClinicSettings, people: dict[Role, Person]
) -> None:
    place = Installation.open(clinic_settings.model_copy(update={"behind_https": True}))
    with TestClient(create_app(place), base_url="https://testserver") as browser:
        answer = browser.post(
            "/sign-in",
            data={"username": "doctor", "password": PASSWORD},
            follow_redirects=False,
        )
        cookie = answer.headers["set-cookie"].lower()
        assert all(flag in cookie for flag in ("secure", "httponly", "samesite=lax", "path=/"))
        assert "max-age" in answer.headers["strict-transport-security"]


def test_plain_http_promises_no_https(client: TestClient) -> None:
    assert "strict-transport-security" not in client.get("/sign-in").headers


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "10.0.0.9", ""])
def test_other_names_do_not_reach_the_clinic(client: TestClient, host: str) -> None:
    answer = client.get("/sign-in", headers={"host": host})
    assert answer.status_code == 400
    assert "La clínica no responde con este nombre." in answer.text
    assert "content-security-policy" in answer.headers
    assert not re.search(r"evil|10\.0\.0\.9|phantom|0\.1\.0|<form|/static/", answer.text), (
        "nothing of the request or the installation"
    )
    told = client.get("/api/v1/me", headers={"host": host})
    assert (told.status_code, told.json()["error"]["code"]) == (400, "unknown_host")
    for path in ("/static/clinic.css", "/healthz", "/metrics"):
        assert client.get(path, headers={"host": host}).status_code == 400, path


def test_another_name_changes_nothing(
    client: TestClient, installation: Installation, people: dict[Role, Person]
) -> None:
    sent = {"username": people[Role.DOCTOR].username, "password": PASSWORD}
    answer = client.post("/sign-in", data=sent, headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers
    with installation.reading() as session:
        assert session.scalars(select(SignInSession)).all() == []
        assert session.scalars(select(AuditEntry)).all() == []
    assert client.get("/sign-in", headers={"host": "LOCALHOST:8000"}).status_code == 200


@pytest.mark.parametrize("next_page", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_no_page_sends_the_browser_elsewhere(client: TestClient, next_page: str) -> None:
    answer = client.post("/language", data={"language": "en", "next": next_page})
    assert answer.headers["location"] == "/"
    page = client.get("/sign-in", params={"next": next_page}).text
    language, way_back = re.findall(r'name="next" value="([^"]*)"', page)
    assert language.startswith("/sign-in?next="), "this very page, which judges its query again"
    assert way_back == "/"
    assert page.count("evil") == language.count("evil")


def _signed_in(browser: TestClient) -> None:
    browser.post("/sign-in", data={"username": "doctor", "password": PASSWORD})
    assert COOKIE in browser.cookies


def _chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 65536):
        yield b"x" * 65536


@pytest.mark.usefixtures("people")
def test_a_body_that_is_too_large_gets_our_page(small: TestClient) -> None:
    _signed_in(small)
    for content in (b"x" * (MEGABYTE + 1), _chunks(2 * MEGABYTE)):
        answer = small.post("/account/password", content=content, headers=FORM)
        assert answer.status_code == 413
        assert "El archivo supera el tamaño" in answer.text
        assert "Volver al inicio" in answer.text
        assert "content-security-policy" in answer.headers


@pytest.mark.usefixtures("people")
def test_a_body_that_is_too_large_for_the_api_gets_its_shape(small: TestClient) -> None:
    answer = small.post("/api/v1/anything", content=b"x" * (MEGABYTE + 1))
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


def test_strangers_send_no_more_than_a_form(
    client: TestClient, installation: Installation, people: dict[Role, Person]
) -> None:
    def send(content: object, **headers: str) -> int:
        return client.post("/sign-in", content=content, headers=FORM | headers).status_code  # type: ignore[arg-type]

    assert send(b"x" * 1000) == 401  # a wrong password
    assert send(b"x" * 200_000) == 401
    assert send(_chunks(200_000)) == 401
    client.cookies.set(COOKIE, "invented")
    assert send(_chunks(200_000)) == 401
    assert send(b"x" * 200_000, authorization="Bearer invented") == 401
    with installation.reading() as session:
        assert len(session.scalars(select(AuditEntry)).all()) == 1  # only the first was read
    token = tokens.create(installation, people[Role.DOCTOR], "x", 1)
    answer = client.post(
        "/api/v1/nothing", content=b"x" * 200_000, headers={"authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 404


def test_a_length_that_lies_is_counted(small: TestClient) -> None:
    headers = FORM | {"content-length": "nonsense"}
    assert small.post("/sign-in", content=b"x", headers=headers).status_code == 401


def test_a_session_of_before_is_not_taken_over(
    client: TestClient, installation: Installation, people: dict[Role, Person]
) -> None:
    """An attacker who put a session into the browser does not get the victim's."""
    with installation.writing() as session:
        planted = sessions.start(session, session.get_one(User, people[Role.RESEARCHER].id))
    client.cookies.set(COOKIE, planted, domain="testserver.local")
    client.post("/sign-in", data={"username": "doctor", "password": PASSWORD})
    with installation.reading() as session:
        rows = session.scalars(select(SignInSession)).all()
    assert {row.user_id for row in rows} == {
        people[role].id for role in (Role.RESEARCHER, Role.DOCTOR)
    }
    found = sessions.resume(installation, planted)
    assert found is not None
    assert found[0].role is Role.RESEARCHER


def test_a_password_set_by_somebody_else_leads_to_the_account_page(
    signed_in: SignIn, installation: Installation
) -> None:
    browser = signed_in(Role.DOCTOR)
    with installation.writing() as session:
        session.execute(update(User).values(must_change_password=True))
        seal_rows(session, anew=True)
    token = csrf_of(installation, browser)
    assert browser.get("/audit-trail").status_code == 403
    assert browser.post("/account/tokens", data={"csrf_token": token}).status_code == 403
    assert "Elija una propia" in browser.get("/account").text
    change = {"old_password": PASSWORD, "new_password": "otra frase bien larga"}
    assert browser.post("/account/password", data=change | {"csrf_token": token}).status_code == 303
    answer = browser.post("/account/tokens", data={"csrf_token": token, "name": "x", "days": "1"})
    assert answer.status_code == 200


def test_secrets_are_never_logged(
    client: TestClient,
    installation: Installation,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    link = first_start.new_link(installation) or ""
    form = {"username": "ana", "full_name": "Ana", "password": PASSWORD}
    client.get(link)
    client.post(link, data=form)
    cookie, csrf = client.cookies[COOKIE], csrf_of(installation, client)
    client.post("/sign-in", data={"username": "ana", "password": "a wrong password"})
    new = UserDetails("eva", "Eva", Role.RESEARCHER)
    _, reset = users.create(installation, Actor(None), new)
    client.get(reset)
    client.post(reset, data={"password": "another wrong one"[:5]})
    with installation.reading() as session:
        trail = str([vars(entry) for entry in session.scalars(select(AuditEntry))])
    # The test's own client logs addresses; the server must not.
    ours = "\n".join(
        record.getMessage() for record in caplog.records if not record.name.startswith("httpx")
    )
    for secret in (
        PASSWORD,
        "a wrong password",
        cookie,
        csrf,
        link.split("/")[2],
        reset.split("/")[2],
    ):
        assert secret not in ours
        assert secret not in trail
