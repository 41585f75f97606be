"""Erase one patient (LOPDP, art. 15): films, rows and everything that hangs on them.

One transaction takes the rows, whatever tables a later version hangs on a case; the films' files go
after it, and a sweep takes what a killed process leaves of them. The audit trail keeps that it was
done, by the case's number; what it said before names no patient. Backups and exports made while the
patient was there are listed: nobody but their holders can change them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, delete, or_, select
from sqlalchemy.orm import Session

from covid_d.clinic.arrivals import node_queue
from covid_d.clinic.cases import national_id
from covid_d.clinic.collection import recall
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.arrivals import Arrival
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.operations import (
    AuditEntry,
    CollectionExport,
    FilmReview,
    StagedFilm,
)
from covid_d.clinic.database.sealed import table_of
from covid_d.clinic.database.tables import TableBase
from covid_d.clinic.errors import NotFoundError, UnavailableError
from covid_d.clinic.films import FilmStoreError
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_, NN_

_DEEPEST: Final = 6


@dataclass(frozen=True, slots=True)
class PatientCase:
    """A case of the patient to be erased, as whoever runs the clinic may see it.

    Parameters
    ----------
    id, created_at
        Its number, and when it was entered.
    unit
        The health unit's name.
    films
        How many it has.
    """

    id: int
    created_at: datetime
    unit: str
    films: int


@dataclass(frozen=True, slots=True)
class Remains:
    """What still holds the patient, elsewhere.

    Parameters
    ----------
    backups
        Moments at which backups were made since the first case was entered, with the archive's
        name where it is known.
    exports
        Exports of the collection since then: number, moment, SHA-256.
    """

    backups: tuple[tuple[datetime, str], ...]
    exports: tuple[tuple[int, datetime, str], ...]


def find(
    installation: Installation, *, case_id: int | None = None, digits: str | None = None
) -> tuple[PatientCase, ...]:
    """Return every case of one patient, oldest first.

    They share the cédula in any unit, or the unit's code.

    Parameters
    ----------
    installation
        Where.
    case_id
        One of the patient's cases.
    digits
        Or their cédula.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    with installation.reading() as session:
        found = _cases(session, _same(session, installation, case_id, digits))
    if not found:
        raise NotFoundError
    return found


def remains(installation: Installation, cases: Sequence[PatientCase]) -> Remains:
    """Return which backups and exports were made while the patient was in the database."""
    first = min(case.created_at for case in cases)
    with installation.reading() as session:
        backups = session.execute(
            select(AuditEntry.at, AuditEntry.detail)
            .where(AuditEntry.action == "backup.create", AuditEntry.at >= first)
            .order_by(AuditEntry.sequence)
        ).all()
        exports = session.execute(
            select(CollectionExport.id, CollectionExport.created_at, CollectionExport.sha256)
            .where(CollectionExport.created_at >= first)
            .order_by(CollectionExport.id)
        ).all()
    return Remains(
        tuple((row.at, str((row.detail or {}).get("archive", ""))) for row in backups),
        tuple((row.id, row.created_at, row.sha256) for row in exports),
    )


def erase(installation: Installation, actor: Actor, case_ids: Sequence[int]) -> int:
    """Erase cases with all that hangs on them and return how many films' files went.

    Parameters
    ----------
    installation
        Where.
    actor
        Who erases.
    case_ids
        The patient's cases, as :func:`find` gave them.

    Raises
    ------
    NotFoundError
        If one of them is no longer there: then none is erased.
    UnavailableError
        If the film store does not answer: all is erased but films, which a sweep takes later.
    """
    with installation.act(actor) as act:
        session = act.session
        there = set(session.scalars(select(Case.id).where(Case.id.in_(case_ids))))
        if not case_ids or there != set(case_ids):
            raise NotFoundError
        came = set(
            session.scalars(select(Arrival.fingerprint).where(Arrival.case_id.in_(case_ids)))
        )
        named = select(Film.sha256).where(Film.case_id.in_(case_ids))
        files = set(session.scalars(named))
        counts = {
            number: len(session.scalars(select(Film.id).where(Film.case_id == number)).all())
            for number in case_ids
        }
        for number in sorted(case_ids):  # whoever received the films outside must destroy them
            recall.settle(act, number, agreed=False)
        _delete(session, table_of(Case), table_of(Case).c.id.in_(case_ids))
        # The same file may be another patient's too, entered with a reason: theirs stays.
        kept = set(session.scalars(select(Film.sha256).where(Film.sha256.in_(files))))
        gone = files - kept
        session.execute(delete(FilmReview).where(FilmReview.sha256.in_(gone)))
        session.execute(delete(StagedFilm).where(StagedFilm.sha256.in_(gone)))
        for number in sorted(case_ids):
            act.record("case.erase", f"case:{number}", films=counts[number])
    left = _remove(installation, gone)
    node_queue.forget(installation, came)
    _forget_pages(installation)
    if left:
        raise UnavailableError(
            NN_(
                "The patient is erased, but for %(num)d film: the film store does not answer.",
                "The patient is erased, but for %(num)d films: the film store does not answer.",
                left,
            ),
            N_("Start the server anew when it answers again: that removes them."),
            code="film_store_away",
        )
    return len(gone)


def _remove(installation: Installation, films: set[str]) -> int:
    """Remove films' files and return how many could not be."""
    left = 0
    for sha256 in films:
        try:
            installation.films.remove(sha256)
        except FilmStoreError:
            left += 1
    return left


def _same(
    session: Session, installation: Installation, case_id: int | None, digits: str | None
) -> ColumnElement[bool]:
    if digits is not None:
        return Case.national_id_hash == national_id.hash_of(installation.keys, digits)
    case = session.get(Case, case_id) if case_id is not None else None
    if case is None:
        raise NotFoundError
    same = and_(Case.unit_id == case.unit_id, Case.patient_code == case.patient_code)
    if case.national_id_hash is not None:
        same = or_(same, Case.national_id_hash == case.national_id_hash)
    return or_(Case.id == case.id, and_(same, Case.sample.is_(False)))


def _cases(session: Session, same: ColumnElement[bool]) -> tuple[PatientCase, ...]:
    rows = session.execute(
        select(Case.id, Case.created_at, Unit.name)
        .join(Unit, Unit.id == Case.unit_id)
        .where(same)
        .order_by(Case.created_at, Case.id)
    ).all()
    return tuple(
        PatientCase(
            row.id,
            row.created_at,
            row.name,
            len(session.scalars(select(Film.id).where(Film.case_id == row.id)).all()),
        )
        for row in rows
    )


def _delete(session: Session, table: Table, which: ColumnElement[bool], depth: int = 0) -> None:
    """Delete rows, and first those that hang on them, in whatever table."""
    assert depth < _DEEPEST, f"tables hang on each other in a ring: {table.name}"  # noqa: S101
    for child in TableBase.metadata.sorted_tables:
        for key in child.foreign_keys:
            if key.column.table is not table or child is table:
                continue
            parents: Any = select(key.column).where(which)
            _delete(session, child, key.parent.in_(parents), depth + 1)
    session.execute(delete(table).where(which))


def _forget_pages(installation: Installation) -> None:
    """Have the database's files hold nothing of what was deleted."""
    # SQLite overwrites what it deletes (``engine``); its journal is emptied here. PostgreSQL keeps
    # dead rows until they are vacuumed.
    engine = installation.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            connection.exec_driver_sql("VACUUM patient_case, film, assessment, reading, follow_up")
