"""The page in a real Chromium: kept, then used without a network, by eye, keyboard and axe."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

import golden_films as golden
from browsing import browsing, leading_on, running_chromium, settle, until
from covid_d.detector.detector import Detector
from covid_d.detector.stated import Stated
from covid_d.offline.build import build
from covid_d.offline.site import Site
from covid_d.radiograph.straighten import straighten
from page_server import served
from photographs import SHARES, photograph_of

_PLACED = """[...document.querySelectorAll("[data-corner]")].map(
    ({ style }) => [parseFloat(style.left) / 100, parseFloat(style.top) / 100])"""
PHONE = {"width": 375, "height": 740}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real Chromium; skips where there is none."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def folder(site: Site, tmp_path: Path) -> Path:
    """The page in a folder."""
    made = tmp_path / "page"
    build(site, made)
    return made


def _kept(context: BrowserContext, address: str) -> Page:
    """Open the page and keep it; any error of its scripts fails the test."""
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(address)
    expect(page.locator("#install-why")).to_contain_text(re.compile(r"3\d MB"))
    page.get_by_role("button", name=re.compile(r"3\d MB")).click()
    expect(page.locator("#ask")).to_be_visible()
    return page


def _assess(page: Page, path: Path, **typed: str) -> None:
    page.set_input_files("#film", path)
    for name, value in typed.items():
        page.locator(f"#{name}").fill(value)
    page.locator("#assess").click()
    expect(page.locator("#result")).to_be_visible()
    expect(page.locator("#state")).not_to_be_empty()


def _answers(page: Page, films: dict[str, bytes]) -> list[dict[str, Any]]:
    """Ask the kept page's own modules, as a program that embeds them does."""
    script = """async (films) => {
        const { assess } = await import("./assess.mjs");
        const found = [];
        for (const [name, text] of films) {
            const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            found.push(await assess(bytes, { name, stated: { age_years: 50 } }));
        }
        return found;
    }"""
    sent = [[name, base64.b64encode(content).decode()] for name, content in films.items()]
    found: list[dict[str, Any]] = page.evaluate(script, sent)
    return found


def _no_fault(page: Page) -> None:
    """Hold what axe finds: nothing serious."""
    found = Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert not serious, json.dumps([[each["id"], each["nodes"][0]["html"]] for each in serious])


def _fits(page: Page) -> None:
    settle(page)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= page.evaluate("window.innerWidth")


def test_once_kept_it_answers_without_a_network_as_python_does(
    chromium: Browser, folder: Path, detector: Detector, tmp_path: Path
) -> None:
    film, picture = tmp_path / "film.dcm", tmp_path / "film.png"
    film.write_bytes(golden.small_dicom())
    picture.write_bytes(golden.png(golden.grey()))
    asked: list[str] = []
    with browsing(chromium, locale="es-EC") as context, served(folder) as (address, server):
        page = _kept(context, address)
        context.on("request", lambda request: asked.append(request.url))
        server.kill()
        server.wait()
        context.set_offline(True)
        page.reload()
        expect(page.locator("#ask")).to_be_visible()
        for path in (film, picture):
            _assess(page, path, age="50", low="5", high="20")
            told = detector.assess(path, stated=Stated(age_years=50), prevalence=0.05)
            expect(page.locator("#answer .outcome")).to_have_class(
                re.compile(rf"\b{told.outcome.value}\b")
            )
            expect(page.locator("#answer")).to_contain_text("5 a 20 de cada 100")
            expect(page.locator(".viewer canvas")).to_be_visible()
        films = {**golden.few(), "film.dcm": film.read_bytes()}
        for (name, content), answer in zip(films.items(), _answers(page, films), strict=True):
            expected = detector.assess(content, name=name, stated=Stated(age_years=50)).to_dict()
            for part in ("appearance", "opacity"):
                mine, theirs = answer.pop(part), expected.pop(part)
                assert mine == (theirs and pytest.approx(theirs, abs=1e-4))
            assert answer == expected
    assert asked
    assert [url for url in asked if not url.startswith((address, "blob:"))] == []


