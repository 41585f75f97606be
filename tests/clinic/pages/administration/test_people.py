"""The administrator's pages: users with links shown once, and health units."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from authenticator import enrol
from clinic_factory import PASSWORD, csrf_of
from covid_d.clinic.accounts import units, users
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

SignIn = Callable[[Role], TestClient]
USER = {"username": "luis", "full_name": "Luis <Vera>", "role": "doctor", "unit_id": "1"}
UNIT = {"name": "Hospital Dos", "province": "Manabí", "prevalence": "12,5", "active": "yes"}


@pytest.fixture
def chief(signed_in: SignIn) -> TestClient:
    return signed_in(Role.ADMINISTRATOR)


@pytest.fixture
def post(installation: Installation, chief: TestClient) -> Callable[..., Any]:
    """Send one of the administrator's forms with its token."""

    def send(path: str, **data: str) -> Any:
        return chief.post(path, data=data | {"csrf_token": csrf_of(installation, chief)})

    return send


def _link(page: str) -> str:
    (link,) = re.findall(r'value="http://testserver(/password/[\w-]+)"', page)
    return str(link)


def test_a_new_person_gets_a_link_that_is_shown_once(
    chief: TestClient, client: TestClient, post: Callable[..., Any]
) -> None:
    answer = post("/users/new", **USER)
    assert answer.status_code == 200
    link = _link(answer.text)
    assert "Luis &lt;Vera&gt;" in answer.text
    assert client.get(link).status_code == 200
    listed = chief.get("/users").text
    assert "Sin contraseña todavía" in listed
    assert link.rpartition("/")[2] not in listed


def test_behind_https_the_link_says_so(
    installation: Installation, people: dict[Role, Person]
) -> None:
    from starlette.requests import Request

    from covid_d.clinic.app import create_app
    from covid_d.clinic.http.visitor import outside_address

    app = create_app(
        Installation.open(installation.settings.model_copy(update={"behind_https": True}))
    )
    scope = {
        "type": "http",
        "scheme": "http",
        "server": ("testserver", 80),
        "path": "/",
        "headers": [(b"host", b"clinica.example")],
        "app": app,
    }
    assert outside_address(Request(scope), "/x") == "https://clinica.example/x"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": "doctor"}, "username"),
        ({"unit_id": ""}, "unit_id"),
        ({"unit_id": "x"}, "unit_id"),
        ({"role": "god"}, "role"),
    ],
)
def test_a_refused_person_keeps_what_was_typed(
    post: Callable[..., Any], change: dict[str, str], field: str
) -> None:
    answer = post("/users/new", **USER | change)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'value="Luis &lt;Vera&gt;"' in answer.text


def test_a_change_of_role_signs_the_person_out(
    signed_in: SignIn, people: dict[Role, Person], post: Callable[..., Any]
) -> None:
    doctor, person = signed_in(Role.DOCTOR), people[Role.DOCTOR]
    change = {"username": "doctor", "full_name": "Doctor", "role": "researcher", "unit_id": ""}
    assert post(f"/users/{person.id}", **change).headers["location"] == "/users?notice=saved"
    assert doctor.get("/account").status_code == 303


def test_access_is_switched_reset_and_unlocked(
    chief: TestClient,
    signed_in: SignIn,
    installation: Installation,
    people: dict[Role, Person],
    post: Callable[..., Any],
) -> None:
    place, doctor = f"/users/{people[Role.DOCTOR].id}", signed_in(Role.DOCTOR)
    assert "Restablecer" in chief.get(place).text
    _link(post(f"{place}/password").text)
    assert doctor.get("/account").status_code == 303
    assert post(f"{place}/active", active="no").headers["location"].endswith("notice=user_off")
    assert "Desactivado" in chief.get(place).text
    assert post(f"{place}/password").status_code == 409
    post(f"{place}/active", active="yes")
    assert users.one(installation, people[Role.DOCTOR].id).active
    assert post(f"{place}/unlock").status_code == 303
    assert post("/users/999/unlock").status_code == 404


def test_the_last_administrator_is_kept_with_a_reason(
    people: dict[Role, Person], post: Callable[..., Any]
) -> None:
    place = f"/users/{people[Role.ADMINISTRATOR].id}"
    answer = post(f"{place}/active", active="no")
    assert answer.status_code == 409
    assert "último administrador" in answer.text
    change = {"username": "administrator", "full_name": "A", "role": "researcher", "unit_id": ""}
    answer = post(place, **change)
    assert answer.status_code == 409
    assert "último administrador" in answer.text
    assert 'value="A"' in answer.text


def test_a_unit_is_created_and_changed(
    chief: TestClient, installation: Installation, post: Callable[..., Any]
) -> None:
    assert post("/units/new", **UNIT).headers["location"] == "/units?notice=saved"
    page = chief.get("/units").text
    assert "Hospital Dos" in page
    assert "12,5 %" in page
    unit = next(unit for unit in units.every(installation) if unit.name == "Hospital Dos")
    assert 'value="12.5"' in chief.get(f"/units/{unit.id}").text
    post(
        f"/units/{unit.id}", name="Hospital Dos", province="Manabí", prevalence="", blind_mode="yes"
    )
    changed = units.one(installation, unit.id)
    assert (changed.prevalence, changed.blind_mode, changed.active) == (None, True, False)
    # A unit that is switched off is offered to nobody new.
    assert "Hospital Dos" not in chief.get("/users/new").text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"prevalence": "95"}, "prevalence"),
        ({"prevalence": "mucha"}, "prevalence"),
        ({"province": ""}, "province"),
        ({"name": "hospital uno"}, "name"),
    ],
)
def test_a_refused_unit_keeps_what_was_typed(
    post: Callable[..., Any], change: dict[str, str], field: str
) -> None:
    answer = post("/units/new", **UNIT | change)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    typed = UNIT | change
    assert f'value="{typed["name"]}"' in answer.text
    assert f'value="{typed["prevalence"]}"' in answer.text


def test_a_unit_that_is_not_there(chief: TestClient, post: Callable[..., Any]) -> None:
    assert chief.get("/units/999").status_code == 404
    assert post("/units/999", **UNIT).status_code == 404


def test_a_lost_phone_is_taken_off_by_somebody_else(
    chief: TestClient,
    installation: Installation,
    people: dict[Role, Person],
    post: Callable[..., Any],
) -> None:
    doctor, administrator = people[Role.DOCTOR], people[Role.ADMINISTRATOR]
    address = f"/users/{doctor.id}/second-factor"
    assert address not in chief.get(f"/users/{doctor.id}").text
    assert post(address).status_code == 409, "there is none"
    enrol(installation, doctor, PASSWORD)
    assert address in chief.get(f"/users/{doctor.id}").text
    assert post(address).headers["location"].startswith(f"/users/{doctor.id}?notice=")
    assert users.one(installation, doctor.id).second_factor is None
    assert post(f"/users/{administrator.id}/second-factor").status_code == 409, "one's own"
