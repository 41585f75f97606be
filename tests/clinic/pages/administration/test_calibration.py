"""The administrator's page: counts until there are enough, before and after, on and off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from clinic_factory import csrf_of
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.calibration.switching import state
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from simulated_cases import TRUE_COVID, TRUE_OTHER, use_audited, write_simulated

SignIn = Callable[[Role], TestClient]
PATH = "/bundles/calibration"


@pytest.fixture
def bundle(installation: Installation, people: dict[Role, Person], tmp_path: Path) -> str:
    return use_audited(installation, tmp_path, people[Role.ADMINISTRATOR].id)


@pytest.fixture
def admin(signed_in: SignIn) -> TestClient:
    return signed_in(Role.ADMINISTRATOR)


def _post(installation: Installation, browser: TestClient, what: str) -> tuple[int, str]:
    data = {"csrf_token": csrf_of(installation, browser)}
    answer = browser.post(f"{PATH}/{what}", data=data)
    return answer.status_code, answer.headers.get("location", answer.text)


def test_small_counts_are_not_told(
    installation: Installation, bundle: str, people: dict[Role, Person], admin: TestClient
) -> None:
    write_simulated(installation, bundle, 6, user_id=people[Role.DOCTOR].id, seed=3)
    page = admin.get(PATH).text
    assert "menos de 5 (se necesitan: 100)" in page
    assert "100 casos con resultado de laboratorio positivo" in page
    assert "Activarla" not in page


def test_a_model_without_appearance_has_none(admin: TestClient) -> None:
    assert "no responde con el aspecto" in admin.get(PATH).text


def test_what_does_not_help_is_refused_even_when_sent(
    installation: Installation, bundle: str, people: dict[Role, Person], admin: TestClient
) -> None:
    write_simulated(
        installation,
        bundle,
        450,
        user_id=people[Role.DOCTOR].id,
        like={"with_covid": (0.23, 0.2, 0.36, 0.21), "without": (0.53, 0.2, 0.24, 0.03)},
    )
    page = admin.get(PATH).text
    assert "el intervalo de la ganancia llega a cero" in page
    assert "Activarla" not in page
    assert "Cocientes de verosimilitud" in page, "what it would be is shown"
    status, said = _post(installation, admin, "on")
    assert status == 409
    assert "Siguen en uso los estudios publicados." in said
    assert state(installation).in_use is None


def test_a_turned_disease_raises_the_alarm_on_the_dashboard(
    installation: Installation, bundle: str, people: dict[Role, Person], admin: TestClient
) -> None:
    doctor = people[Role.DOCTOR].id
    write_simulated(installation, bundle, 900, user_id=doctor)
    assert _post(installation, admin, "on") == (303, f"{PATH}?notice=calibration_on")
    assert _post(installation, admin, "check")[1].endswith("calibration_unchecked")
    write_simulated(
        installation,
        bundle,
        150,
        user_id=doctor,
        seed=6,
        days=4,
        last=date(2026, 11, 28),
        like={"with_covid": TRUE_OTHER, "without": TRUE_COVID},
    )
    assert _post(installation, admin, "check")[1].endswith("calibration_checked")
    alarm = "la tabla propia de la clínica informa menos"
    assert alarm in admin.get(PATH).text
    assert alarm in admin.get("/dashboard").text
    assert _post(installation, admin, "off") == (303, f"{PATH}?notice=calibration_off")
    assert alarm not in admin.get("/dashboard").text