def test_it_can_be_read_typed_and_printed_by_anybody(
    chromium: Browser, folder: Path, tmp_path: Path
) -> None:
    film = tmp_path / "film.png"
    film.write_bytes(golden.png(golden.grey()))
    with (
        browsing(chromium, locale="es-EC", viewport=PHONE) as context,
        served(folder) as (address, _),
    ):
        page = _kept(context, address)
        _no_fault(page)
        page.keyboard.press("Tab")
        page.locator("#film").focus()
        page.set_input_files("#film", [])
        page.locator("#age").fill("1000")
        page.locator("#age").press("Enter")
        expect(page.locator("#film-error")).to_have_text("Elija un archivo.")
        expect(page.locator("#age-error")).not_to_be_empty()
        expect(page.locator("#film")).to_be_focused()
        _fits(page)
        _assess(page, film, age="")
        expect(page.locator("#answer h2")).to_contain_text("Si es adulto")
        expect(page.locator("#answer")).to_contain_text("La edad no consta")
        expect(page.locator("#answer")).to_be_focused()
        page.locator("#numbers summary").click()
        _no_fault(page)
        _fits(page)
        page.keyboard.press("e")
        expect(page.locator("output[data-of=cover]")).to_have_text("50 %")
        page.locator("#language").click()
        expect(page.locator("#answer h2")).to_contain_text("If an adult")
        expect(page.locator("html")).to_have_attribute("lang", "en")
        _no_fault(page)
        _fits(page)
        page.emulate_media(media="print")
        expect(page.locator("#ask")).to_be_hidden()
        expect(page.locator("#print")).to_be_hidden()
        expect(page.locator("#answer h2")).to_be_visible()
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0
        assert context.cookies() == []
        page.emulate_media(media="screen")
        page.locator("#another").click()
        expect(page.locator("#result")).to_be_hidden()
        assert page.locator("#age").input_value() == ""


def test_a_refused_film_has_its_reason_and_no_number(
    chromium: Browser, folder: Path, tmp_path: Path
) -> None:
    turned, text = tmp_path / "turned.png", tmp_path / "letter.pdf"
    turned.write_bytes(golden.few()["turned.png"])
    text.write_bytes(b"%PDF-1.7 no film")
    with browsing(chromium, locale="en-GB") as context, served(folder) as (address, _):
        page = _kept(context, address)
        _assess(page, turned, age="50", low="5", high="20")
        expect(page.locator("#answer h2")).to_have_text("Image not analysed")
        expect(page.locator(".figures")).to_have_count(0)
        expect(page.locator("#film-card")).to_be_visible()
        _assess(page, text)
        expect(page.locator("#answer .meaning")).to_contain_text("document or an archive")
        expect(page.locator("#film-card")).to_be_hidden()


def test_a_photograph_is_straightened_here_and_says_so(
    chromium: Browser, folder: Path, detector: Detector, tmp_path: Path
) -> None:
    photograph = tmp_path / "foto.jpg"
    photograph.write_bytes(photograph_of(golden.png(golden.grey())))
    coding = tmp_path / "lossless.png"
    coding.write_bytes(golden.png(golden.grey(), 16))
    with (
        browsing(chromium, locale="es-EC", viewport=PHONE) as context,
        served(folder) as (address, _),
    ):
        page = _kept(context, address)
        page.set_input_files("#film", coding)
        page.locator("#straighten").click()
        expect(page.locator("#film-error")).to_contain_text("PNG, L, 16 bits")
        page.set_input_files("#film", photograph)
        expect(page.locator("#film-error")).to_be_empty()
        page.locator("#straighten").click()
        dialog = page.locator("#straightener")
        expect(dialog.locator("[data-status]")).to_contain_text("Se encontró la radiografía")
        _no_fault(page)
        _fits(page)
        corner = dialog.locator("[data-corner]").first
        corner.press("ArrowLeft")
        corner.press("ArrowRight")
        placed = page.evaluate(_PLACED)
        assert np.abs(np.array(placed) - np.array(SHARES)).max() < 0.02
        dialog.locator("[data-do=straighten]").click()
        expect(dialog).to_be_hidden()
        expect(page.locator("#straightened")).to_contain_text("Enderezada por el usuario")
        page.locator("#age").fill("50")
        page.locator("#assess").click()
        expect(page.locator("#result")).to_be_visible()
        expect(page.locator("#cautions")).to_contain_text("Enderezada por el usuario")
        expect(page.locator("#numbers-held")).to_contain_text("foto.straightened.png")
        first, second, third, fourth = ((x, y) for x, y in placed)
        film = straighten(photograph.read_bytes(), (first, second, third, fourth))
        told = detector.assess(film, stated=Stated(age_years=50))
        expect(page.locator("#answer .outcome")).to_have_class(
            re.compile(rf"\b{told.outcome.value}\b")
        )
        page.locator("#another").click()
        expect(page.locator("#straightened")).to_be_empty()
        expect(page.locator("#straighten")).to_be_hidden()


