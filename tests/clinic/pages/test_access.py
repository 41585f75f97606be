"""Every route with every role: who is let in is written out here, not taken from the code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from clinic_factory import csrf_of
from covid_d.clinic.accounts import tokens
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.app import every_route, refuse_unguarded
from covid_d.clinic.http.visitor import access_of
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Permission, Role

SignIn = Callable[[Role], TestClient]
DOCTOR, RADIOLOGIST = Role.DOCTOR, Role.RADIOLOGIST
RESEARCHER, ADMINISTRATOR = Role.RESEARCHER, Role.ADMINISTRATOR
ALLOWED = {
    "use_own_account": {DOCTOR, RADIOLOGIST, RESEARCHER, ADMINISTRATOR},
    "create_case": {DOCTOR, RADIOLOGIST},
    "read_case": {DOCTOR, RADIOLOGIST},
    "add_follow_up": {DOCTOR, RADIOLOGIST},
    "read_as_second": {RADIOLOGIST},
    "see_dashboard": {DOCTOR, RADIOLOGIST, RESEARCHER, ADMINISTRATOR},
    "export_collection": {RESEARCHER},
    "see_studies": {DOCTOR, RADIOLOGIST, RESEARCHER},
    "create_study": {RESEARCHER},
    "use_api": {DOCTOR, RADIOLOGIST, RESEARCHER},
    "manage_users": {ADMINISTRATOR},
    "manage_units": {ADMINISTRATOR},
    "manage_bundles": {ADMINISTRATOR},
    "import": {ADMINISTRATOR},
    "read_audit_trail": {ADMINISTRATOR},
    "look_after": {ADMINISTRATOR},
}
# What needs no account. Think twice before a line is added.
PUBLIC = {
    "/",
    "/sign-in",
    "/sign-in/code",
    "/sign-out",
    "/language",
    "/first-start/{token}",
    "/password/{token}",
    "/openid/sign-in",
    "/openid/back",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/docs",
    "/api/v1/openapi.json",
}
# Beginning of the path -> what it needs at least to be; a page in the wrong place is found.
PLACES = {
    "/users": "manage_users",
    "/units": "manage_units",
    "/set-up": "manage_units",
    "/bundles": "manage_bundles",
    "/imports": "import",
    "/notification": "read_case",
    "/offline": "create_case",
    "/audit-trail": "read_audit_trail",
    "/upkeep": "look_after",
    "/collection/review": "read_case",  # clinicians look for burned-in names
    "/collection": "export_collection",
    "/account/tokens": "use_api",
    "/account": "use_own_account",
}
SAFE = {"GET", "HEAD", "OPTIONS"}
Route = tuple[str, str, str]


def _routes() -> Iterator[Route]:
    """Yield method, path and access of every route of the application."""
    app: Any = _bare_app()
    for path, route in every_route(app.router):
        for method in sorted(getattr(route, "methods", None) or {"GET"}):
            yield method, path, access_of(route) or ""


def _bare_app() -> FastAPI:
    """The application's routes, without an installation: they do not depend on one."""
    from covid_d.clinic import app as module
    from covid_d.clinic.api import router as api

    bare = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for group in module._PAGES:
        bare.include_router(group.router)
    bare.include_router(api.router)
    return bare


ROUTES = sorted(_routes())
GUARDED = [route for route in ROUTES if route[2] != "anyone"]
PAGES = [route for route in GUARDED if not route[1].startswith("/api/")]
CHANGES = [route for route in PAGES if route[0] not in SAFE]


def _address(path: str) -> str:
    """Fill a path's fields with what is not there."""
    return re.sub(r"\{[^}]*\}", "999999", path)


def _send(browser: TestClient, route: Route, **more: Any) -> int:
    method, path, _ = route
    return browser.request(method, _address(path), **more).status_code


def _name(route: Route) -> str:
    return f"{route[0]} {route[1]}"


def test_the_matrix_covers_every_permission_and_the_application_is_not_empty() -> None:
    assert set(ALLOWED) == {permission.value for permission in Permission}
    assert len(GUARDED) > 15


def test_what_needs_no_account_is_listed() -> None:
    assert {path for _, path, access in ROUTES if access == "anyone"} <= PUBLIC


def test_every_place_needs_what_it_is_for() -> None:
    for _, path, access in GUARDED:
        for place, needed in PLACES.items():  # the longer one first
            if path == place or path.startswith((f"{place}/", f"{place}.")):
                assert access == needed, path
                break


