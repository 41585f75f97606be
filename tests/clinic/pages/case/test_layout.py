"""Where things stand on the case page in a real Chromium: what decides is on the first screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, ViewportSize
from sqlalchemy import select

from browsing import settle, signed_in
from case_rows import AUDITED_TYPICAL, set_answer
from clinic_clock import today
from clinic_factory import add_case, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import StoredAssessment
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import CATEGORIES, Outcome

People = dict[Role, Person]
DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 375, "height": 812}


def _audited(place: Installation, doctor: Person) -> int:
    """A case whose answer has all that an answer can have."""
    case_id = add_case(place, doctor, films=[phantom_png(1)])
    with place.writing() as session:
        stored = session.scalars(select(StoredAssessment)).one()
        set_answer(stored, **AUDITED_TYPICAL)
    return case_id


def _open(page: Page, address: str, case_id: int, language: str) -> None:
    page.context.add_cookies([{"name": "covid_d_language", "value": language, "url": address}])
    page.goto(f"/cases/{case_id}")
    page.wait_for_selector("[data-viewer][data-ready]")
    settle(page)


def _box(page: Page, selector: str) -> dict[str, float]:
    """Left, top, right and bottom of the one element, in pixels of the window."""
    found = page.locator(selector).bounding_box()
    assert found is not None, selector
    return {
        "left": found["x"],
        "top": found["y"],
        "right": found["x"] + found["width"],
        "bottom": found["y"] + found["height"],
    }


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("audited", [True, False])
def test_film_answer_and_sliders_share_the_first_screen_of_a_desk(
    chromium: Browser,
    address: str,
    installation: Installation,
    people: People,
    language: str,
    audited: bool,
) -> None:
    doctor = people[Role.DOCTOR]
    case_id = _audited(installation, doctor) if audited else add_case(installation, doctor)
    with signed_in(chromium, address, viewport=DESK) as context:
        page = context.new_page()
        _open(page, address, case_id, language)
        for selector in (".outcome", "[data-stage]", ".viewer-tools", ".viewer-sliders"):
            box = _box(page, selector)
            assert box["top"] >= 0, selector
            assert box["bottom"] <= DESK["height"], (selector, box)
            assert box["right"] <= DESK["width"], (selector, box)
        stage = _box(page, "[data-stage]")
        assert stage["bottom"] - stage["top"] >= 480, "a film is worth most of the screen"
        assert stage["right"] - stage["left"] >= 480
        assert _box(page, ".outcome")["right"] <= stage["left"], "side by side"


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("audited", [True, False])
def test_a_phones_first_screen_holds_headline_and_film(
    chromium: Browser,
    address: str,
    installation: Installation,
    people: People,
    language: str,
    audited: bool,
) -> None:
    doctor = people[Role.DOCTOR]
    case_id = _audited(installation, doctor) if audited else add_case(installation, doctor)
    with signed_in(chromium, address, viewport=PHONE, has_touch=True) as context:
        page = context.new_page()
        _open(page, address, case_id, language)
        outcome, stage = _box(page, ".outcome"), _box(page, "[data-stage]")
        assert outcome["bottom"] <= stage["top"]
        assert min(stage["bottom"], PHONE["height"]) - stage["top"] >= 240, stage
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_laboratory_speaks_loudest_and_a_low_saturation_fits_a_phone(
    chromium: Browser, address: str, installation: Installation, people: People
) -> None:
    doctor = people[Role.DOCTOR]
    case_id = add_case(installation, doctor, spo2=85)
    with installation.writing() as session:
        set_answer(session.scalars(select(StoredAssessment)).one(), **AUDITED_TYPICAL)
    entry = Entry(EntryKind.RT_PCR, "positive", today())
    add(installation, doctor, Actor(doctor.id), case_id, entry)
    with signed_in(chromium, address, viewport=PHONE, has_touch=True) as context:
        page = context.new_page()
        _open(page, address, case_id, "es")
        for viewport in (PHONE, DESK):
            page.set_viewport_size(viewport)
            laboratory, *others = (
                page.locator(f".outcome {part}").evaluate(
                    "e => parseFloat(getComputedStyle(e).fontSize)"
                )
                for part in (".laboratory strong", "h2", ".laboratory")
            )
            assert laboratory > max(others), (viewport, laboratory, others)
            badge = _box(page, ".patient-line .badge")
            assert badge["right"] <= viewport["width"], "all of what comes first is read"
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_answer_without_signs_is_not_green(
    chromium: Browser, address: str, installation: Installation, people: People, scheme: str
) -> None:
    case_id = _audited(installation, people[Role.DOCTOR])
    with installation.writing() as session:
        stored = session.scalars(select(StoredAssessment)).one()
        set_answer(
            stored,
            outcome=Outcome.NEGATIVE,
            appearance=dict(zip(CATEGORIES, (0.97, 0.01, 0.01, 0.01), strict=True)),
            conformal_set=("negative",),
        )
    with signed_in(chromium, address, color_scheme=scheme) as context:
        page = context.new_page()
        _open(page, address, case_id, "es")
        for name in ("color", "background-color"):
            shown = page.locator(".outcome.negative").evaluate(
                f"e => getComputedStyle(e).getPropertyValue('{name}')"
            )
            red, green, blue = (float(n) for n in shown[shown.index("(") + 1 : -1].split(",")[:3])
            assert green <= max(red, blue), (name, shown)
