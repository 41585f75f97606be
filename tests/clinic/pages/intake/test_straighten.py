"""A photograph is straightened in the browser by mouse and keyboard, then answered or not."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from browsing import signed_in, until
from clinic_factory import csrf_of, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import Film
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from films import dicom
from photographs import SHARES, photograph_of

SignIn = Callable[[Role], TestClient]
_SCREENS = {"desktop": (1280, 800), "phone": (375, 740)}
_CASE = re.compile(r"/cases/[0-9]+\?notice=case_saved$")
_SHOTS = os.environ.get("COVID_D_TEST_SHOTS")


def _shot(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody wants to look at it."""
    if _SHOTS:
        page.screenshot(path=Path(_SHOTS) / f"{name}.png")


def _file(content: bytes) -> Any:
    return {"name": "foto.jpg", "mimeType": "image/jpeg", "buffer": content}


def _stage(place: Installation, browser: TestClient, content: bytes) -> str:
    headers = {"x-csrf-token": csrf_of(place, browser), "x-requested-with": "fetch"}
    answer = browser.post("/films/staged", content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(re.findall(r'data-token="([^"]+)"', answer.text)[0])


def _straighten(place: Installation, browser: TestClient, token: str, body: Any) -> Any:
    headers = {"x-csrf-token": csrf_of(place, browser), "x-requested-with": "fetch"}
    return browser.post(
        f"/films/staged/{token}/straightened",
        content=body if isinstance(body, str) else json.dumps(body),
        headers=headers | {"content-type": "application/json"},
    )


def test_the_server_makes_the_card_of_the_straightened_film(
    installation: Installation, signed_in: SignIn
) -> None:
    browser = signed_in(Role.DOCTOR)
    token = _stage(installation, browser, photograph_of(phantom_png(2)))
    proposed = browser.get(f"/films/staged/{token}/corners").json()
    assert proposed["found"] is True
    shown = browser.get(f"/films/staged/{token}/photograph")
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["cache-control"] == "no-store"
    answer = _straighten(installation, browser, token, {"corners": proposed["corners"]})
    assert answer.status_code == 201, answer.text
    assert "Enderezada por el usuario" in answer.text
    assert f'data-straighten="{token}"' in answer.text, "it can be straightened anew"
    assert 'class="film"' in answer.text, "it is not refused"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        {"corners": []},
        {"corners": [[0, 0]] * 5},
        {"corners": [[0, 0], [1, 0], [1, 1], ["x", 1]]},
        {"corners": [[0, 0], [1, 1], [1, 0], [0, 1]]},
    ],
)
def test_what_are_no_corners_is_said(
    installation: Installation, signed_in: SignIn, body: Any
) -> None:
    browser = signed_in(Role.DOCTOR)
    token = _stage(installation, browser, photograph_of(phantom_png(2)))
    answer = _straighten(installation, browser, token, body)
    assert answer.status_code == 422
    assert "corners" in answer.json()["error"]["fields"]


