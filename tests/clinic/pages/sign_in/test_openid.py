"""Signing in through a real OpenID provider on a local port."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from sqlalchemy import select, update

from clinic_factory import PASSWORD
from covid_d.clinic.accounts.openid import Provider
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.app import create_app
from covid_d.clinic.database.accounts import SignInSession, User
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.http.visitor import COOKIE
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.errors import CovidDError
from openid_provider import CLIENT, SECRET, OpenIdProvider
from row_seals import seal_rows
from signed_tokens import forged

BACK = "http://testserver/openid/back"
DOCTOR = {"sub": "u-1", "email": "doctor@hospital.ec", "email_verified": True}


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with OpenIdProvider.running(BACK) as running:
        running.claims = dict(DOCTOR)
        yield running


@pytest.fixture
def clinic_settings(clinic_settings: ClinicSettings, provider: OpenIdProvider) -> ClinicSettings:
    return clinic_settings.model_copy(
        update={
            "oidc_issuer": provider.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SecretStr(SECRET),
        }
    )


@pytest.fixture(autouse=True)
def doctor(installation: Installation, people: dict[Role, Person]) -> int:
    """The doctor's user name is an e-mail address."""
    with installation.writing() as session:
        session.execute(
            update(User).where(User.username == "doctor").values(username="doctor@hospital.ec")
        )
        seal_rows(session, anew=True)
    return people[Role.DOCTOR].id


def _leave(client: TestClient) -> str:
    """Leave for the provider and return where it sends the browser back to."""
    away = client.get("/openid/sign-in")
    assert away.status_code == 303, away.text
    answer = httpx2.get(away.headers["location"], timeout=60)
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"]).removeprefix("http://testserver")


def _sign_in(client: TestClient) -> Any:
    return client.get(_leave(client))


def _subject(installation: Installation, user_id: int) -> str | None:
    with installation.reading() as session:
        return session.get_one(User, user_id).oidc_subject


