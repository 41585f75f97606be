"""The report printed by a real Chromium."""

from __future__ import annotations

import io

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader
from sqlalchemy import select

from browsing import signed_in
from case_rows import AUDITED_TYPICAL, set_answer
from clinic_factory import add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import StoredAssessment
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role


@pytest.mark.parametrize("audited", [True, False])
@pytest.mark.parametrize(("language", "reading"), [("es", "Lectura"), ("en", "reading")])
def test_one_film_is_one_page(
    chromium: Browser,
    address: str,
    installation: Installation,
    people: dict[Role, Person],
    language: str,
    reading: str,
    audited: bool,
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    if audited:
        with installation.writing() as session:
            stored = session.scalars(select(StoredAssessment)).one()
            # The phantom's cautions are a demonstration's.
            set_answer(stored, **AUDITED_TYPICAL, warnings=())
    with signed_in(chromium, address) as context:
        context.add_cookies([{"name": "covid_d_language", "value": language, "url": address}])
        page = context.new_page()
        page.goto(f"/cases/{case_id}/report")
        page.wait_for_load_state("networkidle")
        printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    assert len(printed.pages) == 1
    words = printed.pages[0].extract_text()
    assert reading in words
    # The QR code, the film, and under the evidence the film again, unless a demonstration's.
    assert len(printed.pages[0].images) == (3 if audited else 2)
