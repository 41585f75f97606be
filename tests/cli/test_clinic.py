"""Commands on a clinic that is there; a mistyped folder makes none."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from clinic_factory import add_user
from covid_d.cli.main import cli
from covid_d.clinic.installation import DATABASE_FILE, Installation
from covid_d.clinic.keys import FILE as KEY_FILE
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail import audit_trail
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError

COMMANDS = {
    "audit-log verify": [],
    "audit-log show": [],
    "backup": ["backup.zip"],
    "collection export": ["--out", "export", "--user", "ana", "--attribution", "Hospital Uno"],
    "user reset-password": ["ana"],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder; the clinic's would lie in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COVID_D_DATABASE_URL", raising=False)
    return tmp_path


def _clinic(folder: Path) -> Installation:
    opened = Installation.open(ClinicSettings(data=folder))
    person = add_user(opened, "ana", Role.ADMINISTRATOR)
    with opened.writing() as session:
        audit_trail.record(session, opened.keys, Actor(person.id), "case.view", "case:1")
    opened.close()
    return opened


@pytest.mark.parametrize("command", COMMANDS)
def test_a_mistyped_folder_is_named_and_not_made(folder: Path, command: str) -> None:
    words = [*command.split(), *COMMANDS[command], "--data", "clinci"]
    result = CliRunner().invoke(cli, words)
    assert isinstance(result.exception, CovidDError)
    assert str(folder / "clinci") in str(result.exception)
    assert "COVID_D_DATA" in str(result.exception.next_step)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_an_empty_folder_stays_empty(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """With a database elsewhere too: a new key beside it would read none of it."""
    elsewhere = f"sqlite:///{folder / 'elsewhere.sqlite3'}"
    monkeypatch.setenv("COVID_D_DATABASE_URL", elsewhere)
    (folder / "empty").mkdir()
    result = CliRunner().invoke(
        cli, [*command.split(), *COMMANDS[command], "--data", str(folder / "empty")]
    )
    assert isinstance(result.exception, CovidDError)
    assert KEY_FILE in str(result.exception)
    assert [path.name for path in folder.rglob("*")] == ["empty"]


def test_a_clinic_that_is_there_is_opened(folder: Path) -> None:
    _clinic(folder / "clinic")
    result = CliRunner().invoke(cli, ["audit-log", "verify", "--data", str(folder / "clinic")])
    assert result.exit_code == 0, result.output
    assert "entries: 1" in result.output


def test_a_lost_key_is_not_replaced(folder: Path) -> None:
    place = folder / "clinic"
    _clinic(place)
    (place / KEY_FILE).unlink()
    with pytest.raises(CovidDError, match=KEY_FILE):
        Installation.open(ClinicSettings(data=place))
    assert not (place / KEY_FILE).exists()
    (place / DATABASE_FILE).unlink()  # nothing left that a new key could not read
    Installation.open(ClinicSettings(data=place)).close()
    assert (place / KEY_FILE).exists()
