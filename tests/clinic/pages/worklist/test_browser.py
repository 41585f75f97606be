"""Worklist, follow-up and the API's page in a real browser: live filters, no script, axe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from browsing import held_back, leading_on, settle, signed_in
from case_rows import add_many, add_row
from clinic_clock import today
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import national_id
from covid_d.clinic.clock import now
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.http.visitor import COOKIE
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

CEDULA = "1710034065"


@pytest.fixture
def doctor(installation: Installation, people: dict[Role, Person]) -> Person:
    """A doctor with 61 cases, one of them a blind one with a history."""
    person = people[Role.DOCTOR]
    add_many(installation, person, 60, outcomes=["positive", "negative", "refused"])
    case_id = add_row(
        installation,
        person,
        "positive",
        "negative",
        blind=True,
        created_at=now() - timedelta(days=9),
        national_id_hash=national_id.hash_of(installation.keys, CEDULA),
    )
    actor, day = Actor(person.id), today() - timedelta(days=8)
    old = add(
        installation, person, actor, case_id, Entry(EntryKind.RT_PCR, "positive", day, "Hisopado")
    )
    change = Entry(EntryKind.RT_PCR, "negative", day, "", old, "Otro paciente")
    add(installation, person, actor, case_id, change)
    return person


@pytest.fixture
def page(chromium: Browser, address: str, doctor: Person) -> Iterator[Page]:
    """The worklist before the doctor; any script error fails the test."""
    faults: list[str] = []
    with signed_in(chromium, address) as context:
        opened = context.new_page()
        opened.on("pageerror", lambda error: faults.append(str(error)))
        opened.goto("/cases")
        yield opened
    assert faults == []


def test_the_list_follows_the_filters_without_a_new_page(page: Page) -> None:
    page.evaluate("window.samePage = true")
    page.get_by_text("Filtros").click()
    page.get_by_label("Respuesta del modelo").select_option("positive")
    expect(page.locator("#found")).to_have_text("Casos encontrados: 20")
    expect(page.locator("table.cases tbody tr")).to_have_count(20)
    expect(page).to_have_url(re.compile(r"/cases\?outcome=positive$"))
    page.get_by_label("Código del paciente, número").fill("nadie")
    page.get_by_label("Código del paciente, número").press("Enter")
    expect(page.get_by_role("heading", name="Ningún caso coincide")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/cases\?text=nadie&outcome=positive$"))
    assert page.evaluate("window.samePage")
    page.reload()
    expect(page.locator("#found")).to_have_text("Casos encontrados: 0")


def test_a_filter_chosen_before_the_scripts_came_is_followed(page: Page) -> None:
    with held_back(page, "**/htmx.min.js"):
        page.goto("/cases", wait_until="commit")
        page.get_by_text("Filtros").click()
        page.get_by_label("Respuesta del modelo").select_option("positive")
    expect(page.locator("#found")).to_have_text("Casos encontrados: 20")
    expect(page.locator("table.cases tbody tr")).to_have_count(20)
    expect(page).to_have_url(re.compile(r"/cases\?outcome=positive$"))


def test_another_language_keeps_the_filters(page: Page) -> None:
    page.get_by_text("Filtros").click()
    page.get_by_label("Respuesta del modelo").select_option("positive")
    expect(page.locator("#found")).to_have_text("Casos encontrados: 20")
    page.get_by_role("button", name="English").click()
    expect(page.locator("#found")).to_have_text("Cases found: 20")
    expect(page).to_have_url(re.compile(r"/cases\?outcome=positive$"))


def test_a_cedula_typed_never_shows_in_the_address(page: Page) -> None:
    page.get_by_label("Código del paciente, número").fill(CEDULA)
    page.get_by_role("button", name="Buscar").click()
    expect(page.locator("#found")).to_have_text("Casos encontrados: 1")
    expect(page.get_by_text("Un paciente, por cédula")).to_be_visible()
    assert CEDULA not in page.url
    page.get_by_role("link", name="Ver todos los pacientes").click()
    expect(page.locator("#found")).to_have_text("Casos encontrados: 61")


def test_a_search_that_cannot_be_is_said_where_results_would_be(page: Page) -> None:
    page.get_by_text("Filtros").click()
    page.get_by_label("Ingresado desde").fill("2026-02-01")
    page.get_by_label("Ingresado hasta").fill("2026-01-01")
    page.get_by_label("Ingresado hasta").press("Tab")
    expect(page.get_by_role("alert")).to_contain_text("La última fecha es anterior")


def test_an_ended_session_is_said(page: Page) -> None:
    page.context.clear_cookies(name=COOKIE)
    page.get_by_label("Orden").select_option("oldest")
    expect(page.get_by_text("su sesión terminó")).to_be_visible()


def test_everything_works_without_script(chromium: Browser, address: str, doctor: Person) -> None:
    with signed_in(chromium, address, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/cases")
        page.get_by_label("Orden").select_option("oldest")
        page.get_by_role("button", name="Buscar").click()
        expect(page).to_have_url(re.compile(r"/cases\?sort=oldest$"))
        with leading_on(page):
            page.locator("tbody th a").first.click()
        page.goto(page.url.split("?")[0] + "/follow-up?form=outcome")
        page.get_by_label("Evolución del paciente").select_option("discharged")
        page.get_by_label("Fecha").fill(today().isoformat())
        page.get_by_role("button", name="Guardar").click()
        expect(page.get_by_text("El seguimiento se guardó")).to_be_visible()


def test_a_refused_filter_is_not_asked_for_again(
    chromium: Browser, address: str, doctor: Person
) -> None:
    with signed_in(chromium, address) as context:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto("/cases?since=ayer", wait_until="networkidle")
        settle(page)
        assert [url for url in asked if "/cases" in url] == [f"{address}/cases?since=ayer"]
        expect(page.locator(".danger").first).to_be_visible()


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_and_nothing_overflows(
    chromium: Browser, address: str, doctor: Person, width: int, scheme: Any
) -> None:
    screen = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    with signed_in(chromium, address, **screen) as context:
        page = context.new_page()
        for path in (
            "/cases",
            "/cases?laboratory=pending&outcome=positive&page=1",
            "/cases?text=nadie",
            "/cases?since=ayer",
            "/cases/61/follow-up",
            "/cases/61/follow-up?correct=22",
            "/api/v1/docs",
        ):
            assert page.goto(path) is not None
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            found = Axe().run(page).response["violations"]
            serious = [
                (one["id"], [node["target"] for node in one["nodes"]])
                for one in found
                if one["impact"] in {"serious", "critical"}
            ]
            assert not serious, (path, serious)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
