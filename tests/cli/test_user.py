"""The way back in: a link that works once, and a line in the audit trail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from authenticator import enrol
from bundle_factory import make_bundle
from clinic_factory import PASSWORD, add_user
from covid_d.cli import main
from covid_d.clinic.accounts import users
from covid_d.clinic.accounts.sign_in import HalfWay, WrongPasswordError, sign_in
from covid_d.clinic.app import create_app
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings

NEW = "otra frase larga de prueba"


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    bundle = make_bundle(tmp_path / "bundle")
    data = tmp_path / "clinic"
    chosen = ClinicSettings(data=data, bundle=bundle, allowed_hosts="testserver")
    opened = Installation.open(chosen)
    add_user(opened, "eva", Role.ADMINISTRATOR)
    return opened


def _run(place: Installation, name: str, what: str = "reset-password") -> int:
    with pytest.raises(SystemExit) as ended:
        main.main(["user", what, name, "--data", str(place.folder)])
    code = ended.value.code
    assert isinstance(code, int)
    return code


def test_the_link_sets_a_new_password(
    place: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(place, "eva") == 0
    found = re.search(r"http://\S+?(/password/\S+)", capsys.readouterr().out)
    assert found
    with pytest.raises(WrongPasswordError):
        sign_in(place, "eva", PASSWORD, "")
    with TestClient(create_app(place), follow_redirects=False) as browser:
        browser.post(found[1], data={"password": NEW})
        assert sign_in(place, "eva", NEW, "")
        assert browser.post(found[1], data={"password": PASSWORD}).status_code >= 400
    with place.reading() as session:
        assert "user.reset_password" in [e.action for e in session.query(AuditEntry)]


def test_a_name_nobody_has(place: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(place, "nobody") == 1
    assert "There is no user 'nobody'" in capsys.readouterr().err
    assert sign_in(place, "eva", PASSWORD, "")


def test_a_lost_phone(place: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    person = users.named(place, "eva")
    assert person is not None
    enrol(place, person, PASSWORD)
    assert isinstance(sign_in(place, "eva", PASSWORD, ""), HalfWay)
    assert _run(place, "eva") == 0, "a new password leaves the second factor"
    assert users.one(place, person.id).second_factor is not None
    assert _run(place, "eva", "reset-second-factor") == 0
    assert "has no second factor any more" in capsys.readouterr().out
    assert users.one(place, person.id).second_factor is None
    assert _run(place, "eva", "reset-second-factor") == 1
    assert "This account has no second factor." in capsys.readouterr().err
    assert _run(place, "nobody", "reset-second-factor") == 1
