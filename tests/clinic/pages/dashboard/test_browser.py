"""The dashboard in a real browser: its charts, and its tables where no chart can be drawn."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from browsing import signed_in
from case_rows import add_many
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role


@pytest.fixture
def page(
    chromium: Browser, address: str, installation: Installation, people: dict[Role, Person]
) -> Iterator[Page]:
    """A doctor's page, with cases to count; any script error fails the test."""
    add_many(installation, people[Role.DOCTOR], 30, outcomes=["positive", "negative"])
    faults: list[str] = []
    with signed_in(chromium, address) as context:
        opened = context.new_page()
        opened.on("pageerror", lambda error: faults.append(str(error)))
        yield opened
    assert faults == []


@pytest.mark.parametrize("width", [1280, 375])
def test_the_charts_are_drawn(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/dashboard")
    expect(page.locator("body[data-charts=drawn]")).to_be_visible()
    for name in ("days", "units", "ages", "sexes", "course", "delay", "outcomes"):
        expect(page.locator(f"#chart-{name}")).to_be_visible()
    expect(page.locator("svg.province-map g")).to_have_count(24)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    folder = os.environ.get("COVID_D_PICTURES")
    if folder:  # to be looked at
        page.screenshot(path=f"{folder}/dashboard-{width}.png", full_page=True)


def test_a_view_is_saved_and_opened_again(page: Page) -> None:
    page.goto("/dashboard?reference=antigen")
    page.get_by_label("Nombre de lo que se muestra ahora").fill("Antígeno")
    page.get_by_role("button", name="Guardar esta vista").click()
    page.goto("/dashboard")
    expect(page.locator("#reference")).to_have_value("rt_pcr")
    page.get_by_role("link", name="Antígeno", exact=True).click()
    expect(page.locator("#reference")).to_have_value("antigen")


def test_without_the_charts_numbers_the_tables_open(page: Page) -> None:
    page.route("**/dashboard/data*", lambda route: route.abort())
    page.goto("/dashboard")
    expect(page.locator("#chart-outcomes")).to_be_hidden()
    expect(page.locator("main details:not([open])")).to_have_count(0)
