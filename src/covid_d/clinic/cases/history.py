"""A case's time line: what happened, in the order it happened, old values kept beside new ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from covid_d.clinic import sentences
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.marks import Mark
from covid_d.clinic.cases.readings import FINDINGS, KINDS, may_see_answer
from covid_d.clinic.cases.structured import Structured
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import AnswerShown, Case, CaseMark, StoredAssessment
from covid_d.clinic.follow_up import facts as follow_up
from covid_d.detector import Outcome
from covid_d.language import N_, Message, Text


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a case.

    Parameters
    ----------
    at
        When.
    what
        What happened.
    value
        What was found or answered, if anything.
    beside
        What belongs to the value: how it was read, which bundle answered.
    who
        Full name; empty for the model.
    day
        The day that the value is of, where one was stated.
    notes
        In the author's words.
    seen
        The structured part of a reading.
    reason
        Why it corrects an earlier entry.
    superseded
        Whether a later entry took its place; it is shown all the same.
    """

    at: datetime
    what: Text
    value: Text | Message | None = None
    beside: Text | str = ""
    who: str = ""
    day: date | None = None
    notes: str = ""
    seen: Structured | None = None
    reason: str = ""
    superseded: bool = False


def history(session: Session, case: Case, person: Person) -> list[Event]:
    """Return what a person may know of a case's history, oldest first.

    Before their own reading of a blind case they learn neither the answers, nor what
    others read, nor any result that others entered.

    Parameters
    ----------
    session
        A database session.
    case
        A whole one (:func:`~covid_d.clinic.cases.load_case.whole_case`).
    person
        Who asks.
    """
    events = [Event(case.created_at, N_("Case entered"), who=case.created_by.full_name)]
    open_to_all = may_see_answer(session, case, person)
    if open_to_all:
        events.extend(_answers(case))
        events.extend(_shown(session, case))
    events.extend(_readings(case, None if open_to_all else person))
    events.extend(_marks(session, case))
    events.extend(_follow_ups(session, case, person))
    return sorted(events, key=lambda event: event.at)


def _answers(case: Case) -> Iterator[Event]:
    for number, film in enumerate(case.films, start=1):
        for stored in film.assessments:
            yield Event(
                stored.created_at,
                N_("Answer of the model, film %(n)d", n=number),
                N_("Answer discarded") if stored.is_void else stored.headline,
                _model(stored),
            )


def _model(stored: StoredAssessment) -> Text | str:
    """Return what answered; no answer is told without what takes its worth from it."""
    name = f"{stored.bundle_name} {stored.bundle_version}"
    if stored.bundle_verdict != "demonstration" or stored.outcome == Outcome.REFUSED.value:
        return name
    return N_("%(model)s, demonstration model", model=name)


def _shown(session: Session, case: Case) -> Iterator[Event]:
    rows = session.execute(
        select(AnswerShown.shown_at, User.full_name)
        .join(User, User.id == AnswerShown.user_id)
        .where(AnswerShown.case_id == case.id)
    )
    for shown_at, name in rows:
        yield Event(shown_at, N_("The model's answer was first shown"), who=name)


def _readings(case: Case, only: Person | None) -> Iterator[Event]:
    for reading in case.readings:
        if only is not None and reading.user_id != only.id:
            continue
        if reading.altered:
            yield Event(reading.created_at, N_("Reading"), sentences.ALTERED)
            continue
        yield Event(
            reading.created_at,
            N_("Reading"),
            FINDINGS[reading.finding],
            KINDS[reading.kind],
            reading.user.full_name,
            notes=reading.notes,
            seen=Structured.of(reading),
        )


def _marks(session: Session, case: Case) -> Iterator[Event]:
    """Yield the marks that stand; the audit trail knows those that were taken off."""
    for row in session.scalars(select(CaseMark).where(CaseMark.case_id == case.id)):
        yield Event(row.created_at, Mark(row.mark).text, who=row.user.full_name)


def _follow_ups(session: Session, case: Case, person: Person) -> Iterator[Event]:
    for fact in follow_up.told(session, case, person).facts:
        yield Event(
            fact.at,
            fact.kind.text,
            fact.text,
            who=fact.author,
            day=fact.day,
            notes=fact.notes,
            reason=fact.reason,
            superseded=fact.superseded,
        )
