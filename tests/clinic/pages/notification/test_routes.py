"""The notification's page: a form, a file, and who has neither."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from clinic_clock import today
from clinic_factory import add_case, csrf_of
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

SignIn = Callable[[Role], TestClient]


def test_a_doctor_downloads_the_file(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn
) -> None:
    add_case(installation, people[Role.DOCTOR], patient_code="HC-77")
    browser = signed_in(Role.DOCTOR)
    page = browser.get("/notification")
    assert page.status_code == 200
    assert "NUMERO_IDENTIFICACION" in page.text
    day = today().isoformat()
    form = {"csrf_token": csrf_of(installation, browser), "since": day, "until": day}
    answer = browser.post("/notification", data=form)
    assert answer.status_code == 200
    assert f"notificacion-{day}-{day}.csv" in answer.headers["content-disposition"]
    assert answer.headers["x-cases"] == "1"
    assert b"HC-77" in answer.content


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [("2026-11-05", "2026-11-01", "until"), ("ayer", "2026-11-01", "since")],
)
def test_days_that_cannot_be_are_said(
    since: str, until: str, field: str, installation: Installation, signed_in: SignIn
) -> None:
    browser = signed_in(Role.DOCTOR)
    form = {"csrf_token": csrf_of(installation, browser), "since": since, "until": until}
    answer = browser.post("/notification", data=form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.ADMINISTRATOR])
def test_others_have_no_such_page(role: Role, signed_in: SignIn) -> None:
    assert signed_in(role).get("/notification").status_code == 403
