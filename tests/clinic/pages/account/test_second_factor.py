"""Setting up the second factor: by password, QR code and a first code; its codes are shown once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from authenticator import STEP, code_of, wrong_code
from clinic_clock import Hands
from clinic_factory import PASSWORD, csrf_of
from covid_d.clinic.accounts import second_factor, tokens
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.app import create_app
from covid_d.clinic.database.accounts import User
from covid_d.clinic.http.rate_limits import PASSWORD as PASSWORD_RULE
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

SignIn = Callable[[Role], TestClient]
PAGE = "/account/second-factor"


@pytest.fixture
def doctor(signed_in: SignIn) -> TestClient:
    return signed_in(Role.DOCTOR)


@pytest.fixture
def post(installation: Installation, doctor: TestClient) -> Callable[..., Any]:
    """Send one of the doctor's forms with its token."""

    def send(path: str, **data: str) -> Any:
        token = csrf_of(installation, doctor)
        return doctor.post(PAGE + path, data=data | {"csrf_token": token})

    return send


def _shown(page: str) -> tuple[str, str]:
    """Return the secret and the signed token of the page with the QR code."""
    (secret,) = re.findall(r'id="secret"[^>]*value="([A-Z2-7 ]+)"', page)
    (token,) = re.findall(r'name="enrolment" value="([^"]+)"', page)
    return secret, unescape(token)


def _codes(page: str) -> list[str]:
    return re.findall(r"<code>([a-z2-9-]{19})</code>", page)


def _enrol_keeping(
    browser: TestClient, installation: Installation, hands: Hands
) -> tuple[str, tuple[str, ...]]:
    """Set it up from this browser, whose session goes on."""
    token = csrf_of(installation, browser)
    begun = browser.post(f"{PAGE}/begin", data={"password": PASSWORD, "csrf_token": token})
    secret, enrolment = _shown(begun.text)
    sent = {"enrolment": enrolment, "code": code_of(secret, hands.moment), "csrf_token": token}
    codes = _codes(browser.post(f"{PAGE}/confirm", data=sent).text)
    hands.on(seconds=STEP)
    return secret, tuple(codes)


def test_the_way_through(
    doctor: TestClient,
    installation: Installation,
    people: dict[Role, Person],
    post: Callable[..., Any],
    hands: Hands,
) -> None:
    assert "Sin activar" in doctor.get("/account").text
    assert "Configurar" in doctor.get("/account").text
    page = post("/begin", password=PASSWORD)
    assert page.status_code == 200
    assert 'src="data:image/svg+xml' in page.text
    secret, token = _shown(page.text)
    again = post("/confirm", enrolment=token, code=wrong_code(secret, hands.moment))
    assert again.status_code == 422
    assert 'id="code-error"' in again.text
    assert _shown(again.text)[0] == secret, "the phone has this one already"
    done = post("/confirm", enrolment=token, code=code_of(secret, hands.moment))
    codes = _codes(done.text)
    assert len(codes) == len(set(codes)) == second_factor.CODES
    state = second_factor.state(installation, people[Role.DOCTOR])
    assert (state.since, state.codes_left) == (hands.moment, second_factor.CODES)
    for path in ("/account", PAGE):
        shown = doctor.get(path).text
        assert "quedan 10 códigos de recuperación" in shown
        assert secret.replace(" ", "") not in shown.replace(" ", "")
        assert not any(code in shown for code in codes)


def test_it_begins_with_the_password(
    doctor: TestClient, post: Callable[..., Any], installation: Installation
) -> None:
    refused = post("/begin", password="wrong")
    assert refused.status_code == 422
    assert 'id="password-error"' in refused.text
    assert "otpauth" not in refused.text
    assert 'id="secret"' not in refused.text


