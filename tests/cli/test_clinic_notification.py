"""``covid-d clinic notification``: a file for its owner alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bundle_factory import make_bundle
from clinic_clock import today
from clinic_factory import add_case, add_unit, add_user, read_blind
from covid_d.cli.main import cli
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.errors import CovidDError
from covid_d.settings import settings


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """A clinic with a doctor's case."""
    monkeypatch.setenv("COVID_D_DATA", str(tmp_path / "clinic"))
    monkeypatch.setenv("COVID_D_BUNDLE", str(make_bundle(tmp_path / "bundle")))
    settings.cache_clear()
    opened = Installation.open()
    add_unit(opened, "Hospital Uno")
    doctor = add_user(opened, "doc", Role.DOCTOR, unit="Hospital Uno")
    add_user(opened, "res", Role.RESEARCHER)
    add_user(opened, "rad", Role.RADIOLOGIST, unit="Hospital Uno")
    add_case(opened, doctor, patient_code="HC-77")
    yield opened
    opened.close()
    settings.cache_clear()


def _run(out: Path, user: str = "doc", *more: str) -> Result:
    day = today().isoformat()
    words = ["clinic", "notification", "--user", user, "--since", day, "--until", day]
    return CliRunner().invoke(cli, [*words, "--out", str(out), *more])


def test_a_file(clinic: Installation, tmp_path: Path) -> None:
    out = tmp_path / "n.csv"
    result = _run(out)
    assert result.exit_code == 0, result.output
    assert b"HC-77" in out.read_bytes()
    assert out.stat().st_mode & 0o777 == 0o600
    confirmed = _run(out, "doc", "--which", "confirmed")
    assert confirmed.exit_code == 0
    assert b"HC-77" not in out.read_bytes()


@pytest.mark.parametrize("user", ["res", "nobody"])
def test_only_for_who_sees_patients(clinic: Installation, tmp_path: Path, user: str) -> None:
    out = tmp_path / "n.csv"
    assert isinstance(_run(out, user).exception, CovidDError)
    assert not out.exists()


def test_what_must_be_read_first_is_told(clinic: Installation, tmp_path: Path) -> None:
    from clinic_factory import phantom_png

    read_blind(clinic)
    doctor = add_user(clinic, "two", Role.DOCTOR, unit="Hospital Uno")
    add_case(clinic, doctor, patient_code="HC-78", films=[phantom_png(8)])
    result = _run(tmp_path / "n.csv", "rad")
    assert result.exit_code == 0, result.output
    assert b"HC-78" not in (tmp_path / "n.csv").read_bytes()
