"""The way back to the very page, for who changes the language: always one that a GET answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from clinic_factory import add_case, csrf_of
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.app import every_route
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

SignIn = Callable[[Role], TestClient]
ABSENT = 999_999
UNREADABLE = {"film": "x", "kind": "x", "active": "x", "decision": "x"}


def _way_back(answer: Response) -> str | None:
    found = re.search(r'id="here" name="next" value="([^"]*)"', answer.text)
    return unescape(found[1]) if found else None


def _forms(browser: TestClient) -> Iterator[str]:
    """Yield the path of every form of the pages."""
    app: Any = browser.app
    for path, route in every_route(app.router):
        if "POST" in getattr(route, "methods", ()) and not path.startswith("/api/"):
            yield path


def _filled(path: str, number: int) -> str:
    return re.sub(r"\{[^}]*\}", str(number), path)


@pytest.mark.parametrize("role", list(Role))
def test_every_page_in_answer_to_a_form_leads_back_to_one_that_is_answered(
    role: Role, signed_in: SignIn, installation: Installation, people: dict[Role, Person]
) -> None:
    add_case(installation, people[Role.DOCTOR])
    browser, pages = signed_in(role), 0
    led_from: dict[str, str] = {}
    leaving = {"/sign-out", "/language"}  # they cannot fail
    for path in sorted(set(_forms(browser)) - leaving):
        token = {"x-csrf-token": csrf_of(installation, browser)}
        # Without its token, with nothing in it, with what cannot be read.
        for headers, sent in (({}, {}), (token, {}), (token, UNREADABLE)):
            for number in (1, ABSENT):
                address = _filled(path, number)
                way_back = _way_back(browser.post(address, data=sent, headers=headers))
                if way_back is None:
                    continue
                pages += 1
                led_from.setdefault(way_back, address)
    assert pages > 50
    answered = {way_back: browser.get(way_back).status_code for way_back in led_from}
    # What is not there, or not this person's, is not theirs in any language.
    wrong = [
        (led_from[way_back], way_back, status)
        for way_back, status in answered.items()
        if status not in {200, 303, 403, 404, 410}
    ]
    assert not wrong


def test_a_refused_form_leads_back_to_its_own_page(
    signed_in: SignIn, installation: Installation, people: dict[Role, Person]
) -> None:
    case = add_case(installation, people[Role.DOCTOR])
    browser = signed_in(Role.DOCTOR)
    for form, page in {
        f"/cases/{case}/readings": f"/cases/{case}",
        f"/cases/{case}/follow-up": f"/cases/{case}/follow-up",
        "/cases/search": "/cases",
        "/cases/new": "/cases/new",
        "/account/password": "/account",
        "/account/tokens/7/revoke": "/account",
        "/films/staged/x/remove": "/",
        "/collection/review": "/collection/review",
    }.items():
        answer = browser.post(form, data={"csrf_token": "stale"})
        assert answer.status_code == 403
        assert _way_back(answer) == page
        assert browser.get(page).status_code == (303 if page == "/" else 200)


def test_a_refused_reading_leads_back_to_its_film(
    signed_in: SignIn, installation: Installation, people: dict[Role, Person]
) -> None:
    case = add_case(installation, people[Role.DOCTOR])
    browser = signed_in(Role.DOCTOR)
    sent = {"csrf_token": csrf_of(installation, browser), "finding": "", "film": "1"}
    answer = browser.post(f"/cases/{case}/readings", data=sent)
    assert answer.status_code == 422
    assert _way_back(answer) == f"/cases/{case}?film=1"


def test_a_refused_entry_leads_back_to_its_own_form(
    signed_in: SignIn, installation: Installation, people: dict[Role, Person]
) -> None:
    case = add_case(installation, people[Role.DOCTOR])
    browser = signed_in(Role.DOCTOR)
    token = {"csrf_token": csrf_of(installation, browser)}
    address = f"/cases/{case}/follow-up"
    answer = browser.post(address, data=token | {"kind": "outcome", "value": "none of these"})
    assert answer.status_code == 422
    assert _way_back(answer) == f"{address}?form=outcome"
    browser.post(address, data=token | {"kind": "diagnosis", "value": "U07.1"})
    sent = {"kind": "diagnosis", "value": "U07.1", "supersedes": "1", "reason": ""}
    answer = browser.post(address, data=token | sent)
    assert answer.status_code == 422
    assert _way_back(answer) == f"{address}?correct=1"
    answer = browser.post(address, data=token | sent | {"supersedes": "//evil.ec"})
    assert answer.status_code == 422
    assert _way_back(answer) == f"{address}?form=diagnosis"


def test_a_refused_sign_in_still_leads_to_where_one_was_going(client: TestClient) -> None:
    wanted = "/cases?laboratory=pending&province=Manab%C3%AD"
    sent = {"username": "doctor", "password": "wrong", "next": wanted}
    answer = client.post("/sign-in", data=sent)
    assert answer.status_code == 401
    way_back = _way_back(answer)
    assert way_back is not None
    assert way_back.startswith("/sign-in?next=")
    shown = client.get(way_back)
    assert unescape(re.findall(r'name="next" value="([^"]*)"', shown.text)[-1]) == wanted


def test_a_page_that_only_takes_forms_leads_back_to_theirs(signed_in: SignIn) -> None:
    answer = signed_in(Role.DOCTOR).get("/account/password")
    assert answer.status_code == 405
    assert _way_back(answer) == "/account"


def test_a_page_that_is_not_there_stays_where_it_is(signed_in: SignIn) -> None:
    assert _way_back(signed_in(Role.DOCTOR).get("/cases/7?film=2")) == "/cases/7?film=2"
    assert _way_back(signed_in(Role.DOCTOR).get("/nowhere?a=b")) == "/nowhere?a=b"
