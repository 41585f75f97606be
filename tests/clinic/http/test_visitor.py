"""Who asks, and whether the form is theirs: the token of the very session, wherever it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

import pytest
from fastapi import Depends
from fastapi.testclient import TestClient

from clinic_factory import PASSWORD, csrf_of
from covid_d.clinic.accounts import tokens
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.app import create_app
from covid_d.clinic.http.visitor import COOKIE, Anyone, Visitor, access_of, needs
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Permission, Role

SignIn = Callable[[Role], TestClient]
Reader = Annotated[Visitor, Depends(needs(Permission.READ_CASE))]


def _who(visitor: Reader) -> dict[str, object]:
    return {"who": visitor.person.username, "address": visitor.address}


def _open(visitor: Anyone) -> dict[str, object]:
    return {"who": visitor.person.username if visitor else None}


@pytest.fixture
def browser(installation: Installation, people: dict[Role, Person]) -> Iterator[TestClient]:
    """A browser of the doctor's, at a clinic with two pages more."""
    app = create_app(installation)
    app.add_api_route("/api/who", _who, methods=["GET", "POST", "PUT"])
    app.add_api_route("/api/open", _open, methods=["GET", "POST"])
    with TestClient(app, follow_redirects=False, client=("10.0.0.7", 9)) as opened:
        opened.post("/sign-in", data={"username": "doctor", "password": PASSWORD})
        yield opened


def test_reading_needs_no_token(browser: TestClient) -> None:
    assert browser.get("/api/who").json() == {"who": "doctor", "address": "10.0.0.7"}


def test_a_form_carries_the_sessions_token(browser: TestClient, installation: Installation) -> None:
    token = csrf_of(installation, browser)
    sent = [
        browser.post("/api/who", data={"csrf_token": token}),
        browser.post("/api/who", files={"csrf_token": (None, token)}),
        browser.post("/api/who", headers={"x-csrf-token": token}),
        browser.put("/api/who", headers={"x-csrf-token": token}, json={"a": 1}),
    ]
    assert [answer.status_code for answer in sent] == [200] * 4


def test_another_token_changes_nothing(browser: TestClient) -> None:
    for token in ("", "x", "é", "null"):
        assert _refused(browser, token) == {"csrf"}, token


def _refused(browser: TestClient, token: str) -> set[str]:
    sent = [
        browser.post("/api/who"),
        browser.post("/api/who", data={"csrf_token": token}),
        browser.post("/api/who", headers=[(b"x-csrf-token", token.encode())]),
        browser.post("/api/who", json={"csrf_token": token}),
        browser.post("/api/who", files={"csrf_token": ("token.txt", token.encode())}),
        browser.post(f"/api/who?csrf_token={token}"),
    ]
    return {answer.json()["error"]["code"] for answer in sent}


def test_another_sessions_token_is_not_this_ones(
    browser: TestClient, signed_in: SignIn, installation: Installation
) -> None:
    others = csrf_of(installation, signed_in(Role.DOCTOR))
    answer = browser.post("/api/who", data={"csrf_token": others})
    assert answer.json()["error"]["code"] == "csrf"


def test_a_wrong_header_is_not_made_good_by_the_form(
    browser: TestClient, installation: Installation
) -> None:
    token = csrf_of(installation, browser)
    for wrong in (f"{token}x", ""):
        answer = browser.post(
            "/api/who", data={"csrf_token": token}, headers={"x-csrf-token": wrong}
        )
        assert answer.json()["error"]["code"] == "csrf"


def test_the_token_is_asked_for_before_the_role(
    browser: TestClient, signed_in: SignIn, installation: Installation
) -> None:
    """Who forges a form learns nothing of what its victim may do."""
    researcher = signed_in(Role.RESEARCHER)
    browser.cookies.set(COOKIE, researcher.cookies[COOKIE], domain="testserver.local")
    assert browser.post("/api/who").json()["error"]["code"] == "csrf"
    told = browser.post(
        "/api/who", headers={"x-csrf-token": csrf_of(installation, researcher)}
    ).json()
    assert told["error"]["code"] == "forbidden"


def test_an_open_page_knows_its_visitor_and_needs_none(browser: TestClient) -> None:
    assert browser.post("/api/open").json() == {"who": "doctor"}
    browser.cookies.clear()
    assert browser.get("/api/open").json() == {"who": None}
    assert browser.get("/api/who").json()["error"]["code"] == "not_signed_in"


def test_a_programs_key_opens_no_page(
    browser: TestClient, installation: Installation, people: dict[Role, Person]
) -> None:
    key = tokens.create(installation, people[Role.DOCTOR], "programa", 9)
    browser.cookies.clear()
    answer = browser.get("/cases", headers={"authorization": f"Bearer {key}"})
    assert answer.headers["location"].startswith("/sign-in")


def test_each_route_says_whom_it_lets_in(browser: TestClient) -> None:
    said = {route.path: access_of(route) for route in browser.app.router.routes if _is_ours(route)}  # type: ignore[attr-defined]
    assert said == {"/api/who": "read_case", "/api/open": "anyone"}


def _is_ours(route: object) -> bool:
    return getattr(route, "path", "") in {"/api/who", "/api/open"}
