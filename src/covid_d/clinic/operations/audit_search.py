"""Searching the audit trail: by person, action, subject and days. Persons by name, no patient."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from covid_d.clinic.clock import Clock
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation

PAGE: Final = 50
COLUMNS: Final = ("sequence", "at", "person", "address", "action", "subject", "detail", "hash")


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; what is left out does not matter.

    Parameters
    ----------
    user_id
        Who acted.
    action
        ``"case.view"``; or the beginning, ``"case."``.
    subject
        ``"case:12"``.
    since, until
        First and last day, in the installation's time zone.
    """

    user_id: int | None = None
    action: str = ""
    subject: str = ""
    since: date | None = None
    until: date | None = None

    def narrow(self, query: Select[Any], clock: Clock) -> Select[Any]:
        """Return a query of entries, narrowed to what is looked for."""
        if self.user_id is not None:
            query = query.where(AuditEntry.user_id == self.user_id)
        if self.action.endswith("."):
            query = query.where(AuditEntry.action.startswith(self.action, autoescape=True))
        elif self.action:
            query = query.where(AuditEntry.action == self.action)
        if self.subject:
            query = query.where(AuditEntry.subject == self.subject)
        if self.since is not None:
            query = query.where(AuditEntry.at >= clock.midnight(self.since))
        if self.until is not None:
            query = query.where(AuditEntry.at < clock.midnight(self.until + timedelta(days=1)))
        return query


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One entry, with the names of the persons in it.

    Parameters
    ----------
    sequence, at, address, action, subject, detail, hash
        As recorded.
    person
        Who acted, by name; ``None`` for nobody known.
    subject_name
        The name of the person it was done to, if it was one.
    """

    sequence: int
    at: datetime
    person: str | None
    address: str
    action: str
    subject: str
    subject_name: str | None
    detail: dict[str, Any]
    hash: str


def count(installation: Installation, search: Search) -> int:
    """Return how many entries are found."""
    with installation.reading() as session:
        found = session.scalar(
            search.narrow(select(func.count()).select_from(AuditEntry), installation.clock)
        )
        return found or 0


def latest(
    installation: Installation, search: Search, *, offset: int = 0, limit: int = PAGE
) -> Sequence[TrailEntry]:
    """Return entries, the latest first."""
    with installation.reading() as session:
        names = _names(session)
        query = search.narrow(select(AuditEntry), installation.clock).order_by(
            AuditEntry.sequence.desc()
        )
        found = session.scalars(query.offset(offset).limit(limit))
        return [_entry(row, names) for row in found]


def people(installation: Installation) -> Sequence[tuple[int, str]]:
    """Return everybody with an account, to choose from."""
    with installation.reading() as session:
        return sorted(_names(session).items(), key=lambda entry: entry[1].lower())


def actions(installation: Installation) -> Sequence[str]:
    """Return every action that was ever recorded."""
    with installation.reading() as session:
        return session.scalars(
            select(AuditEntry.action).distinct().order_by(AuditEntry.action)
        ).all()


def as_csv(installation: Installation, search: Search) -> Iterator[str]:
    """Yield the entries found as lines of CSV, the oldest first."""
    yield _line(COLUMNS)
    with installation.reading() as session:
        names = _names(session)
        query = search.narrow(select(AuditEntry), installation.clock).order_by(AuditEntry.sequence)
        for row in session.scalars(query.execution_options(yield_per=1000)):
            entry = _entry(row, names)
            yield _line(
                (
                    entry.sequence,
                    installation.clock.local(entry.at).isoformat(timespec="seconds"),
                    entry.person or "",
                    entry.address,
                    entry.action,
                    entry.subject,
                    json.dumps(entry.detail, ensure_ascii=False, sort_keys=True),
                    entry.hash,
                )
            )


def _names(session: Session) -> dict[int, str]:
    rows = session.execute(select(User.id, User.full_name, User.username))
    return {row.id: f"{row.full_name} ({row.username})" for row in rows}


def _entry(row: AuditEntry, names: dict[int, str]) -> TrailEntry:
    kind, _, key = row.subject.partition(":")
    subject_name = names.get(int(key)) if kind == "user" and key.isdecimal() else None
    return TrailEntry(
        sequence=row.sequence,
        at=row.at,
        person=None if row.user_id is None else names.get(row.user_id),
        address=row.address,
        action=row.action,
        subject=row.subject,
        subject_name=subject_name,
        detail=row.detail,
        hash=row.hash,
    )


def _line(cells: Sequence[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_harmless(cell) for cell in cells])
    return buffer.getvalue()


def _harmless(cell: object) -> object:
    """Keep spreadsheets from taking a name for a formula (OWASP, CSV injection)."""
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{cell}"
    return cell