def test_nobody_elses_and_no_dicom(installation: Installation, signed_in: SignIn) -> None:
    browser = signed_in(Role.DOCTOR)
    token = _stage(installation, browser, photograph_of(phantom_png(2)))
    other = signed_in(Role.RADIOLOGIST)
    whole = {"corners": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    assert _straighten(installation, other, token, whole).status_code == 404
    assert other.get(f"/films/staged/{token}/photograph").status_code == 404
    assert other.get(f"/films/staged/{token}/corners").status_code == 404
    film = _stage(installation, browser, dicom())
    assert _straighten(installation, browser, film, whole).status_code == 404
    card = browser.get("/cases/new").text
    assert "data-straighten" not in card
    without = browser.post(f"/films/staged/{token}/straightened", content=json.dumps(whole))
    assert without.status_code == 403


def _away(page: Page) -> float:
    """How far the corners are from the film's, at most, in shares."""
    found = page.evaluate(
        """() => [...document.querySelectorAll("[data-corner]")].map((corner) =>
            [parseFloat(corner.style.left) / 100, parseFloat(corner.style.top) / 100])"""
    )
    apart = (
        abs(a - b) for one, other in zip(found, SHARES, strict=True)
        for a, b in zip(one, other, strict=True)
    )  # fmt: skip
    return float(max(apart))


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("screen", _SCREENS)
def test_a_photograph_is_straightened_and_answered(
    chromium: Browser,
    address: str,
    installation: Installation,
    people: dict[Role, Person],
    language: str,
    screen: str,
) -> None:
    width, height = _SCREENS[screen]
    with signed_in(chromium, address, viewport={"width": width, "height": height}) as context:
        context.add_cookies([{"name": "covid_d_language", "value": language, "url": address}])
        page = context.new_page()
        page.goto("/cases/new")
        page.set_input_files("#films", [_file(photograph_of(phantom_png(2)))])
        offer = page.locator("[data-straighten]")
        expect(offer).to_have_count(1)
        offer.click()
        expect(page.locator("#straightener")).to_be_visible()
        until(page, "document.querySelector('#straightener img').naturalWidth > 600")
        until(page, "document.querySelectorAll('[data-corner]')[2].style.left !== ''")
        assert _away(page) < 0.02, "the proposal"
        _shot(page, f"straighten-{screen}-{language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page).response["violations"]
        assert [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")] == []
        _move_away_and_back(page)
        page.click("[data-do=straighten]")
        expect(page.locator("#straightener")).to_be_hidden()
        said = {"es": "Enderezada por el usuario", "en": "Straightened by the user"}[language]
        expect(page.locator("#film-list .film")).to_have_count(1)
        expect(page.locator("#film-list .film")).to_contain_text(said)
        expect(page.locator("#film-list .film.refused")).to_have_count(0)
        _shot(page, f"straightened-{screen}-{language}")
        page.fill("#patient_code", "HC-9")
        page.select_option("#adult", "yes")
        page.click("#save")
        page.wait_for_url(_CASE)
        expect(page.locator(".film-card")).to_contain_text(said)
        expect(page.locator(".answer .outcome")).to_be_visible()
    with installation.reading() as session:
        film = session.scalars(select(Film)).one()
    assert film.straightened is not None
    assert film.sha256 != film.received_sha256


def _move_away_and_back(page: Page) -> None:
    """Drag a corner off and across, which is said; bring it back by keyboard and proposal."""
    corner = page.locator("[data-corner]").first
    corner.scroll_into_view_if_needed()
    box = corner.bounding_box()
    stage = page.locator("#straightener [data-stage]").bounding_box()
    assert box is not None
    assert stage is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    expect(page.locator("#straightener canvas")).to_be_visible()
    page.mouse.move(stage["x"] + 0.9 * stage["width"], stage["y"] + 0.95 * stage["height"], steps=4)
    page.mouse.up()
    expect(page.locator("#straightener canvas")).to_be_hidden()
    expect(page.locator("[data-do=straighten]")).to_be_disabled()
    expect(page.locator("#straightener [data-status]")).not_to_be_empty()
    page.click("[data-do=propose]")
    expect(page.locator("[data-do=straighten]")).to_be_enabled()
    before = page.evaluate("parseFloat(document.querySelector('[data-corner]').style.left)")
    corner.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowLeft")
    after = page.evaluate("parseFloat(document.querySelector('[data-corner]').style.left)")
    assert after - before == pytest.approx(0.2 - 2.0)
    page.keyboard.press("Shift+ArrowRight")


@pytest.mark.parametrize("screen", _SCREENS)
def test_one_in_coloured_light_is_still_refused(
    chromium: Browser, address: str, people: dict[Role, Person], screen: str
) -> None:
    width, height = _SCREENS[screen]
    with signed_in(chromium, address, viewport={"width": width, "height": height}) as context:
        page = context.new_page()
        page.goto("/cases/new")
        page.set_input_files("#films", [_file(photograph_of(phantom_png(2), (0.4, 0.7, 1.0)))])
        expect(page.locator("#film-list .film.refused")).to_have_count(1)
        page.click("[data-straighten]")
        until(page, "document.querySelectorAll('[data-corner]')[2].style.left !== ''")
        page.click("[data-do=straighten]")
        expect(page.locator("#straightener")).to_be_hidden()
        card = page.locator("#film-list .film.refused")
        expect(card).to_have_count(1)
        expect(card).to_contain_text("Enderezada por el usuario")
        expect(card.locator(".error")).not_to_be_empty()
        page.click("[data-straighten]")
        expect(page.locator("#straightener")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#straightener")).to_be_hidden()
        expect(page.locator("#film-list .film")).to_have_count(1)
