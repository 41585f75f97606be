"""A prior film beside today's: found by patient, moved together, no answer told."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from browsing import settle, signed_in, until
from clinic_clock import today
from clinic_factory import add_case, add_unit, add_user, phantom_png, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import AnswerShown, Case
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from films import dicom, grey16

SignIn = Callable[[Role], TestClient]
People = dict[Role, Person]
_SCREENS = {"desktop": (1280, 800), "phone": (375, 740)}
_SHOTS = os.environ.get("COVID_D_TEST_SHOTS")
CEDULA = "1710034065"


def _shot(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody wants to look at it."""
    if _SHOTS:
        page.screenshot(path=Path(_SHOTS) / f"{name}.png", full_page=True)


def _film(days: int, seed: int, **elements: Any) -> bytes:
    day = today() - timedelta(days=days)
    pixels = grey16(seed, bits=12, size=300)
    return dicom(pixels, AcquisitionDate=day.strftime("%Y%m%d"), **elements)


def _films(place: Installation, case_id: int) -> list[int]:
    with place.reading() as session:
        return [film.id for film in session.get_one(Case, case_id).films]


@pytest.fixture
def pair(installation: Installation, people: People) -> tuple[int, int]:
    """An earlier and a later case of one patient, under two codes and one cédula."""
    doctor = people[Role.DOCTOR]
    old = [_film(9, 1, ImagerPixelSpacing=[0.5, 0.5]), b"no film"]
    first = add_case(installation, doctor, patient_code="A-1", national_id=CEDULA, films=old)
    new = [_film(2, 2, ViewPosition="AP")]
    return first, add_case(installation, doctor, patient_code="A-2", national_id=CEDULA, films=new)


def test_the_newest_earlier_film_is_proposed(
    installation: Installation, pair: tuple[int, int], signed_in: SignIn
) -> None:
    first, second = pair
    (prior, unread), (front,) = _films(installation, first), _films(installation, second)
    browser = signed_in(Role.DOCTOR)
    page = browser.get(f"/cases/{second}").text
    assert f'href="/cases/{second}/compare?film={front}"' in page
    assert f"compare?film={front}&amp;with={prior}" in page
    assert f"with={unread}" not in page, "nothing to see"
    compared = browser.get(f"/cases/{second}/compare").text
    places = [compared.index(f"/films/{film}/values") for film in (front, prior)]
    assert places == sorted(places), "the film in front stands first"
    assert compared.count("data-film ") == 2
    assert re.search(r'<li class="here">', compared)


def test_any_film_of_the_patient_may_be_chosen(
    installation: Installation, people: People, pair: tuple[int, int], signed_in: SignIn
) -> None:
    first, second = pair
    third = add_case(installation, people[Role.DOCTOR], patient_code="A-1", films=[_film(0, 3)])
    browser = signed_in(Role.DOCTOR)
    for here, there in ((first, third), (third, second)):
        chosen = _films(installation, there)[0]
        page = browser.get(f"/cases/{here}/compare?with={chosen}").text
        assert f"/cases/{there}/films/{chosen}/values" in page
    alone = browser.get(f"/cases/{first}/compare").text
    assert alone.count("data-film ") == 2, "a first case is compared with a later one"


