"""An older database is brought up to date with its rows; the tables are then the code's."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from covid_d.clinic.cases.marks import marks_of
from covid_d.clinic.cases.structured import Structured
from covid_d.clinic.database.cases import Case, Reading
from covid_d.clinic.database.engine import alone, open_engine
from covid_d.clinic.database.migrate import is_current, revision, upgrade
from covid_d.clinic.database.tables import TableBase
from covid_d.clinic.installation import data_folder, database_url
from covid_d.clinic.settings import ClinicSettings
from covid_d.errors import CovidDError

pytestmark = pytest.mark.postgres

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


CASE = (
    "INSERT INTO patient_case (id, unit_id, created_by_id, created_at, patient_code, province, "
    "symptoms, comorbidities, research_consent, notes, sample, blind) VALUES (7, 1, 1, :at, 'P', "
    "'Guayas', '[]', '[]', FALSE, '', FALSE, FALSE)"
)
UNIT = (
    "INSERT INTO unit (id, name, province, blind_mode, active, created_at) "
    "VALUES (1, 'Uno', 'Guayas', FALSE, TRUE, :at)"
)
READING = (
    "INSERT INTO reading (id, case_id, user_id, kind, finding, notes, created_at) "
    "VALUES (3, 7, 1, 'second', 'negative', 'sin cambios', :at)"
)


def test_readings_of_the_version_before_stay_as_they_are(engine: Engine) -> None:
    upgrade(engine, "0009")
    with engine.begin() as connection:
        for statement in (USER, UNIT, CASE, READING):
            connection.execute(text(statement), AT)
    upgrade(engine)
    assert _differences(engine) == []
    with Session(engine) as session:
        (reading,) = session.scalars(select(Reading))
        kept = (reading.id, reading.case_id, reading.kind, reading.finding, reading.notes)
        assert kept == (3, 7, "second", "negative", "sin cambios")
        assert reading.created_at.isoformat() == "2026-11-24T12:00:00+00:00"
        assert Structured.of(reading) == Structured()
        assert marks_of(session, [7]) == {7: frozenset()}


def test_of_a_case_of_the_version_before_nobody_said_what_was_breathed(engine: Engine) -> None:
    upgrade(engine, "0014")
    with engine.begin() as connection:
        for statement in (USER, UNIT, CASE):
            connection.execute(text(statement), AT)
    upgrade(engine)
    assert _differences(engine) == []
    with Session(engine) as session:
        (case,) = session.scalars(select(Case))
        assert (case.id, case.patient_code, case.on_oxygen) == (7, "P", None)


def test_a_newer_database_is_left_alone(engine: Engine) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CovidDError, match="newer COVID-D"):
        upgrade(engine)
    assert revision(engine) == "9999"


def test_several_that_start_at_once_bring_it_up_to_date_once(
    engine: Engine, clinic_settings: ClinicSettings
) -> None:
    """The server and a nightly backup after an upgrade: the database is not "locked" to either."""
    upgrade(engine, "0001")
    start = Barrier(4)

    def run() -> None:
        own = open_engine(database_url(clinic_settings))
        start.wait()
        try:
            upgrade(own)
        finally:
            own.dispose()

    with ThreadPoolExecutor(start.parties) as pool:
        for done in [pool.submit(run) for _ in range(start.parties)]:
            done.result()
    assert is_current(engine)
    assert _differences(engine) == []


def test_one_that_is_up_to_date_asks_for_nobodys_place(engine: Engine) -> None:
    """Every command opens the clinic: none may wait for a long writer only to find all done."""
    upgrade(engine)
    with alone(engine):
        upgrade(engine)


def test_who_is_alone_is_waited_for_and_undone_by_a_failure(
    engine: Engine, clinic_settings: ClinicSettings
) -> None:
    upgrade(engine, "0001")
    order: list[str] = []
    inside = Event()

    def second() -> None:
        own = open_engine(database_url(clinic_settings))
        inside.wait()
        with alone(own) as connection:
            order.append("second")
            assert connection.execute(text("SELECT count(*) FROM user_account")).scalar() == 0
        own.dispose()

    thread = Thread(target=second)
    thread.start()
    with pytest.raises(KeyError), alone(engine) as connection:  # noqa: PT012 - what is undone
        connection.execute(text(USER), AT)
        inside.set()
        thread.join(0.3)
        order.append("first")
        raise KeyError
    thread.join()
    assert order == ["first", "second"]