def test_whoever_the_provider_verifies_comes_in(
    client: TestClient, installation: Installation, doctor: int
) -> None:
    client.headers["user-agent"] = "curl/8.0"
    answer = _sign_in(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
    assert client.get("/account").status_code == 200
    assert _subject(installation, doctor) not in {None, "u-1"}
    with installation.reading() as session:
        (entry,) = session.scalars(select(AuditEntry)).all()
        assert session.scalars(select(SignInSession.browser)).all() == ["curl"]
    assert (entry.action, entry.detail) == ("sign_in", {"by": "openid", "linked": True})


def test_the_request_carries_state_nonce_and_challenge(client: TestClient) -> None:
    away = client.get("/openid/sign-in").headers["location"]
    asked = parse_qs(urlsplit(away).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [BACK]
    assert all(len(asked[name][0]) >= 20 for name in ("state", "nonce", "code_challenge"))
    assert (
        asked["state"]
        != parse_qs(urlsplit(client.get("/openid/sign-in").headers["location"]).query)["state"]
    )


def test_afterwards_only_the_subject_counts(
    client: TestClient, provider: OpenIdProvider, installation: Installation
) -> None:
    _sign_in(client)
    client.cookies.clear()
    provider.claims = {"sub": "u-1", "email": "new@hospital.ec", "email_verified": True}
    assert _sign_in(client).status_code == 303
    # Somebody else who got the doctor's old address does not get the doctor's account.
    client.cookies.clear()
    provider.claims = DOCTOR | {"sub": "u-2"}
    assert _sign_in(client).status_code == 403
    assert COOKIE not in client.cookies


@pytest.mark.parametrize(
    "change",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": "stranger@hospital.ec"},
        {"email": ""},
        {"email": ["doctor@hospital.ec"]},
    ],
)
def test_nobody_else_comes_in(
    client: TestClient, provider: OpenIdProvider, change: dict[str, Any]
) -> None:
    provider.claims |= change
    answer = _sign_in(client)
    assert answer.status_code == 403
    assert "no tiene cuenta" in answer.text
    assert COOKIE not in client.cookies


def test_a_switched_off_account_stays_out(client: TestClient, installation: Installation) -> None:
    with installation.writing() as session:
        session.execute(update(User).values(active=False))
        seal_rows(session, anew=True)
    assert _sign_in(client).status_code == 403


def test_an_answer_without_its_errand_is_refused(client: TestClient) -> None:
    back = _leave(client)
    client.cookies.clear()
    assert client.get(back).status_code == 401


def test_another_browsers_answer_is_refused(client: TestClient) -> None:
    theirs = _leave(client)
    client.cookies.clear()
    _leave(client)  # the victim's own errand
    assert client.get(theirs).status_code == 401
    assert COOKIE not in client.cookies


def test_a_forged_errand_is_refused(client: TestClient) -> None:
    back = _leave(client)
    cookie = client.cookies["covid_d_openid"]
    client.cookies.clear()
    client.cookies.set("covid_d_openid", forged(cookie))
    assert client.get(back).status_code == 401


def test_an_answer_works_once(client: TestClient) -> None:
    back = _leave(client)
    errand = client.cookies["covid_d_openid"]
    assert client.get(back).status_code == 303
    client.cookies.clear()
    client.cookies.set("covid_d_openid", errand)
    assert client.get(back).status_code == 401


@pytest.mark.parametrize(
    "forged",
    [
        {"iss": "https://evil.example"},
        {"aud": ["somebody else"]},
        {"nonce": "another"},
        {"exp": int(time.time()) - 3600},
        {"sub": ""},
    ],
)
def test_a_token_for_another_errand_proves_nothing(
    client: TestClient, provider: OpenIdProvider, forged: dict[str, Any]
) -> None:
    provider.forged = forged
    answer = _sign_in(client)
    assert answer.status_code == 401
    assert "no confirmó quién es usted" in answer.text


def test_a_token_signed_by_somebody_else_proves_nothing(
    client: TestClient, provider: OpenIdProvider
) -> None:
    provider.key = RSAKey.generate_key(2048, {"kid": "1", "alg": "RS256"})
    assert _sign_in(client).status_code == 401


def test_a_refusal_is_said(client: TestClient) -> None:
    state = parse_qs(urlsplit(client.get("/openid/sign-in").headers["location"]).query)["state"][0]
    answer = client.get(f"/openid/back?error=access_denied&state={state}")
    assert answer.status_code == 401


def test_a_provider_of_another_name_is_not_trusted(
    client: TestClient, provider: OpenIdProvider
) -> None:
    provider.issuer = "https://evil.example"
    answer = client.get("/openid/sign-in")
    assert answer.status_code == 503
    assert "Administradores" in answer.text or "administradores" in answer.text


def test_administrators_can_always_use_their_password(
    installation: Installation, clinic_settings: ClinicSettings
) -> None:
    place = Installation.open(clinic_settings.model_copy(update={"oidc_only": True}))
    with TestClient(create_app(place), follow_redirects=False) as browser:
        assert "/openid/sign-in" in browser.get("/sign-in").text

        def password(name: str) -> int:
            data = {"username": name, "password": PASSWORD}
            return browser.post("/sign-in", data=data).status_code

        assert password("doctor@hospital.ec") == 401
        assert password("administrator") == 303


@pytest.mark.parametrize(
    "change",
    [{"oidc_issuer": "http://provider.example"}, {"oidc_client_id": None}],
)
def test_unsafe_settings_keep_the_clinic_from_starting(
    clinic_settings: ClinicSettings, change: dict[str, Any]
) -> None:
    with pytest.raises(CovidDError, match="COVID_D_OIDC"):
        Provider(clinic_settings.model_copy(update=change))


def test_without_a_provider_there_is_no_such_page(
    installation: Installation, clinic_settings: ClinicSettings
) -> None:
    place = Installation.open(clinic_settings.model_copy(update={"oidc_issuer": None}))
    with TestClient(create_app(place), follow_redirects=False) as browser:
        assert browser.get("/openid/sign-in").status_code == 404
        assert "/openid/" not in browser.get("/sign-in").text
