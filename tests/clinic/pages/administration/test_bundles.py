"""The page of the models in a real Chromium: nothing of it is wider than the screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from browsing import signed_in
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.roles import Role


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("width", [1280, 375])
def test_the_models_stay_within_the_page(
    chromium: Browser, address: str, people: dict[Role, Person], language: str, width: int
) -> None:
    username = people[Role.ADMINISTRATOR].username
    size: ViewportSize = {"width": width, "height": 800}
    with signed_in(chromium, address, username=username, viewport=size) as context:
        context.add_cookies([{"name": "covid_d_language", "value": language, "url": address}])
        page = context.new_page()
        page.goto("/bundles")
        field = page.locator("input[type=file]")
        expect(field).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        box = field.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width
