"""An older database is brought up to date with its rows; the tables are then the code's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

from covid_d.clinic.database.engine import open_engine
from covid_d.clinic.database.migrate import is_current, revision, upgrade
from covid_d.clinic.database.tables import TableBase
from covid_d.clinic.installation import data_folder, database_url
from covid_d.clinic.settings import ClinicSettings
from covid_d.errors import CovidDError

USER = (
    "INSERT INTO user_account (id, username, full_name, role, active, must_change_password, "
    "failed_sign_ins, created_at) VALUES (1, 'ana', 'Ana', 'doctor', TRUE, FALSE, 0, :at)"
)
SESSION = (
    "INSERT INTO sign_in_session (token_sha256, user_id, csrf_token, created_at, last_seen_at) "
    "VALUES ('hash', 1, 'token', :at, :at)"
)
AT = {"at": "2026-11-24 12:00:00+00:00"}


@pytest.fixture
def engine(clinic_settings: ClinicSettings) -> Iterator[Engine]:
    """An empty database."""
    data_folder(clinic_settings).mkdir(parents=True)
    opened = open_engine(database_url(clinic_settings))
    yield opened
    opened.dispose()


def _differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, TableBase.metadata))


def test_the_migrations_end_at_the_codes_own_tables(engine: Engine) -> None:
    assert revision(engine) is None
    upgrade(engine)
    assert is_current(engine)
    assert _differences(engine) == []


def test_a_database_of_the_first_version_is_brought_up_to_date(engine: Engine) -> None:
    upgrade(engine, "0001")
    assert not is_current(engine)
    assert "browser" in str(_differences(engine)), "the comparison sees what is missing"
    with engine.begin() as connection:
        connection.execute(text(USER), AT)
        connection.execute(text(SESSION), AT)
    upgrade(engine)
    upgrade(engine)  # again changes nothing
    assert is_current(engine)
    assert _differences(engine) == []
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT token_sha256, user_id, browser FROM sign_in_session")
        )
        assert [tuple(row) for row in rows] == [("hash", 1, None)]


def test_a_newer_database_is_left_alone(engine: Engine) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CovidDError, match="newer COVID-D"):
        upgrade(engine)
    assert revision(engine) == "9999"
