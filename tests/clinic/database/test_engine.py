"""Connections: what is written is kept whole or not at all, and errors show no patient."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database import engine
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.cases import Case
from covid_d.clinic.database.engine import is_reachable, open_engine
from covid_d.clinic.installation import DATABASE_FILE, Installation
from covid_d.clinic.roles import Role
from covid_d.errors import CovidDError

pytestmark = pytest.mark.postgres


def _unit(name: str) -> Unit:
    return Unit(name=name, province="Guayas", created_at=now())


def _names(installation: Installation) -> set[str]:
    with installation.reading() as session:
        return set(session.scalars(select(Unit.name)))


@pytest.mark.parametrize("url", ["", "clinic", "postgresql//host", "://x", "/var/lib/clinic.db"])
def test_what_is_no_address_is_said_so(url: str) -> None:
    with pytest.raises(CovidDError, match="COVID_D_DATABASE_URL is not a database address") as said:
        open_engine(url)
    assert "postgresql://user:password@host/name" in str(said.value.next_step)


@pytest.mark.parametrize("url", ["mysql://ana:hunter2@host/clinic", "oracle://ana:hunter2@host/x"])
def test_a_driver_that_is_not_there_is_named_and_the_password_is_not(url: str) -> None:
    with pytest.raises(CovidDError, match="driver is not installed") as said:
        open_engine(url)
    assert "hunter2" not in f"{said.value}{said.value.next_step}"


@pytest.mark.parametrize(
    "url",
    ["postgresql://ana:hunter2@host/clinic", "postgresql+psycopg://ana:hunter2@host/clinic"],
)
def test_postgresql_is_reached_by_the_driver_that_we_bring(url: str) -> None:
    engine = open_engine(url)  # connects only when asked
    assert (engine.dialect.name, engine.dialect.driver) == ("postgresql", "psycopg")
    assert engine.url.password == "hunter2"
    assert "hunter2" not in repr(engine)
    assert engine.hide_parameters


@pytest.mark.only_on("sqlite")
def test_a_database_that_is_not_there_is_not_reached(
    installation: Installation, tmp_path: Path
) -> None:
    assert is_reachable(installation.engine)
    gone = open_engine(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'clinic.db'}")
    assert not is_reachable(gone)


def test_a_block_that_fails_keeps_nothing(installation: Installation) -> None:
    def fail() -> None:
        with installation.writing() as session:
            session.add(_unit("Hospital Dos"))
            session.flush()
            session.execute(text("UPDATE unit SET province = 'Loja'"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _names(installation) == {"Hospital Uno"}
    with installation.reading() as session:
        assert session.scalars(select(Unit.province)).all() == ["Guayas"]


def test_a_row_that_breaks_a_rule_takes_the_others_with_it(installation: Installation) -> None:
    with pytest.raises(IntegrityError), installation.writing() as session:
        session.add_all([_unit("Hospital Dos"), _unit("Hospital Tres"), _unit("Hospital Uno")])
    assert _names(installation) == {"Hospital Uno"}


def test_reading_changes_nothing(installation: Installation) -> None:
    with installation.reading() as session:
        session.add(_unit("Hospital Dos"))
        session.flush()
        assert session.scalar(select(Unit.name).where(Unit.name == "Hospital Dos"))
    assert _names(installation) == {"Hospital Uno"}


@pytest.mark.parametrize("way", ["reading", "writing"])
def test_what_was_loaded_is_readable_afterwards(installation: Installation, way: str) -> None:
    with getattr(installation, way)() as session:
        unit = session.scalars(select(Unit)).one()
    assert (unit.name, unit.province) == ("Hospital Uno", "Guayas")


def test_an_error_shows_no_values(installation: Installation, people: dict[Role, Person]) -> None:
    """A statement's parameters may be a patient's; they must not reach a log."""
    with pytest.raises(IntegrityError) as caught, installation.writing() as session:
        session.add(
            Case(
                unit_id=999,
                created_by_id=people[Role.DOCTOR].id,
                created_at=now(),
                patient_code="HC-0042",
                notes="Ana Vera",
                province="Guayas",
                symptoms=["fever"],
                comorbidities=[],
            )
        )
    said = str(caught.value)
    assert "patient_case" in said
    assert "HC-0042" not in said
    assert "Ana Vera" not in said


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)]
)
def test_sqlite_keeps_what_it_accepted_and_its_references(
    installation: Installation, pragma: str, value: object
) -> None:
    with installation.reading() as session:
        assert session.execute(text(f"PRAGMA {pragma}")).scalar() == value


@pytest.mark.only_on("sqlite")
def test_a_writer_takes_its_turn_at_once_and_a_reader_waits_for_nobody(
    installation: Installation,
) -> None:
    file = installation.folder / DATABASE_FILE
    other = sqlite3.connect(file, timeout=0, isolation_level=None)
    with installation.reading():
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    with installation.writing() as session:
        session.scalars(select(Unit)).all()  # has changed nothing yet
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        assert other.execute("SELECT count(*) FROM unit").fetchone() == (1,)
    other.execute("BEGIN IMMEDIATE")
    other.close()


@pytest.mark.only_on("sqlite")
def test_a_reader_sees_one_state_whatever_is_written_meanwhile(installation: Installation) -> None:
    with installation.reading() as session:
        assert len(session.scalars(select(Unit.id)).all()) == 1
        with installation.writing() as other:
            other.add(_unit("Hospital Dos"))
        assert len(session.scalars(select(Unit.id)).all()) == 1
    assert _names(installation) == {"Hospital Uno", "Hospital Dos"}


@pytest.mark.only_on("sqlite")
def test_writers_of_one_process_wait_in_line_and_all_come_to_it(installation: Installation) -> None:
    def add(number: int) -> None:
        with installation.writing() as session:
            session.add(_unit(f"Unit {number}"))

    with ThreadPoolExecutor(12) as pool:
        with installation.writing() as session:
            session.add(_unit("First"))
            waiting = [pool.submit(add, number) for number in range(36)]
            assert not wait(waiting, timeout=0.2).done, "nobody writes beside another"
        for each in waiting:
            each.result(timeout=300)
    assert _names(installation) == {"Hospital Uno", "First", *(f"Unit {n}" for n in range(36))}


@pytest.mark.only_on("sqlite")
def test_whoever_waits_in_vain_is_told_and_the_line_goes_on(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_BUSY_SECONDS", 0.1)

    def add(name: str) -> None:
        with installation.writing() as session:
            session.add(_unit(name))

    with installation.writing() as session:
        session.add(_unit("Hospital Dos"))
        session.flush()
        with pytest.raises(OperationalError, match="locked"):
            add("Hospital Tres")  # a fault of ours: it would wait for itself
    add("Hospital Cuatro")
    with pytest.raises(RuntimeError), installation.writing():
        raise RuntimeError
    add("Hospital Cinco")
    named = {"Hospital Uno", "Hospital Dos", "Hospital Cuatro", "Hospital Cinco"}
    assert _names(installation) == named
