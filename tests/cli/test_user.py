"""The way back in: a link that works once, and a line in the audit trail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from bundle_factory import make_bundle
from clinic_factory import PASSWORD, add_user
from covid_d.cli import main
from covid_d.clinic.accounts.sign_in import WrongPasswordError, sign_in
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


def _run(place: Installation, name: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main.main(["user", "reset-password", name, "--data", str(place.folder)])
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