def test_a_patient_with_one_film_has_none_to_compare(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    only = add_case(installation, people[Role.DOCTOR])
    browser = signed_in(Role.DOCTOR)
    assert "/compare" not in browser.get(f"/cases/{only}").text
    page = browser.get(f"/cases/{only}/compare")
    assert page.status_code == 200
    assert "no tiene otra radiografía" in page.text
    assert page.text.count("data-film ") == 1


def test_nobody_elses_film_is_shown(
    installation: Installation, people: People, pair: tuple[int, int], signed_in: SignIn
) -> None:
    _, second = pair
    stranger = add_case(installation, people[Role.DOCTOR], patient_code="Z", films=[_film(1, 4)])
    add_unit(installation, "Hospital Dos")
    colleague = add_user(installation, "otra", Role.DOCTOR, unit="Hospital Dos")
    away = add_case(
        installation, colleague, patient_code="A-2", national_id=CEDULA, films=[_film(3, 5)]
    )
    browser = signed_in(Role.DOCTOR)
    for case_id in (stranger, away):
        film = _films(installation, case_id)[0]
        assert browser.get(f"/cases/{second}/compare?with={film}").status_code == 404
    assert f"/cases/{away}" not in browser.get(f"/cases/{second}/compare").text
    assert browser.get(f"/cases/{away}/compare").status_code == 404
    assert browser.get(f"/cases/{second}/compare?with=0").status_code in (404, 422)
    assert signed_in(Role.RESEARCHER).get(f"/cases/{second}/compare").status_code in (403, 404)


def test_blind_reading_stays_blind(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    read_blind(installation)
    doctor = people[Role.DOCTOR]
    films = [[phantom_png(1)], [phantom_png(2)]]
    first, second = (add_case(installation, doctor, patient_code="A", films=one) for one in films)
    browser = signed_in(Role.DOCTOR)
    page = browser.get(f"/cases/{second}/compare").text
    for told in ("outcome", "evidence", "ompatible", "prediction", "badge"):
        assert told not in page, told
    with installation.reading() as session:
        assert session.scalars(select(AnswerShown)).all() == []
        seen = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "case.view").order_by(AuditEntry.sequence)
        ).all()
    assert [(entry.subject, entry.detail["answer_shown"]) for entry in seen] == [
        (f"case:{first}", False),
        (f"case:{second}", False),
    ]


@pytest.fixture
def faults() -> Iterator[list[str]]:
    found: list[str] = []
    yield found
    assert found == []


def _state(page: Page, at: int) -> list[int]:
    """The canvas of a film as bytes, thinned, once it is drawn."""
    settle(page)
    found: list[int] = page.evaluate(
        """(at) => { const c = document.querySelectorAll("[data-stage] canvas")[at];
        const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        return [...d.filter((_, i) => i % 4 === 0)].filter((_, i) => i % 97 === 0); }""",
        at,
    )
    return found


def _apart(one: list[int], other: list[int]) -> float:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("screen", _SCREENS)
def test_both_films_move_together(
    chromium: Browser,
    address: str,
    pair: tuple[int, int],
    faults: list[str],
    language: str,
    screen: str,
) -> None:
    _, second = pair
    width, height = _SCREENS[screen]
    with signed_in(chromium, address, viewport={"width": width, "height": height}) as context:
        context.add_cookies([{"name": "covid_d_language", "value": language, "url": address}])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.extend([line.text] * (line.type == "error")))
        page.goto(f"/cases/{second}")
        ways = page.locator(f"a[href^='/cases/{second}/compare']")
        ways.locator("visible=true").first.click()
        page.wait_for_selector("[data-viewer][data-ready]")
        left, right = (page.locator("[data-stage]").nth(at).bounding_box() for at in (0, 1))
        assert left is not None
        assert right is not None
        if screen == "phone":
            assert right["y"] >= left["y"] + left["height"], "one above the other"
        else:
            assert right["x"] >= left["x"] + left["width"], "side by side"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        _shot(page, f"compare-{screen}-{language}")
        found = Axe().run(page).response["violations"]
        assert [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")] == []
        start = [_state(page, at) for at in (0, 1)]
        for key in ("+", "+", "i"):
            page.keyboard.press(key)  # without a click on either film
        until(page, "document.querySelectorAll('.zoomed').length === 2")
        both = [_state(page, at) for at in (0, 1)]
        assert min(_apart(a, b) for a, b in zip(start, both, strict=True)) > 5
        page.locator("#viewer-together").uncheck()
        page.keyboard.press("r")
        settle(page)
        page.locator("[data-stage]").nth(1).focus()
        page.keyboard.press("i")
        alone = [_state(page, at) for at in (0, 1)]
        assert _apart(start[0], alone[0]) == 0, "only the film that was chosen"
        assert _apart(start[1], alone[1]) > 5
