"""One unit of work: what somebody does, its changes and its trace, kept whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction
from sqlalchemy.sql.expression import TextClause

from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import ApiToken, Unit, User
from covid_d.clinic.database.base import TableBase
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.engine import writing
from covid_d.clinic.database.operations import AuditEntry, CollectionExport
from covid_d.clinic.database.studies import ReadingStudy
from covid_d.clinic.keys import Keys
from covid_d.clinic.trail import audit_trail
from covid_d.clinic.trail.anchor import Anchor
from covid_d.clinic.trail.audit_trail import Actor

_WORDS: Final[dict[type[TableBase], str]] = {
    ApiToken: "token",
    Case: "case",
    CollectionExport: "export",
    Film: "film",
    ReadingStudy: "study",
    Unit: "unit",
    User: "user",
}


class UnrecordedError(RuntimeError):
    """An act changed rows and said nothing to the trail: a fault of ours. Nothing was kept."""


class Act:
    """What somebody does in one transaction.

    Parameters
    ----------
    session
        A writing session.
    keys
        The installation's keys.
    actor
        Who acts, and from where.

    Attributes
    ----------
    now
        When the act began: one moment for all its rows.
    anchor
        Where the trail stands once the act is committed.
    """

    def __init__(self, session: Session, keys: Keys, actor: Actor) -> None:
        self.session = session
        self.keys = keys
        self.actor = actor
        self.now: datetime = now()
        self.anchor: Anchor | None = None
        self._changed = False
        self._recorded = False
        event.listen(session, "after_flush", self._see_flush)
        event.listen(session, "do_orm_execute", self._see_statement)

    def known_as(self, user_id: int) -> None:
        """Say who it is that acts, where only the act itself finds out (a sign-in)."""
        self.actor = Actor(user_id, self.actor.address)

    def record(self, action: str, subject: TableBase | str, /, **detail: Any) -> None:
        """Tell the audit trail, in the act's own transaction.

        Parameters
        ----------
        action
            ``"case.create"``, ``"case.view"``, ``"export.download"``...
        subject
            The row that it is done to, flushed before, so that it has its number; or a word for
            what is no row (``"cases"``, ``"installation"``).
        detail
            More, without identities or secrets.
        """
        if not isinstance(subject, str):
            self.session.flush()
            subject = subject_of(subject)
        self.anchor = audit_trail.record(
            self.session, self.keys, self.actor, action, subject, detail
        )
        self._recorded = True

    def finish(self) -> None:
        """Refuse to be kept when rows changed and nothing was recorded.

        Raises
        ------
        UnrecordedError
            Then.
        """
        self.session.flush()
        if self._changed and not self._recorded:
            raise UnrecordedError("rows changed and the audit trail was told nothing")

    def _see_flush(self, session: Session, _: UOWTransaction) -> None:
        rows = [*session.new, *session.deleted, *filter(session.is_modified, session.dirty)]
        self._changed |= any(not isinstance(row, AuditEntry) for row in rows)

    def _see_statement(self, state: ORMExecuteState) -> None:
        raw = state.statement
        if isinstance(raw, TextClause):
            self._changed |= not raw.text.lstrip().upper().startswith("SELECT")
        self._changed |= state.is_insert or state.is_update or state.is_delete


@contextmanager
def acting(engine: Engine, keys: Keys, actor: Actor) -> Iterator[Act]:
    """Yield an act that is committed whole, with its trace, or not at all.

    Raises
    ------
    UnrecordedError
        If it changed rows and recorded nothing.
    """
    with writing(engine, keys.seal) as session:
        act = Act(session, keys, actor)
        yield act
        act.finish()


def subject_of(row: TableBase) -> str:
    """Return how the trail names a row: ``"case:12"``."""
    return f"{_WORDS[type(row)]}:{row.id}"  # type: ignore[attr-defined]
