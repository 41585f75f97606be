"""The audit trail: who did what and when, chained so that an altered row is found.

Each entry's hash is keyed with a secret that the database does not hold and covers the entry and
the hash before it. An emptied table and removed entries at the end are found by the anchor, which
lies outside the table (``anchor``), or by a head noted earlier (``covid-d audit-log verify
--expect``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, text, update
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from covid_d.clinic import shared_notes
from covid_d.clinic.clock import now
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.keys import Keys
from covid_d.clinic.trail.anchor import Anchor

START: Final = "0" * 64
_LOCK: Final = 0xC0_71D_D  # PostgreSQL advisory lock: one writer of the chain at a time
_PURPOSE: Final = "audit trail"
_UNREADABLE: Final = (ValueError, TypeError, AttributeError, LookupError, StatementError)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person, or nobody known (a failed sign-in, the command line)."""

    user_id: int | None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What :func:`verify` found.

    Parameters
    ----------
    entries
        How many entries were read.
    head
        The last good hash; note it elsewhere to notice a cut-off end later.
    broken
        Sequence number of the first entry that was altered, removed or put in; else ``None``.
    cut_off
        Whether a head noted earlier, or the anchor's, is no longer in the chain.
    """

    entries: int
    head: str
    broken: int | None
    cut_off: bool = False

    @property
    def sound(self) -> bool:
        """Whether nothing was altered, as far as can be seen."""
        return self.broken is None and not self.cut_off


def record(
    session: Session,
    keys: Keys,
    actor: Actor,
    action: str,
    subject: str,
    detail: dict[str, Any] | None = None,
) -> Anchor:
    """Append an entry in the caller's transaction: the change and its trace succeed or fail as one.

    Parameters
    ----------
    session
        A writing session.
    keys
        The installation's keys.
    actor
        Who did it.
    action
        ``"case.create"``, ``"case.view"``, ``"export.download"``...
    subject
        ``"case:12"``.
    detail
        More, without identities or secrets.

    Returns
    -------
    Where the trail stands once this is committed.

    Raises
    ------
    OtherKeyError
        If the database is under another key by now: the chain would break, and seals too.
    """
    take_turn(session)
    session.flush()
    # Under the lock: another server may have changed the key since this act began.
    shared_notes.require_own_key(session, keys)
    last = session.execute(
        select(AuditEntry.sequence, AuditEntry.hash).order_by(AuditEntry.sequence.desc()).limit(1)
    ).first()
    sequence, previous = (last.sequence + 1, last.hash) if last else (1, START)
    entry = AuditEntry(
        sequence=sequence,
        at=now(),
        user_id=actor.user_id,
        address=actor.address,
        action=action,
        subject=subject,
        detail=detail or {},
        previous=previous,
        hash="",
    )
    entry.hash = _hash(entry, keys)
    session.add(entry)
    session.flush()
    return Anchor(sequence, entry.hash)


def take_turn(session: Session) -> None:
    """Wait until nobody else writes to the trail, and keep them waiting until the commit.

    SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def verify(
    session: Session, keys: Keys, *, expect: str = START, anchors: Iterable[Anchor | None] = ()
) -> Verification:
    """Read the whole chain and find the first entry that does not fit.

    Parameters
    ----------
    session, keys
        The database, and the keys that chained it.
    expect
        A head noted earlier, which must still be in the chain.
    anchors
        Where the trail stood: the entry of that number must be there with that hash.
    """
    wanted = {anchor.entries: anchor.head for anchor in anchors if anchor is not None}
    wanted.pop(0, None)
    count, head, seen = 0, START, expect == START
    try:
        for entry in _entries(session):
            if not _fits(entry, count + 1, head, keys):
                return Verification(count, head, entry.sequence, not seen)
            count, head = count + 1, entry.hash
            seen = seen or head == expect
            if wanted.get(count) == head:
                del wanted[count]
    except _UNREADABLE:  # a row that cannot even be read was not written by us
        return Verification(count, head, _unreadable(session), not seen)
    return Verification(count, head, None, bool(wanted) or not seen)


def last(session: Session) -> Anchor | None:
    """Return where the trail stands; ``None`` of an empty one."""
    row = session.execute(
        select(AuditEntry.sequence, AuditEntry.hash).order_by(AuditEntry.sequence.desc()).limit(1)
    ).first()
    return None if row is None else Anchor(row.sequence, row.hash)


def ends_with_key(session: Session, keys: Keys) -> bool:
    """Return whether the last entry was chained with these keys."""
    entry = session.scalar(select(AuditEntry).order_by(AuditEntry.sequence.desc()).limit(1))
    return entry is not None and entry.hash == _hash(entry, keys)


def chain_anew(session: Session, keys: Keys) -> None:
    """Chain a trail that was verified with other keys; what the entries say stays."""
    table, previous = AuditEntry.__table__, START
    for sequence in session.scalars(select(AuditEntry.sequence).order_by(AuditEntry.sequence)):
        entry = session.get_one(AuditEntry, sequence)
        entry.previous = previous
        previous = _hash(entry, keys)
        session.execute(
            update(table)  # type: ignore[arg-type]
            .where(table.c.sequence == sequence)
            .values(previous=entry.previous, hash=previous)
        )
        session.expunge(entry)


def _unreadable(session: Session) -> int:
    """Return the number of the first row that cannot be read; rows are read by many elsewhere."""
    numbers = session.scalars(select(AuditEntry.sequence).order_by(AuditEntry.sequence)).all()
    for number in numbers:
        try:
            session.scalars(select(AuditEntry).where(AuditEntry.sequence == number)).one()
        except _UNREADABLE:
            return number
    return len(numbers)


def _fits(entry: AuditEntry, sequence: int, previous: str, keys: Keys) -> bool:
    return (
        entry.sequence == sequence
        and entry.previous == previous
        and entry.hash == _hash(entry, keys)
    )


def _entries(session: Session) -> Iterator[AuditEntry]:
    yield from session.scalars(
        select(AuditEntry)
        .order_by(AuditEntry.sequence)
        .execution_options(yield_per=1000, populate_existing=True)
    )


def _hash(entry: AuditEntry, keys: Keys) -> str:
    content = [
        entry.previous,
        entry.sequence,
        _moment(entry.at),
        entry.user_id,
        entry.address,
        entry.action,
        entry.subject,
        entry.detail,
    ]
    line = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return keys.digest(_PURPOSE, line)


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")
