"""Where the queue lies: SQLite in the node's folder, or a schema of its own in PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.schema import CreateSchema

from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.pacs.tables import METADATA, VERSION, node

FILE: Final = "queue.sqlite"
SCHEMA: Final = "covid_d_pacs"
"""In PostgreSQL: the clinic's tables lie in the same database, under names much like these."""
_LOCK: Final = 0x0C0_71D_D1C0  # of the advisory lock: one process at a time makes tables
_NODE: Final = 0x0C0_71D_D1C1  # of the one that a node holds for as long as it works
_TRIES: Final = 20


def open_engine(folder: Path, url: str | None = None) -> Engine:
    """Return the engine of a queue, with its tables as this version has them.

    Parameters
    ----------
    folder
        The node's; made when missing.
    url
        Of a PostgreSQL database (``postgresql://...``); else SQLite in the folder.

    Raises
    ------
    CovidDError
        If the queue is of a later version.
    """
    if url is None:
        folder.mkdir(parents=True, exist_ok=True)
        engine = create_engine(f"sqlite:///{folder / FILE}")
        event.listen(engine, "connect", _durable)
    else:
        plain = create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1), pool_pre_ping=True
        )
        engine = plain.execution_options(schema_translate_map={None: SCHEMA})
    try:
        _make_tables(engine)
    except Exception:
        engine.dispose()
        raise
    return engine


def is_there(folder: Path, url: str | None = None) -> bool:
    """Return whether a node has ever worked with this queue."""
    if url is None:
        return (folder / FILE).is_file()
    plain = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        return inspect(plain).has_table(node.name, schema=SCHEMA)
    finally:
        plain.dispose()


def claim(engine: Engine) -> Connection | None:
    """Claim a queue for one node; held for as long as the connection is open.

    Returns
    -------
    ``None`` for SQLite: that lies in the node's own folder, which is locked itself.

    Raises
    ------
    CovidDError
        If another node works with the same database.
    """
    if engine.dialect.name == "sqlite":
        return None
    held = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    if not held.exec_driver_sql(f"SELECT pg_try_advisory_lock({_NODE})").scalar():
        held.close()
        raise CovidDError(
            N_("Another node works with this database."),
            N_("Stop it first, or give each node a database of its own."),
        )
    return held


def _make_tables(engine: Engine) -> None:
    """Make what is missing; several processes may come at once, and the first one makes it."""
    for left in reversed(range(_TRIES)):
        try:
            with engine.begin() as connection:
                if connection.dialect.name != "sqlite":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                    connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
                METADATA.create_all(connection)
                version = select(node.c.value).where(node.c.name == "version")
                kept = int(connection.scalar(version) or VERSION)
                if connection.scalar(version) is None:
                    connection.execute(insert(node).values(name="version", value=str(VERSION)))
        except (OperationalError, IntegrityError):  # SQLite has no such lock: another was first
            if not left:
                raise
        else:
            break
    if kept > VERSION:
        raise CovidDError(
            N_("The queue is of a later version of COVID-D (%(version)s).", version=kept),
            N_("Install that version, or choose another folder."),
        )


def _durable(connection: Any, record: Any) -> None:
    """Make SQLite wait for the disk at each commit: what it acknowledges must outlive the power."""
    del record
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