def test_a_damaged_download_is_not_kept_and_a_new_version_waits(
    chromium: Browser, folder: Path
) -> None:
    card = folder / "bundle" / "MODEL_CARD.md"
    whole = card.read_bytes()
    with browsing(chromium, locale="es-EC") as context, served(folder) as (address, _):
        card.write_bytes(whole + b"x")
        page = context.new_page()
        page.goto(address)
        page.locator("#install-now").click()
        expect(page.locator("#fault")).to_contain_text("bundle/MODEL_CARD.md")
        expect(page.locator("#ask")).to_be_hidden()
        assert page.evaluate("caches.keys()") == []
        card.write_bytes(whole)
        page.locator("#install-now").click()
        expect(page.locator("#ask")).to_be_visible()
        expect(page.locator("#fault")).to_be_hidden()
        _renew(folder)
        page.reload()
        expect(page.locator("#update")).to_be_visible()
        until(page, "caches.keys().then((names) => names.length === 2)")
        shown = "fetch('page/page.css').then((answer) => answer.text())"
        assert "next" not in page.evaluate(shown), "nothing is swapped under a reader"
        with leading_on(page):
            page.locator("#update-now").click()
        until(page, "caches.keys().then((names) => names.length === 1)")
        expect(page.locator("#ask")).to_be_visible()
        assert "next" in page.evaluate(shown)


def test_a_new_version_that_the_browser_began_to_fetch_by_itself_is_offered_too(
    chromium: Browser, folder: Path
) -> None:
    with browsing(chromium, locale="es-EC") as context, served(folder) as (address, _):
        page = _kept(context, address)
        _renew(folder)
        # A browser looks for a new version whenever a page is opened, before the page asks.
        page.add_init_script("""
            const workers = navigator.serviceWorker;
            const ask = workers.getRegistration.bind(workers);
            workers.getRegistration = async () => {
              const registration = await ask();
              const found = new Promise((resolve) => {
                if (registration.installing || registration.waiting) resolve();
                registration.addEventListener("updatefound", resolve, { once: true });
              });
              await Promise.all([registration.update(), found]);
              await new Promise((resolve) => setTimeout(resolve));
              return registration;
            };
        """)
        page.reload()
        expect(page.locator("#update")).to_be_visible()


def _renew(folder: Path) -> None:
    """Put the next version in the folder: another style, told by another list of hashes."""
    style = folder / "page" / "page.css"
    style.write_bytes(style.read_bytes() + b"/* next */\n")
    _tell_anew(folder / "files.js", "page/page.css", style)


def _tell_anew(listed: Path, path: str, file: Path) -> None:
    from hashlib import sha256

    told = json.loads(listed.read_text().removeprefix("self.SITE = ").removesuffix(";\n"))
    told["files"][path] = sha256(file.read_bytes()).hexdigest()
    told["version"] = sha256(json.dumps(told["files"]).encode()).hexdigest()
    listed.write_text(f"self.SITE = {json.dumps(told)};\n")
