"""What is typed into reading and follow-up outlasts an ended session and a lost network."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select, update

from browsing import signed_in
from clinic_clock import today
from clinic_factory import PASSWORD, add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import SignInSession
from covid_d.clinic.database.cases import FollowUp, Reading
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

FORMS: dict[str, tuple[str, type[Reading] | type[FollowUp]]] = {
    "reading": ("", Reading),
    "diagnosis": ("/follow-up?form=diagnosis", FollowUp),
}
TYPED = "vidrio deslustrado periférico"


def _fill(page: Page, form: str) -> None:
    if form == "reading":
        page.check("#finding-negative")
    else:
        page.select_option("#value", index=1)
    page.fill("form[data-kept] textarea", TYPED)


def _notes(place: Installation, table: type[Reading] | type[FollowUp]) -> list[str]:
    with place.reading() as session:
        return list(session.scalars(select(table.notes)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("language", "lost"), [("es", "No hay conexión"), ("en", "be reached")])
def test_nothing_is_lost(
    chromium: Browser,
    address: str,
    installation: Installation,
    people: dict[Role, Person],
    form: str,
    language: str,
    lost: str,
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    path, table = FORMS[form]
    with signed_in(chromium, address) as context:
        context.add_cookies([{"name": "covid_d_language", "value": language, "url": address}])
        page = context.new_page()
        page.goto(f"/cases/{case_id}{path}")
        _fill(page, form)
        typed, save = page.locator("form[data-kept] textarea"), "form[data-kept] button.primary"
        failure = page.locator("[data-kept-failure]")

        page.route("**/*", lambda route: route.abort())
        page.click(save)
        expect(failure).to_contain_text(lost)
        expect(typed).to_have_value(TYPED)
        page.unroute("**/*")

        with installation.writing() as session:
            ended = now() - timedelta(days=1)
            session.execute(update(SignInSession).values(last_seen_at=ended))
        page.click(save)
        expect(failure.locator("a")).to_have_attribute("href", "/sign-in")
        expect(typed).to_have_value(TYPED)
        assert _notes(installation, table) == []

        again: dict[str, Any] = {"username": "doctor", "password": PASSWORD}  # in another tab
        assert context.request.post("/sign-in", form=again, max_redirects=0).status == 303
        page.click(save)
        page.wait_for_url(re.compile("notice="))
    assert _notes(installation, table) == [TYPED]


def test_a_refused_form_comes_back_in_its_place(
    chromium: Browser, address: str, installation: Installation, people: dict[Role, Person]
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    with signed_in(chromium, address) as context:
        page = context.new_page()
        page.goto(f"/cases/{case_id}/follow-up?form=test")
        page.select_option("#value", "positive")
        page.locator("#day").evaluate("e => { e.required = false; e.removeAttribute('max') }")
        page.fill("#day", "2999-01-01")
        page.fill("#notes", TYPED)
        page.click("form[data-kept] button.primary")
        expect(page.locator("#day-error")).to_be_visible()
        expect(page.locator("#notes")).to_have_value(TYPED)
        page.fill("#day", today().isoformat())
        page.click("form[data-kept] button.primary")
        page.wait_for_url(re.compile("notice="))
    with installation.reading() as session:
        assert session.scalar(select(func.count()).select_from(FollowUp)) == 1


@pytest.mark.parametrize("scripts", [True, False], ids=["scripted", "plain"])
def test_a_double_click_records_once(
    chromium: Browser,
    address: str,
    installation: Installation,
    people: dict[Role, Person],
    scripts: bool,
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    with signed_in(chromium, address, java_script_enabled=scripts) as context:
        page = context.new_page()
        page.goto(f"/cases/{case_id}")
        page.check("#finding-negative")
        page.dblclick("form[data-kept] button.primary")
        page.wait_for_url(re.compile("notice="))
        page.goto(f"/cases/{case_id}/follow-up?form=outcome")
        page.select_option("#value", "discharged")
        page.fill("#day", today().isoformat())
        page.dblclick("form[data-kept] button.primary")
        page.wait_for_url(re.compile("notice="))
        expect(page.locator("main")).to_contain_text("El seguimiento se guardó")
    assert len(_notes(installation, Reading)) == 1
    assert len(_notes(installation, FollowUp)) == 1
