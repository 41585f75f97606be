"""Rows of an older version get their seals once; from then on a row without one is a finding.

That it was done is kept beside the key and made with it: whoever has the database alone cannot
have a row of theirs sealed by taking it back.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, bindparam, select, update
from sqlalchemy.exc import StatementError

from covid_d.clinic.database.engine import alone
from covid_d.clinic.database.sealed import (
    SealedTable,
    Sealer,
    is_altered,
    seal_of,
    table_of,
    tables,
)
from covid_d.clinic.keys import Keys
from covid_d.files import write_atomically

FILE: Final = "seals.begun"
_PURPOSE: Final = "seals begun"
UNREADABLE: Final = (ValueError, TypeError, AttributeError, LookupError, StatementError)
"""What a row raises that cannot even be read; none of ours is one."""
_BATCH: Final = 500
_log = logging.getLogger(__name__)


def begin(folder: Path, engine: Engine, keys: Keys) -> None:
    """Seal what an older version wrote, once in the life of an installation.

    Parameters
    ----------
    folder
        The data folder.
    engine
        Its database, with this version's tables.
    keys
        Of the installation.
    """
    if is_begun(folder, keys):
        return
    with alone(engine) as connection:
        if is_begun(folder, keys):
            return  # another process did it meanwhile
        done = seal_unsealed(connection, keys.seal)
    note_begun(folder, keys)
    if done:
        _log.info("rows of an older version sealed", extra={"rows": done})


def is_begun(folder: Path, keys: Keys) -> bool:
    """Return whether rows without a seal are findings."""
    try:
        return keys.is_digest(_PURPOSE, "", (folder / FILE).read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return False


def note_begun(folder: Path, keys: Keys) -> None:
    """Have rows without a seal be findings from now on."""
    write_atomically(folder / FILE, keys.digest(_PURPOSE, "") + "\n", mode=0o600)


def seal_unsealed(connection: Connection, sealer: Sealer) -> dict[str, int]:
    """Seal every row that has no seal and can be read; return how many, by table."""
    done: dict[str, int] = {}
    for table in tables():
        own = table_of(table)
        waiting = connection.execute(
            select(*own.primary_key.columns).where(own.c.seal.is_(None))
        ).all()
        (column,) = own.primary_key.columns
        sealed = [
            {"sealed_key": values[column.key], "seal": seal_of(sealer, table, values)}
            for values in _rows(connection, table, waiting)
            if not isinstance(values, tuple)  # one that cannot be read is found
        ]
        if sealed:
            given = update(own).where(column == bindparam("sealed_key"))
            connection.execute(given.values(seal=bindparam("seal")), sealed)
            done[own.name] = len(sealed)
    return done


def altered_rows(connection: Connection, sealer: Sealer) -> Iterator[str]:
    """Yield the name (``"assessment:12"``) of every row that is not as it was sealed."""
    for table in tables():
        own = table_of(table)
        keys = connection.execute(
            select(*own.primary_key.columns).order_by(*own.primary_key.columns)
        ).all()
        for values in _rows(connection, table, keys):
            if isinstance(values, tuple):
                yield f"{own.name}:{values[0]}"
            elif is_altered(sealer, table, values):
                yield f"{own.name}:{values[own.primary_key.columns.keys()[0]]}"


def rows(connection: Connection, table: type[SealedTable]) -> Iterator[dict[str, Any]]:
    """Yield every row of a table that can be read, by column."""
    own = table_of(table)
    keys = connection.execute(select(*own.primary_key.columns)).all()
    for values in _rows(connection, table, keys):
        if isinstance(values, dict):
            yield values


def _rows(
    connection: Connection, table: type[SealedTable], keys: Any
) -> Iterator[dict[str, Any] | tuple[Any, ...]]:
    """Yield rows by column, or the key alone of one that cannot be read."""
    own = table_of(table)
    column = own.primary_key.columns[0]  # the sealed tables have one
    for start in range(0, len(keys), _BATCH):
        wanted = [tuple(key) for key in keys[start : start + _BATCH]]
        try:
            found = connection.execute(
                select(own).where(column.in_([key[0] for key in wanted])).order_by(column)
            ).all()
        except UNREADABLE:
            yield from (_one(connection, table, key) for key in wanted)
        else:
            yield from (dict(row._mapping) for row in found)


def _one(
    connection: Connection, table: type[SealedTable], key: tuple[Any, ...]
) -> dict[str, Any] | tuple[Any, ...]:
    own = table_of(table)
    try:
        row = connection.execute(select(own).where(own.primary_key.columns[0] == key[0])).one()
    except UNREADABLE:
        return key
    return dict(row._mapping)
