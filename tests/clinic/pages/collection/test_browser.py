"""Consent withdrawn after an export, from the doctor's page to the list for its receivers."""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Download, Page, expect

from browsing import leading_on
from browsing import signed_in as signed_in_browser
from clinic_clock import today
from clinic_factory import add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.http.render import LANGUAGE_COOKIE
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

# What a page says: the choice of withdrawn consent, what an export is marked with, what to do.
WORDS = {
    "es": ("Retirado", "1 radiografía por destruir", "Deben destruir"),
    "en": ("Withdrawn", "1 film to be destroyed", "They must destroy"),
}
SCREENS = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 375, "height": 812}}
PICTURES = os.environ.get("COVID_D_TEST_PICTURES")
"""A folder to leave pictures of every page in, for whoever wants to look at them."""


@pytest.fixture(params=[(language, screen) for language in WORDS for screen in SCREENS])
def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    language, screen = request.param
    return language, screen


@pytest.fixture
def cases(installation: Installation, people: dict[Role, Person]) -> list[int]:
    """Two cases with consent and a result: they may leave."""
    doctor = people[Role.DOCTOR]
    numbers = [add_case(installation, doctor, seed=seed) for seed in (1, 2)]
    for number in numbers:
        entry = Entry(EntryKind.RT_PCR, "positive", today())
        add(installation, doctor, Actor(doctor.id), number, entry)
    return numbers


def _look(page: Page, name: str, way: tuple[str, str]) -> None:
    """Nothing runs out of the screen; a picture where one is wanted."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}-{'-'.join(way)}.png", full_page=True)


def _rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def _content(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def test_a_withdrawal_marks_an_export_and_lists_what_must_be_destroyed(
    chromium: Browser,
    address: str,
    installation: Installation,
    cases: list[int],
    way: tuple[str, str],
) -> None:
    language, screen = way
    withdrawn, mark, order = WORDS[language]
    options: dict[str, Any] = {"viewport": SCREENS[screen], "accept_downloads": True}
    cookie: Any = {"name": LANGUAGE_COOKIE, "value": language, "url": address}
    with (
        signed_in_browser(chromium, address, username="researcher", **options) as research,
        signed_in_browser(chromium, address, **options) as ward,
    ):
        for context in (research, ward):
            context.add_cookies([cookie])
        page = research.new_page()
        page.goto("/collection")
        page.locator("#attribution").fill("Hospital Uno")
        with page.expect_download() as made:
            page.locator("form[action='/collection/export'] button").click()
        with zipfile.ZipFile(io.BytesIO(_content(made.value))) as archive:
            (name,) = [one for one in archive.namelist() if one.endswith("metadata.csv")]
            sent = _rows(archive.read(name))
        assert len(sent) == 2
        page.goto("/collection")
        expect(page.locator("a.recall")).to_have_count(0)

        doctor = ward.new_page()
        doctor.goto(f"/cases/{cases[0]}/follow-up?form=consent#form")
        doctor.locator("#value").select_option(label=withdrawn)
        with leading_on(doctor):
            doctor.locator("#form button.primary").click()
        expect(doctor.get_by_text(withdrawn).first).to_be_visible()
        _look(doctor, "consent-withdrawn", way)

        page.reload()
        expect(page.locator("a.recall")).to_have_text(mark)
        box = page.locator("a.recall").bounding_box()
        assert box is not None
        width = SCREENS[screen]["width"]
        assert box["x"] + box["width"] <= width, "the mark is seen without scrolling a table"
        _look(page, "collection-marked", way)
        with leading_on(page):
            page.locator("a.recall").click()
        expect(page.locator(".notice.warning")).to_contain_text(order)
        expect(page.locator("#recalled tbody tr")).to_have_count(1)
        listed = page.locator("#recalled tbody tr td code").all_inner_texts()
        _look(page, "to-be-destroyed", way)
        with page.expect_download() as taken:
            page.locator("a[href$='withdrawn.csv']").click()
        (row,) = _rows(_content(taken.value))
    (left,) = [one for one in sent if one["filename"] == row["filename"]]
    assert listed == [left["filename"], left["patientid"]]
    with installation.reading() as session:
        told = [entry.action for entry in session.query(AuditEntry).order_by(AuditEntry.sequence)]
    assert told.index("export.download") < told.index("export.recall")
    assert "export.recall_list" in told
    assert re.search(r"\.png$|\.dcm$", row["filename"])
