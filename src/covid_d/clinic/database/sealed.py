"""Tables whose rows carry a seal: a keyed hash, so that a row changed in SQL is found.

A seal is made when a row is written through a session that has a sealer, and held against the row
whenever one is loaded. It covers the row's own number and every column, but those that its class
names in ``unsealed``. A column that is ``None`` is left out of it: one that a later version adds
leaves older seals sound. What is taken away, or put back as it was before, no seal can tell; for
that the audit trail is there (``operations.integrity``).
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final

from sqlalchemy import Column, Float, String, Table, event, inspect, update
from sqlalchemy.orm import Mapped, Session, UOWTransaction, mapped_column, object_session
from sqlalchemy.orm.attributes import set_committed_value

from covid_d.clinic.database.base import TableBase
from covid_d.clinic.errors import UnavailableError
from covid_d.language import N_

Sealer = Callable[[str], str]
"""Gives the keyed hash of a text."""
_SEALER: Final = "covid_d_sealer"
_ACCEPTED: Final = "covid_d_accepted"
_REMEMBERED: Final = 8192
_sound: Final[OrderedDict[tuple[Sealer, bytes], None]] = OrderedDict()
"""Rows that fitted their seal, by who sealed them and a hash of everything in them, seal included:
a list's same rows are held against their seals again and again. Some 2 MB."""


class AlteredError(UnavailableError):
    """A row was changed in the database, not by the clinic: it is neither shown nor built upon."""

    def __init__(self) -> None:
        super().__init__(
            N_("This record was changed in the database, not by COVID-D, and is not shown."),
            N_("Tell the administrator: `covid-d clinic check` names what was changed."),
            code="record_altered",
        )


class SealedTable(TableBase):
    """Base of the tables with a seal.

    Attributes
    ----------
    unsealed
        Names of columns that no seal covers, since they change without the act of a person.
    altered
        Whether the loaded row is not as the clinic wrote it. Rows that were never sealed are.
    """

    __abstract__ = True
    unsealed: ClassVar[frozenset[str]] = frozenset()
    altered: ClassVar[bool] = False

    seal: Mapped[str | None] = mapped_column(String(64), sort_order=1000)


def with_sealer(session: Session, sealer: Sealer | None) -> Session:
    """Have a session seal what it writes and hold what it loads against its seal."""
    if sealer is not None:
        session.info[_SEALER] = sealer
        event.listen(session, "after_flush", _seal_written)
    return session


def accept(session: Session, row: SealedTable) -> None:
    """Let a session seal a row anew that was altered: somebody looked at it and answers for it."""
    session.info.setdefault(_ACCEPTED, []).append(row)


def seal_of(sealer: Sealer, table: type[SealedTable], values: Mapping[str, Any]) -> str:
    """Return the seal of a row.

    Parameters
    ----------
    sealer
        The installation's.
    table
        Of the row.
    values
        By column.
    """
    return sealer(_line(_told(table, values)))


def is_altered(sealer: Sealer, table: type[SealedTable], values: Mapping[str, Any]) -> bool:
    """Return whether a row is not as it was sealed."""
    told = _told(table, values)
    row = (sealer, hashlib.sha256(pickle.dumps((told, values.get("seal")))).digest())
    if row in _sound:
        return False
    if values.get("seal") != sealer(_line(told)):
        return True
    _sound[row] = None
    while len(_sound) > _REMEMBERED:
        _sound.popitem(last=False)
    return False


def _told(table: type[SealedTable], values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return what a seal covers: the table's name, and the row by column."""
    told = {
        column.key: _plain(column, values[column.key])
        for column in table_of(table).columns
        if column.key != "seal"
        and column.key not in table.unsealed
        and values.get(column.key) is not None
    }
    return table.__tablename__, told


def _line(told: tuple[str, dict[str, Any]]) -> str:
    return json.dumps(
        told,
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
        default=repr,  # what another hand wrote may be of any kind; it fits no seal
    )


def tables() -> tuple[type[SealedTable], ...]:
    """Return every table with a seal."""
    found = [mapper.class_ for mapper in TableBase.registry.mappers]
    return tuple(
        sorted(
            (one for one in found if issubclass(one, SealedTable)),
            key=lambda one: one.__tablename__,
        )
    )


def table_of(table: type[TableBase]) -> Table:
    """Return a table's own definition, to read or write its rows as they are."""
    own = table.__table__
    assert isinstance(own, Table)  # noqa: S101 - declarative classes of ours map whole tables
    return own


def _plain(column: Column[Any], value: Any) -> Any:
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(column.type, Float) and isinstance(value, int | float):
        return float(value)
    return value


def _seal_written(session: Session, _: UOWTransaction) -> None:
    for row in session.new:
        if isinstance(row, SealedTable):
            _seal(session, row)
    for row in session.dirty:
        if isinstance(row, SealedTable) and _is_changed(row):
            if row.altered and all(row is not one for one in session.info.get(_ACCEPTED, ())):
                raise AlteredError
            _seal(session, row)


def _is_changed(row: SealedTable) -> bool:
    state = inspect(row)
    return any(
        state.attrs[state.mapper.get_property_by_column(column).key].history.has_changes()
        for column in table_of(type(row)).columns
        if column.key not in row.unsealed
    )


def _seal(session: Session, row: SealedTable) -> None:
    # Of the values in memory: what another hand wrote meanwhile does not get a seal of ours.
    seal = seal_of(session.info[_SEALER], type(row), row.__dict__)
    key = [column == row.__dict__[column.key] for column in table_of(type(row)).primary_key]
    session.connection().execute(update(table_of(type(row))).where(*key).values(seal=seal))
    set_committed_value(row, "seal", seal)
    row.__dict__.pop("altered", None)


@event.listens_for(SealedTable, "load", propagate=True)
def _hold(row: SealedTable, _: Any) -> None:
    session = object_session(row)
    sealer = session.info.get(_SEALER) if session is not None else None
    if sealer is not None and is_altered(sealer, type(row), row.__dict__):
        row.__dict__["altered"] = True


@event.listens_for(SealedTable, "refresh", propagate=True)
def _hold_again(row: SealedTable, context: Any, _: Any) -> None:
    row.__dict__.pop("altered", None)
    _hold(row, context)
