"""A real Chromium, and waiting for what people's actions cause in it.

An action returns before its effect is there: pages draw in the browser's next frame, ask the
server, or give way to another page. So read a page with Playwright's ``expect``, which waits, or
after one of the functions below; never straight after a click.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import real_parts
from clinic_factory import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Route

SECONDS = 60.0
"""How long a page may take: much longer than at rest, for machines that do much else."""
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


@contextmanager
def running_chromium(*arguments: str) -> Iterator[Browser]:
    """Run a real Chromium; without one see ``real_parts.lacking``."""
    from playwright.sync_api import expect, sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        real_parts.lacking("Chromium is not installed")
    expect.set_options(timeout=1000 * SECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=[*_ARGUMENTS, *arguments], timeout=3000 * SECONDS
        )
        yield browser
        browser.close()


@contextmanager
def browsing(chromium: Browser, **options: Any) -> Iterator[BrowserContext]:
    """Open a context that waits as long as ``SECONDS`` and moves nothing for show; close it."""
    context = chromium.new_context(**{"reduced_motion": "reduce", **options})
    context.set_default_timeout(1000 * SECONDS)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def signed_in(
    chromium: Browser, address: str, *, username: str = "doctor", **options: Any
) -> Iterator[BrowserContext]:
    """Open a context in which somebody has signed in, by default the doctor; close it."""
    with browsing(chromium, base_url=address, **options) as context:
        sent: dict[str, str | float | bool] = {"username": username, "password": PASSWORD}
        answer = context.request.post(
            "/sign-in", form=sent, max_redirects=0, timeout=1000 * SECONDS
        )
        assert answer.status == 303
        yield context


@contextmanager
def leading_on(page: Page) -> Iterator[None]:
    """Wait, at the block's end, until what was done in it has led to another page."""
    with page.expect_navigation():
        yield


@contextmanager
def held_back(page: Page, address: str) -> Iterator[None]:
    """Keep requests for an address (a pattern) waiting until the block ends, as a slow net does."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(address, hold)
    yield
    deadline = time.monotonic() + SECONDS
    while not held:
        assert time.monotonic() < deadline, f"nothing asked for {address}"
        page.wait_for_timeout(50)
    for route in held:
        route.continue_()
    page.unroute(address, hold)


def settle(page: Page) -> None:
    """Wait two frames: one in which the page draws, one after it."""
    page.evaluate("() => new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d)))")


def until(page: Page, condition: str) -> None:
    """Wait until a script's expression is true.

    Playwright's own waiting evaluates strings inside the page, which our policy forbids.
    """
    deadline = time.monotonic() + SECONDS
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(50)
