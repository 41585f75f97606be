"""Numbers, days and moments as a reader in Ecuador or in England writes them; in whose language."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi import Request
from fastapi.testclient import TestClient

from covid_d.clinic.accounts import own_account
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.http.render import LANGUAGE_COOKIE, done, formats, go_to
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.language import Language, Message, Text

SignIn = Callable[[Role], TestClient]
NONE_BREAKING = "\N{NO-BREAK SPACE}"


def _shown(language: Language, kind: str, value: Any, *more: Any) -> str:
    return formats(language)[kind](value, *more).replace(NONE_BREAKING, " ")


@pytest.mark.parametrize(
    ("kind", "value", "more", "es", "en"),
    [
        ("number", 1234567, (), "1.234.567", "1,234,567"),
        ("number", 1234.5, (1,), "1.234,5", "1,234.5"),
        ("number", 0.125, (2,), "0,12", "0.12"),
        ("number", 0.135, (2,), "0,14", "0.14"),
        ("number", 7, (2,), "7,00", "7.00"),
        ("number", -3.4, (0,), "-3", "-3"),
        ("number", 0, (), "0", "0"),
        ("percent", 0.5, (), "50 %", "50 %"),
        ("percent", 0.1234, (1,), "12,3 %", "12.3 %"),
        ("percent", 1, (1,), "100,0 %", "100.0 %"),
        ("percent", 0.0004, (), "0 %", "0 %"),
        ("percent", 0, (2,), "0,00 %", "0.00 %"),
        ("day", date(2026, 3, 9), (), "9 mar 2026", "9 Mar 2026"),
        ("day", date(2026, 12, 31), ("d MMMM y",), "31 diciembre 2026", "31 December 2026"),
    ],
)
def test_numbers_and_days(kind: str, value: Any, more: tuple[Any, ...], es: str, en: str) -> None:
    assert _shown("es", kind, value, *more) == es
    assert _shown("en", kind, value, *more) == en


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("kind", ["number", "percent", "day", "moment"])
def test_what_is_not_known_is_a_dash_and_never_nought(language: Language, kind: str) -> None:
    assert _shown(language, kind, None) == "—"


def test_a_moment_is_written_in_the_zone_that_it_bears() -> None:
    moment = datetime(2026, 3, 1, 3, 5, tzinfo=UTC)
    assert _shown("es", "moment", moment) == "1 mar 2026, 03:05"
    here = moment.astimezone(ZoneInfo("America/Guayaquil"))
    assert _shown("es", "moment", here) == "28 feb 2026, 22:05"
    assert _shown("en", "moment", here) == "28 Feb 2026, 22:05"


def test_a_text_is_said_and_a_plain_one_left() -> None:
    assert _shown("es", "say", Message("Sí.", "Yes.")) == "Sí."
    assert _shown("en", "say", Message("Sí.", "Yes.")) == "Yes."
    assert _shown("en", "say", Text("RT-PCR")) == _shown("es", "say", "RT-PCR") == "RT-PCR"


@pytest.mark.parametrize(
    ("path", "notice", "location"),
    [
        ("/cases", None, "/cases"),
        ("/cases", "saved", "/cases?notice=saved"),
        ("/cases?page=2", "saved", "/cases?page=2&notice=saved"),
    ],
)
def test_after_a_form_the_browser_is_sent_on(path: str, notice: str | None, location: str) -> None:
    answer = go_to(path, notice=notice)
    assert (answer.status_code, answer.headers["location"]) == (303, location)


def test_a_notice_that_nobody_wrote_is_a_fault_of_ours() -> None:
    with pytest.raises(AssertionError, match="<script>"):
        go_to("/cases", notice="<script>")


@pytest.mark.parametrize(("by", "status"), [("fetch", 201), ("XMLHttpRequest", 303), (None, 303)])
def test_a_script_is_told_where_and_a_browser_led_there(by: str | None, status: int) -> None:
    headers = [] if by is None else [(b"x-requested-with", by.encode())]
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": headers})
    answer = done(request, "/cases/3", notice="case_saved")
    assert answer.status_code == status
    if status == 201:
        assert bytes(answer.body) == b'{"location":"/cases/3?notice=case_saved"}'
    else:
        assert answer.headers["location"] == "/cases/3?notice=case_saved"


def _language(browser: TestClient, path: str) -> str:
    return browser.get(path).text.split('<html lang="', 1)[1][:2]


def test_the_cookie_goes_before_the_account_and_the_account_before_the_clinic(
    installation: Installation, signed_in: SignIn, people: dict[Role, Person]
) -> None:
    browser = signed_in(Role.DOCTOR)
    assert _language(browser, "/account") == "es"
    own_account.choose_language(installation, people[Role.DOCTOR], "en")
    assert _language(browser, "/account") == "en"
    browser.cookies.set(LANGUAGE_COOKIE, "es")
    assert _language(browser, "/account") == "es"


@pytest.mark.parametrize("cookie", ["fr", "", "EN", "es'; --", "../en"])
def test_a_cookie_of_no_language_is_left_aside(client: TestClient, cookie: str) -> None:
    client.cookies.set(LANGUAGE_COOKIE, cookie)
    assert _language(client, "/sign-in") == "es"


@pytest.mark.parametrize(
    ("notice", "said"),
    [
        ("signed_out", "Su sesión se cerró."),
        ("nothing", None),
        ("<script>alert(1)</script>", None),
        ("Su sesión se cerró.", None),
        ("", None),
    ],
)
def test_an_address_says_no_notice_of_its_own(
    client: TestClient, notice: str, said: str | None
) -> None:
    page = client.get("/sign-in", params={"notice": notice}).text
    assert re.findall(r'notice success" role="status">([^<]*)<', page) == ([said] if said else [])
    assert "<script>alert" not in page
