"""The report in a browser: it fits a desk's screen and a telephone's, and loads nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from browsing import browsing, running_chromium
from covid_d.screen import ScreenJob
from covid_d.screen.figures import ScreenFigures
from covid_d.screen.report import report
from covid_d.screen.screener import Screener, ScreenerOrder

from .conftest import MakeJob


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def answered(make_job: MakeJob, order: ScreenerOrder) -> ScreenJob:
    job = make_job()
    Screener(order)(0)
    return job


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("language", ["es", "en"])
def test_it_fits_a_screen(
    answered: ScreenJob, chromium: Browser, tmp_path: Path, language: str, width: int
) -> None:
    figures = ScreenFigures.of(answered)
    file = tmp_path / "report.html"
    file.write_text(report(answered, figures, language).to_html(), encoding="utf-8")  # type: ignore[arg-type]
    asked: list[str] = []
    with browsing(chromium, viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.locator("h2").count() == 10
        assert asked == [file.as_uri()]
