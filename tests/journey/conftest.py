"""The real clinic as ``covid-d serve`` runs it, and a real Chromium that reaches nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browsing import SECONDS, running_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

ARTIFACTS = Path(os.environ.get("COVID_D_TEST_ARTIFACTS", ".artifacts/journey"))
_LINK = re.compile(r"http://\S+/first-start/\S+")


@dataclass(slots=True)
class Clinic:
    """A served installation.

    Parameters
    ----------
    url
        Its address.
    link
        The one-time link for the first administrator.
    data
        Its folder.
    """

    url: str
    link: str
    data: Path


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    """Run ``covid-d serve`` on an empty folder, with the built-in bundle."""
    data = tmp_path / "clinic"
    words = ["-m", "covid_d", "serve", "--port", "0", "--data", str(data)]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("COVID_D_")
    }
    server = subprocess.Popen(
        [sys.executable, "-u", *words],
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "log").open("wb"),
        text=True,
        env=environment,
    )
    assert server.stdout
    # A server that never prints must not hold the test for ever.
    watchdog = threading.Timer(5 * SECONDS, server.kill)
    watchdog.start()
    link = None
    for line in server.stdout:
        link = link or _LINK.search(line)
        if link:
            break
    watchdog.cancel()
    assert link, (tmp_path / "log").read_text()
    # It listens before it prints, and keeps whoever comes early waiting.
    url = link[0].partition("/first-start/")[0]
    yield Clinic(url, link[0], data)
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")  # two at once, this and another room's, would not run
def chromium() -> Iterator[Browser]:
    """A real Chromium whose every name but this machine's leads nowhere."""
    with running_chromium("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1") as browser:
        yield browser


def _is_refused_form(said: str) -> bool:
    """Chromium complains of every 400 and 422, which is how a refused form comes back."""
    return "status of 422" in said or "status of 400" in said


@dataclass(slots=True)
class Eye:
    """Looks at pages: takes pictures, runs axe, notes what a page asked for or complained of.

    Parameters
    ----------
    name
        Folder of the pictures.
    """

    name: str
    seen: int = 0
    faults: list[str] = field(default_factory=list)

    def watch(self, page: Page, url: str) -> None:
        """Note every request that leaves this machine and every error of the page's scripts."""

        def foreign(address: str) -> bool:
            return not address.startswith((url, "data:", "blob:"))

        def complains(said: ConsoleMessage) -> None:
            if said.type == "error" and not _is_refused_form(said.text):
                self.faults.append(f"{page.url}: {said.text}")

        page.on("request", lambda sent: self.faults.extend([sent.url] * foreign(sent.url)))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", complains)

    def look(self, page: Page, what: str) -> None:
        """Take a picture of the whole page and note every serious violation that axe finds."""
        from axe_playwright_python.sync_playwright import Axe

        self.seen += 1
        folder = ARTIFACTS / self.name
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{self.seen:02}-{what}.png", full_page=True)
        for found in Axe().run(page).response["violations"]:
            if found["impact"] in {"serious", "critical"}:
                where = [node["html"][:200] for node in found["nodes"][:3]]
                self.faults.append(f"{what}: {found['id']}: {where}")
        width = page.viewport_size["width"] if page.viewport_size else 0
        if page.evaluate("document.documentElement.scrollWidth") > width:
            self.faults.append(f"{what}: wider than the screen")
