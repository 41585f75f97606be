"""The form of a health unit: read as people write, said at the field, kept as typed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from clinic_factory import csrf_of
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.fields import fill
from covid_d.clinic.installation import Installation
from covid_d.clinic.pages.administration.units import UnitForm
from covid_d.clinic.roles import Role

SignIn = Callable[[Role], TestClient]
TYPED = {"name": "Hospital Dos", "province": "Loja"}


@pytest.mark.parametrize(
    ("typed", "share"),
    [("12,5", 0.125), ("12.5", 0.125), (" 0.1 % ", 0.001), ("", None), (" ", None), ("90", 0.9)],
)
def test_percentages_are_read_as_written_in_ecuador(typed: str, share: float | None) -> None:
    found = fill(UnitForm, TYPED | {"prevalence": typed}).sound().prevalence
    assert found == (None if share is None else pytest.approx(share))


@pytest.mark.parametrize("typed", ["many", "1,2,3", "--", "0,09", "90.1", "nan"])
def test_what_is_no_percentage_is_said_at_its_field_and_kept(
    signed_in: SignIn, installation: Installation, typed: str
) -> None:
    browser = signed_in(Role.ADMINISTRATOR)
    form = TYPED | {"prevalence": typed, "active": "yes"}
    form["csrf_token"] = csrf_of(installation, browser)
    answer = browser.post("/units/new", data=form)
    assert answer.status_code == 422
    assert 'id="prevalence-error">Escriba un número de 0,1 a 90.<' in answer.text
    assert f'value="{typed}"' in answer.text
    assert 'value="Hospital Dos"' in answer.text
    assert '<option value="Loja" selected>' in answer.text
    assert 'id="active" name="active" value="yes" checked' in answer.text
    with installation.reading() as session:
        assert session.scalar(select(Unit.id).where(Unit.name == "Hospital Dos")) is None


def test_a_sound_form_makes_the_unit(signed_in: SignIn, installation: Installation) -> None:
    browser = signed_in(Role.ADMINISTRATOR)
    form = TYPED | {"prevalence": "7,5", "blind_mode": "yes", "active": "yes"}
    form["csrf_token"] = csrf_of(installation, browser)
    assert browser.post("/units/new", data=form).status_code == 303
    with installation.reading() as session:
        unit = session.scalars(select(Unit).where(Unit.name == "Hospital Dos")).one()
    assert unit.province == "Loja"
    assert unit.prevalence == pytest.approx(0.075)
    assert (unit.blind_mode, unit.active) == (True, True)


def test_every_fault_is_said_at_once(signed_in: SignIn, installation: Installation) -> None:
    browser = signed_in(Role.ADMINISTRATOR)
    form = {"name": " ", "province": "Paris", "csrf_token": csrf_of(installation, browser)}
    page = browser.post("/units/new", data=form).text
    assert 'id="name-error">Complete este campo.<' in page
    assert 'id="province-error">Elija uno de los valores ofrecidos.<' in page
