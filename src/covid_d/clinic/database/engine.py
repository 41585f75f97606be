"""Connections: SQLite (write-ahead log) by default, PostgreSQL by ``COVID_D_DATABASE_URL``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session

from covid_d.errors import CovidDError, install_extra
from covid_d.language import N_

_WRITES = "covid_d_writes"
_BUSY_SECONDS = 30


def open_engine(url: str) -> Engine:
    """Return an engine for a database URL.

    Raises
    ------
    CovidDError
        If the URL cannot be understood, or its driver is not installed.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql" and "+" not in parsed.drivername:
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(parsed.render_as_string(hide_password=False))
        return create_engine(
            parsed, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True
        )
    except ArgumentError as error:
        raise CovidDError(
            N_("COVID_D_DATABASE_URL is not a database address."),
            N_("Write it as postgresql://user:password@host/name, or leave it out for SQLite."),
        ) from error
    except ModuleNotFoundError as error:
        raise CovidDError(
            N_("The database's driver is not installed (%(name)s).", name=error.name),
            install_extra("postgres"),
        ) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Yield a session that sees one consistent state and changes nothing.

    What was loaded stays readable after it.
    """
    with Session(engine, expire_on_commit=False) as session:
        yield session  # closed without a commit


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Yield a session that is committed whole when the block succeeds, else not at all."""
    with (
        Session(engine.execution_options(**{_WRITES: True}), expire_on_commit=False) as session,
        session.begin(),
    ):
        yield session


def is_reachable(engine: Engine) -> bool:
    """Return whether the database answers."""
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    except OperationalError:
        return False
    return True


def _sqlite(url: str) -> Engine:
    # What a statement carried may be a patient's: errors and logs never show it.
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        # The driver's own transaction handling starts none for SELECT; we start them all.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # FULL: what was accepted survives a power cut, not only a killed process.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes the lock at once: taken later, it could fail after half the work.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
