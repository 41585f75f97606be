"""Connections: SQLite (write-ahead log) by default, PostgreSQL by ``COVID_D_DATABASE_URL``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session

from covid_d.clinic.database.sealed import Sealer, with_sealer
from covid_d.errors import CovidDError, install_extra
from covid_d.language import N_

_WRITES = "covid_d_writes"
_WAITS = "covid_d_waits"
_BUSY_SECONDS = 30
_LONG_SECONDS = 1800  # migrating and sealing what years brought in
_ALONE = 0xC0_71D_0  # PostgreSQL advisory lock: one at a time changes the tables
_turns: Final[defaultdict[str, Lock]] = defaultdict(Lock)
"""By a file of SQLite's, whose turn it is to write among the threads of this process."""


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
def reading(engine: Engine, sealer: Sealer | None = None) -> Iterator[Session]:
    """Yield a session that sees one consistent state and changes nothing.

    What was loaded stays readable after it, and is held against its seal if there is a sealer.
    """
    with Session(engine, expire_on_commit=False) as session:
        yield with_sealer(session, sealer)  # closed without a commit


@contextmanager
def writing(engine: Engine, sealer: Sealer | None = None) -> Iterator[Session]:
    """Yield a session that is committed whole when the block succeeds, else not at all.

    What it writes is sealed if there is a sealer.
    """
    with (
        _turn(engine),
        Session(engine.execution_options(**{_WRITES: True}), expire_on_commit=False) as session,
        session.begin(),
    ):
        yield with_sealer(session, sealer)


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """Yield a connection for what one process may do at a time: change the tables, seal all rows.

    It waits for others that do so, for as long as that takes; whatever was read before may have
    changed by then. It is committed whole when the block succeeds, else not at all.
    """
    options = {_WRITES: True, _WAITS: _LONG_SECONDS}
    with engine.execution_options(**options).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ALONE})
        yield connection


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """Wait for the other threads that write to a file of SQLite's.

    SQLite itself has them look again and again, ever more seldom: of many, some starve for seconds
    beside a lock that is free. Between processes that is how it stays.
    """
    if engine.dialect.name != "sqlite":
        yield
        return
    lock = _turns[str(engine.url)]
    came = lock.acquire(timeout=_BUSY_SECONDS)
    try:
        yield  # whoever waited in vain is told by SQLite that the database is locked
    finally:
        if came:
            lock.release()


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
        # What is deleted is overwritten: an erased patient is not to be found in free pages.
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes the lock at once: taken later, it could fail after half the work.
        options = connection.get_execution_options()
        writes = options.get(_WRITES, False)
        seconds = options.get(_WAITS, _BUSY_SECONDS)
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {1000 * seconds}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
