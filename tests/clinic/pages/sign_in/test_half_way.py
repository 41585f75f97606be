"""The code's page: reached after the right password alone, for five minutes, in that browser."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from authenticator import STEP, code_of, enrol, wrong_code
from clinic_clock import Hands
from clinic_factory import PASSWORD
from covid_d.clinic.accounts.attempts import TRIES
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.app import create_app
from covid_d.clinic.http.visitor import COOKIE
from covid_d.clinic.installation import Installation
from covid_d.clinic.pages.sign_in import half_way
from covid_d.clinic.roles import Role

PAGE = "/sign-in/code"


@pytest.fixture
def phone(
    installation: Installation, people: dict[Role, Person], hands: Hands
) -> tuple[str, tuple[str, ...]]:
    """The doctor's secret and recovery codes."""
    made = enrol(installation, people[Role.DOCTOR], PASSWORD, at=hands.moment)
    hands.on(seconds=STEP * 3)
    return made


def _begin(client: TestClient, next: str = "/cases") -> None:
    sent = {"username": "doctor", "password": PASSWORD, "next": next}
    answer = client.post("/sign-in", data=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert COOKIE not in client.cookies
    told = answer.headers["set-cookie"].lower()
    assert all(word in told for word in ("httponly", "samesite=strict", "path=/sign-in/code"))


def test_password_and_code_open_the_page_that_was_wanted(
    client: TestClient, phone: tuple[str, tuple[str, ...]], hands: Hands
) -> None:
    _begin(client, "/reading-list?waiting=urgent")
    assert client.get("/cases").headers["location"].startswith("/sign-in"), "not in yet"
    page = client.get(PAGE).text
    assert 'autocomplete="one-time-code"' in page
    assert 'inputmode="numeric"' in page
    answer = client.post(PAGE, data={"code": code_of(phone[0], hands.moment)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/reading-list?waiting=urgent")
    assert client.get("/cases").status_code == 200
    assert client.get(PAGE).headers["location"] == "/sign-in", "it is over"


def test_a_wrong_code_asks_again_and_says_what_may_help(
    client: TestClient, phone: tuple[str, tuple[str, ...]], hands: Hands
) -> None:
    _begin(client)
    answer = client.post(PAGE, data={"code": wrong_code(phone[0], hands.moment)})
    assert answer.status_code == 401
    assert "Este código es incorrecto, venció o ya se usó." in answer.text
    assert "el reloj del teléfono" in answer.text
    assert COOKIE not in client.cookies
    assert client.post(PAGE, data={"code": code_of(phone[0], hands.moment)}).status_code == 303


def test_too_many_wrong_codes_rest(
    client: TestClient, phone: tuple[str, tuple[str, ...]], hands: Hands
) -> None:
    _begin(client)
    wrong = wrong_code(phone[0], hands.moment)
    tries = [client.post(PAGE, data={"code": wrong}) for _ in range(TRIES + 1)]
    assert [answer.status_code for answer in tries] == [401] * TRIES + [429]
    assert int(tries[-1].headers["retry-after"]) > 0


def test_a_recovery_code_and_what_is_said_of_it(
    client: TestClient, phone: tuple[str, tuple[str, ...]]
) -> None:
    _begin(client)
    page = client.get(f"{PAGE}?recovery=yes").text
    assert "numeric" not in page
    refused = client.post(PAGE, data={"code": "abcd-efgh", "recovery": "yes"})
    assert 'name="recovery" value="yes"' in refused.text, "it stays the form of recovery codes"
    answer = client.post(PAGE, data={"code": phone[1][0], "recovery": "yes"})
    assert answer.headers["location"] == "/cases?notice=recovery_used"
    account = client.get("/account").text
    assert "quedan 9 códigos de recuperación" in account


def test_nobody_comes_here_without_the_password(
    client: TestClient, phone: tuple[str, tuple[str, ...]], hands: Hands
) -> None:
    code = code_of(phone[0], hands.moment)
    assert client.get(PAGE).headers["location"] == "/sign-in"
    answer = client.post(PAGE, data={"code": code})
    assert answer.status_code == 401
    assert "Este inicio de sesión tardó demasiado." in answer.text
    assert 'name="code"' not in answer.text
    client.cookies.set("covid_d_half_way", "forged.forged.forged", path=PAGE)
    assert client.post(PAGE, data={"code": code}).status_code == 401


def test_five_minutes_are_enough(
    client: TestClient,
    phone: tuple[str, tuple[str, ...]],
    hands: Hands,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert half_way._SECONDS == 300
    _begin(client)
    monkeypatch.setattr(half_way, "_SECONDS", -1)
    answer = client.post(PAGE, data={"code": code_of(phone[0], hands.moment)})
    assert answer.status_code == 401


def test_another_site_is_no_place_to_go(
    client: TestClient, phone: tuple[str, tuple[str, ...]], hands: Hands
) -> None:
    _begin(client, "https://evil.example/")
    answer = client.post(PAGE, data={"code": code_of(phone[0], hands.moment)})
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("code", ["\0", "x" * 41, "9" * 5000, "\u202e123456"])
def test_garbage_is_no_code(
    client: TestClient, phone: tuple[str, tuple[str, ...]], code: str
) -> None:
    _begin(client)
    assert client.post(PAGE, data={"code": code}).status_code in {401, 422}


def test_behind_https_the_cookie_travels_over_it_alone(
    installation: Installation, phone: tuple[str, tuple[str, ...]]
) -> None:
    chosen = installation.settings.model_copy(update={"behind_https": True})
    with TestClient(
        create_app(replace(installation, settings=chosen)),
        base_url="https://testserver",
        follow_redirects=False,
    ) as browser:
        answer = browser.post("/sign-in", data={"username": "doctor", "password": PASSWORD})
        assert "secure" in answer.headers["set-cookie"].lower()
