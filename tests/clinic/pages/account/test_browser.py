"""Setting up the second factor and signing in with it, in a real browser, in both languages."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from authenticator import STEP, code_of
from browsing import browsing, leading_on
from browsing import signed_in as signed_in_browser
from clinic_clock import Hands
from clinic_factory import PASSWORD
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.http.render import LANGUAGE_COOKIE
from covid_d.clinic.roles import Role

WORDS = {
    "es": ("Configurar", "Activar", "Ya los guardé", "Iniciar sesión"),
    "en": ("Set up", "Switch on", "I have kept them", "Sign in"),
}
SCREENS = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 375, "height": 812}}
PICTURES = os.environ.get("COVID_D_TEST_PICTURES")
"""A folder to leave pictures of every page in, for whoever wants to look at them."""


@pytest.fixture(params=[(language, screen) for language in WORDS for screen in SCREENS])
def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    language, screen = request.param
    return language, screen


def _look(page: Page, name: str, way: tuple[str, str]) -> None:
    """Nothing runs out of the screen; a picture where one is wanted."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}-{'-'.join(way)}.png", full_page=True)


def test_the_whole_way(
    chromium: Browser,
    address: str,
    people: dict[Role, Person],
    hands: Hands,
    way: tuple[str, str],
) -> None:
    language, screen = way
    set_up, switch_on, kept, sign_in = WORDS[language]
    options: dict[str, Any] = {"viewport": SCREENS[screen]}
    cookie: Any = {"name": LANGUAGE_COOKIE, "value": language, "url": address}
    with signed_in_browser(chromium, address, **options) as context:
        context.add_cookies([cookie])
        page = context.new_page()
        page.goto("/account")
        with leading_on(page):
            page.get_by_role("link", name=set_up).click()
        _look(page, "begin", way)
        page.locator("#password").fill(PASSWORD)
        with leading_on(page):
            page.get_by_role("button", name=set_up).click()
        picture = page.locator(".qr img")
        assert picture.evaluate("image => image.complete && image.naturalWidth > 100")
        secret = page.locator("#secret").input_value()
        _look(page, "scan", way)
        page.locator("#code").fill(code_of(secret, hands.moment))
        with leading_on(page):
            page.get_by_role("button", name=switch_on).click()
        codes = page.locator(".codes code").all_inner_texts()
        assert len(codes) == 10
        assert all(re.fullmatch(r"(\w{4}-){3}\w{4}", code) for code in codes)
        _look(page, "recovery-codes", way)
        with leading_on(page):
            page.get_by_role("link", name=kept).click()
        _look(page, "account", way)
        page.goto("/account/second-factor")
        _look(page, "on", way)
    hands.on(seconds=STEP)
    with browsing(chromium, base_url=address, **options) as context:
        context.add_cookies([cookie])
        page = context.new_page()
        page.goto("/cases")
        page.locator("#username").fill("doctor")
        page.locator("#password").fill(PASSWORD)
        with leading_on(page):
            page.get_by_role("main").get_by_role("button", name=sign_in).click()
        expect(page.locator("#code")).to_be_focused()
        _look(page, "code", way)
        page.locator("#code").fill(code_of(secret, hands.moment))
        with leading_on(page):
            page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/cases$"))
        page.goto("/account")
        page.context.clear_cookies(name="covid_d_session")
        page.goto("/sign-in")
        page.locator("#username").fill("doctor")
        page.locator("#password").fill(PASSWORD)
        with leading_on(page):
            page.keyboard.press("Enter")
        with leading_on(page):
            page.locator("a[href*=recovery]").click()
        _look(page, "recovery", way)
        page.locator("#code").fill(codes[0])
        with leading_on(page):
            page.keyboard.press("Enter")
        _look(page, "after-recovery", way)
        expect(page).not_to_have_url(re.compile("sign-in"))