def test_a_route_that_says_nothing_keeps_the_clinic_from_starting() -> None:
    app, router = FastAPI(openapi_url=None, docs_url=None, redoc_url=None), APIRouter()
    router.add_api_route("/forgotten", lambda: None)
    app.include_router(router, prefix="/inner")
    with pytest.raises(RuntimeError, match="/inner/forgotten"):
        refuse_unguarded(app)


@pytest.mark.parametrize("role", list(Role))
def test_every_page_lets_in_exactly_who_is_allowed(
    role: Role, signed_in: SignIn, installation: Installation
) -> None:
    browser, wrong = signed_in(role), []
    headers = {"x-csrf-token": csrf_of(installation, browser)}
    for route in PAGES:
        status = _send(browser, route, headers=headers)
        denied = status == 403
        if denied != (role not in ALLOWED[route[2]]) or status == 401 or status >= 500:
            wrong.append((_name(route), status))
    assert not wrong


def test_nobody_known_is_sent_to_sign_in(client: TestClient) -> None:
    for route in PAGES:
        method, path, _ = route
        answer = client.request(method, _address(path))
        if method in SAFE:
            place = answer.headers.get("location", "")
            assert (answer.status_code, place.startswith("/sign-in")) == (303, True), path
        else:
            assert answer.status_code == 401, _name(route)


def test_the_api_answers_nobody_in_the_one_error_shape(client: TestClient) -> None:
    addresses = [(m, _address(p)) for m, p, _ in GUARDED if p.startswith("/api/")]
    for method, address in addresses:
        for headers in ({}, {"authorization": "Bearer nonsense"}, {"authorization": "Basic eDp5"}):
            answer = client.request(method, address, headers=headers)
            assert answer.status_code == 401, address
            assert answer.headers["www-authenticate"].startswith("Bearer")
            error = answer.json()["error"]
            assert error["code"] == "token_required"
            assert set(error["message"]) == {"es", "en"}


@pytest.mark.parametrize("role", [DOCTOR, RADIOLOGIST, RESEARCHER])
def test_the_api_lets_in_exactly_who_is_allowed(
    role: Role, client: TestClient, installation: Installation, people: dict[Role, Person]
) -> None:
    token = tokens.create(installation, people[role], "test", 1)
    for route in GUARDED:
        if route[1].startswith("/api/"):
            status = _send(client, route, headers={"authorization": f"Bearer {token}"})
            assert (status == 403) == (role not in ALLOWED[route[2]]), _name(route)


def test_a_session_cookie_opens_no_door_of_the_api(signed_in: SignIn) -> None:
    browser = signed_in(DOCTOR)
    for route in GUARDED:
        if route[1].startswith("/api/"):
            assert _send(browser, route) == 401, _name(route)


def test_forms_need_the_sessions_own_token(signed_in: SignIn, installation: Installation) -> None:
    for role in Role:
        browser, other = signed_in(role), signed_in(role)
        sent: list[dict[str, str]] = [
            {},
            {"x-csrf-token": ""},
            {"x-csrf-token": "wrong"},
            {"x-csrf-token": "ñ"},
            {"x-csrf-token": csrf_of(installation, other)},
        ]
        for route in CHANGES:
            if role in ALLOWED[route[2]]:
                for token in sent:
                    headers = {name: value.encode() for name, value in token.items()}
                    answer = browser.request(route[0], _address(route[1]), headers=headers)  # type: ignore[arg-type]
                    assert answer.status_code == 403, _name(route)
                    assert "caducado" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "http://testserver:81"},
    ],
)
def test_other_sites_change_nothing(
    headers: dict[str, str], signed_in: SignIn, installation: Installation
) -> None:
    browser = signed_in(ADMINISTRATOR)
    token = {"x-csrf-token": csrf_of(installation, browser)}
    for route in ROUTES:
        if route[0] not in SAFE:
            assert _send(browser, route, headers=headers | token) == 403, _name(route)


def test_our_own_pages_may(signed_in: SignIn, installation: Installation) -> None:
    browser = signed_in(ADMINISTRATOR)
    token = csrf_of(installation, browser)
    for headers in (
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": "http://testserver"},
    ):
        answer = browser.post(
            "/account/language", data={"language": "en", "csrf_token": token}, headers=headers
        )
        assert answer.status_code == 303


def test_methods_cannot_be_overridden(signed_in: SignIn) -> None:
    browser = signed_in(ADMINISTRATOR)
    for headers in ({"x-http-method-override": "POST"}, {"x-method-override": "POST"}):
        answer = browser.get("/users/1/unlock?_method=POST", headers=headers)
        assert answer.status_code == 405
    assert browser.request("TRACE", "/users").status_code == 405
