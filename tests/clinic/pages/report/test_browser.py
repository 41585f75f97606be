"""The report printed by a real Chromium."""

from __future__ import annotations

import io

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from browsing import signed_in
from clinic_factory import add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role


@pytest.mark.parametrize(("language", "reading"), [("es", "Lectura"), ("en", "reading")])
def test_one_film_is_one_page(
    chromium: Browser,
    address: str,
    installation: Installation,
    people: dict[Role, Person],
    language: str,
    reading: str,
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    with signed_in(chromium, address) as context:
        context.add_cookies([{"name": "covid_d_language", "value": language, "url": address}])
        page = context.new_page()
        page.goto(f"/cases/{case_id}/report")
        page.wait_for_load_state("networkidle")
        printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    assert len(printed.pages) == 1
    words = printed.pages[0].extract_text()
    assert reading in words
    assert len(printed.pages[0].images) == 3, "the QR code, the film, the film under the evidence"