@pytest.mark.parametrize("form", ["/begin", "/off", "/codes"])
def test_neither_password_nor_code_is_guessed_here(post: Callable[..., Any], form: str) -> None:
    tries = [
        post(form, password="wrong", code="000000").status_code
        for _ in range(PASSWORD_RULE.amount + 1)
    ]
    assert tries == [422] * PASSWORD_RULE.amount + [429]


@pytest.mark.parametrize("token", ["", "x", "WzEsICJBQkMiXQ.aaaa.bbbb"])
def test_a_secret_of_nobody_is_not_confirmed(
    post: Callable[..., Any], installation: Installation, people: dict[Role, Person], token: str
) -> None:
    assert post("/confirm", enrolment=token, code="123456").headers["location"] == PAGE
    assert second_factor.state(installation, people[Role.DOCTOR]).since is None


def test_new_codes_and_switching_off(
    doctor: TestClient,
    installation: Installation,
    people: dict[Role, Person],
    post: Callable[..., Any],
    hands: Hands,
) -> None:
    secret, old = _enrol_keeping(doctor, installation, hands)
    refused = post("/codes", code=wrong_code(secret, hands.moment))
    assert (refused.status_code, 'id="code-error"' in refused.text) == (422, True)
    new = _codes(post("/codes", code=code_of(secret, hands.moment)).text)
    assert len(new) == second_factor.CODES
    assert not set(new) & set(old)
    wrong = post("/off", password=PASSWORD, code=old[0])
    assert (wrong.status_code, 'id="off-code-error"' in wrong.text) == (422, True)
    off = post("/off", password=PASSWORD, code=new[0])
    assert off.headers["location"] == "/account?notice=second_factor_off"
    assert second_factor.state(installation, people[Role.DOCTOR]).since is None


def test_who_comes_from_the_institution_is_asked_there(
    doctor: TestClient, installation: Installation, people: dict[Role, Person]
) -> None:
    with installation.writing() as session:
        user = session.get_one(User, people[Role.DOCTOR].id)
        user.password_hash, user.oidc_subject = None, "somebody"
    page = doctor.get(PAGE).text
    assert "cuenta de su institución" in page
    assert 'name="password"' not in page
    assert f'href="{PAGE}"' not in doctor.get("/account").text


def test_a_role_that_needs_one_is_led_to_it(
    installation: Installation, people: dict[Role, Person], hands: Hands
) -> None:
    chosen = installation.settings.model_copy(update={"second_factor": "doctor"})
    strict = replace(installation, settings=chosen)
    token = tokens.create(installation, people[Role.DOCTOR], "PACS", 30)
    with TestClient(create_app(strict), follow_redirects=False) as browser:
        browser.post("/sign-in", data={"username": "doctor", "password": PASSWORD})
        assert browser.get("/cases").headers["location"] == PAGE
        assert "Su rol exige un segundo factor" in browser.get(PAGE).text
        refused = browser.get("/api/v1/cases", headers={"authorization": f"Bearer {token}"})
        assert refused.status_code == 403
        assert refused.json()["error"]["code"] == "second_factor_needed"
        _enrol_keeping(browser, strict, hands)
        assert browser.get("/cases").status_code == 200
        allowed = browser.get("/api/v1/cases", headers={"authorization": f"Bearer {token}"})
        assert allowed.status_code == 200
        assert "Su rol exige un segundo factor" in browser.get(PAGE).text, "and why not to leave it"


def test_an_altered_account_gets_none(
    doctor: TestClient, installation: Installation, people: dict[Role, Person]
) -> None:
    with installation.engine.begin() as connection:
        connection.execute(
            update(User.__table__)  # type: ignore[arg-type]
            .where(User.__table__.c.id == people[Role.DOCTOR].id)
            .values(full_name="Somebody Else")
        )
    assert doctor.get(PAGE).headers["location"].startswith("/sign-in")


def test_every_forms_token_is_asked_for(doctor: TestClient) -> None:
    for path in ("/begin", "/confirm", "/codes", "/off"):
        assert doctor.post(PAGE + path, data={"password": PASSWORD}).status_code == 403
