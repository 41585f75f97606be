"""The dashboard in a real browser: its charts, and its tables where no chart can be drawn."""

from __future__ import annotations

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


def test_the_charts_are_drawn(page: Page) -> None:
    page.goto("/dashboard")
    expect(page.locator("body[data-charts=drawn]")).to_be_visible()
    expect(page.locator("#chart-outcomes")).to_be_visible()


def test_without_the_charts_numbers_the_tables_open(page: Page) -> None:
    page.route("**/dashboard/data*", lambda route: route.abort())
    page.goto("/dashboard")
    expect(page.locator("#chart-outcomes")).to_be_hidden()
    expect(page.locator("main details:not([open])")).to_have_count(0)
