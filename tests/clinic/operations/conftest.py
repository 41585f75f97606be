"""A backup of a clinic with two cases, and where to restore it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from clinic_factory import add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations.backup import back_up
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from postgres_server import PostgresServer


@pytest.fixture
def filled(installation: Installation, people: dict[Role, Person]) -> Installation:
    """An installation with two cases."""
    for seed in (1, 2):
        add_case(installation, people[Role.DOCTOR], seed=seed, national_id="1710034065")
    return installation


@pytest.fixture
def archive(filled: Installation, tmp_path: Path) -> Path:
    back_up(filled, tmp_path / "backup.zip")
    return tmp_path / "backup.zip"


@pytest.fixture
def elsewhere(
    clinic_settings: ClinicSettings, postgres: PostgresServer | None, tmp_path: Path
) -> ClinicSettings:
    """Settings of an empty folder and database on the same kind of server."""
    url = SecretStr(postgres.new_database()) if postgres else None
    return clinic_settings.model_copy(update={"data": tmp_path / "new", "database_url": url})
