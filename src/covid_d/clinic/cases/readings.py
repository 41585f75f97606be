"""People's own readings, and who may see the model's answer yet.

In blind mode nobody is told the answer or a result of a case before they have recorded their own
reading of it. Every face that could tell it (pages, pictures, reports, lists, the API) asks here
first.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, and_, exists, false, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from covid_d.clinic import sentences
from covid_d.clinic.accounts.people import NETWORK_USERNAME, Person
from covid_d.clinic.cases.structured import Structured
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import AnswerShown, Case, FollowUp, Reading
from covid_d.clinic.errors import ConflictError, InvalidInputError
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.roles import Permission
from covid_d.clinic.trail.act import Act
from covid_d.language import N_, Text

LONGEST_NOTES: Final = 2000
FINDINGS: Final[dict[str, Text]] = {
    "positive": N_("Compatible with COVID-19"),
    "negative": N_("Not compatible with COVID-19"),
    "inconclusive": N_("Inconclusive"),
}
KINDS: Final[dict[str, Text]] = {
    "blind": N_("before the model's answer was shown"),
    "open": N_("with the model's answer known"),
    "second": N_("second reader"),
    "informed": N_("after entering a result of the case"),
    "third": N_("third reader, settles the disagreement"),
}


class ReadingFirstError(ConflictError):
    """The answer is not shown before the person's own reading."""

    def __init__(self) -> None:
        super().__init__(
            N_("The model's answer is shown after your own reading."),
            N_("Record your reading on the case's page first."),
            code="reading_first",
        )


def answer_visible_to(person: Person) -> ColumnElement[bool]:
    """Return the condition on :class:`Case` under which a person may see its answers.

    For lists, filters and counts; it says nothing of the unit.
    """
    read = aliased(Reading)  # another one than a query's own, where it is about readings
    own = exists().where(read.case_id == Case.id, read.user_id == person.id)
    return or_(Case.blind == false(), own)


def may_see_answer(session: Session, case: Case, person: Person) -> bool:
    """Return whether a person may be told what the model and others say of a case.

    That is the model's outcome, probability, warnings, activation; other people's readings; and
    results of the laboratory, diagnosis and outcome, which the readings are judged by.
    """
    visible = and_(Case.id == case.id, answer_visible_to(person))
    return session.scalar(select(Case.id).where(visible)) is not None


def note_answer_shown(session: Session, case: Case, person: Person) -> None:
    """Keep when the answer was first shown to a person; later times change nothing.

    Parameters
    ----------
    session
        A writing session.
    case, person
        Whose answer, to whom.
    """
    key = (case.id, person.id)
    if session.get(AnswerShown, key) is not None:
        return
    try:
        with session.begin_nested():
            session.add(AnswerShown(case_id=case.id, user_id=person.id, shown_at=now()))
    except IntegrityError:
        # Another tab of the same person was first: its time stands.
        session.expire_all()


def record_reading(
    act: Act,
    case: Case,
    person: Person,
    *,
    finding: str,
    notes: str = "",
    seen: Structured | None = None,
) -> Reading:
    """Record what a person read from a case's films; earlier readings stay as they are.

    A form sent twice makes one reading.

    Parameters
    ----------
    act
        The unit of work.
    case, person
        Whose films, read by whom.
    finding
        A key of ``FINDINGS``.
    notes
        What was seen, in the reader's words.
    seen
        What was seen, in the field's terms.

    Raises
    ------
    InvalidInputError
        If the finding is none of these or the notes are too long.
    """
    kind = _kind(act.session, case, person)
    return add_reading(act, case, person, kind, finding=finding, notes=notes, seen=seen)


def add_reading(
    act: Act,
    case: Case,
    person: Person,
    kind: str,
    *,
    finding: str,
    notes: str,
    seen: Structured | None,
) -> Reading:
    """Record a reading of a kind; :func:`record_reading` finds the kind itself.

    Parameters
    ----------
    act, case, person, finding, notes, seen
        As in :func:`record_reading`.
    kind
        A key of ``KINDS``.

    Raises
    ------
    InvalidInputError
        As there.
    """
    notes, columns = notes.strip(), (seen or Structured()).columns
    if finding not in FINDINGS:
        raise InvalidInputError({"finding": N_("Choose what you read from the film.")})
    if len(notes) > LONGEST_NOTES:
        raise InvalidInputError({"notes": sentences.too_long(LONGEST_NOTES)})
    if "\x00" in notes:  # PostgreSQL keeps no such text
        raise InvalidInputError({"notes": sentences.UNREADABLE})
    columns |= {"kind": kind, "finding": finding, "notes": notes}
    last = act.session.scalar(
        select(Reading)
        .where(Reading.case_id == case.id, Reading.user_id == person.id)
        .order_by(Reading.id.desc())
        .limit(1)
    )
    if last is not None and all(getattr(last, name) == columns[name] for name in columns):
        return last
    reading = Reading(case_id=case.id, user_id=person.id, created_at=act.now, **columns)
    act.session.add(reading)
    act.session.flush()
    act.record("reading.create", case, reading=reading.id, kind=kind, finding=finding)
    return reading


def is_second_reader(case: Case, person: Person) -> bool:
    """Return whether a person reads a case as its second reader: not the one who entered it.

    Nobody entered a case that came over the hospital's network: whoever reads it first is first.
    """
    if Permission.READ_AS_SECOND not in person.role.permissions:
        return False
    if case.created_by.username == NETWORK_USERNAME:
        return any(reading.user_id != person.id for reading in case.readings)
    return case.created_by_id != person.id


def _kind(session: Session, case: Case, person: Person) -> str:
    if is_second_reader(case, person):
        return "second"
    if session.get(AnswerShown, (case.id, person.id)) is not None:
        return "open"
    return "informed" if _entered_result(session, case, person) else "blind"


def _entered_result(session: Session, case: Case, person: Person) -> bool:
    own = (FollowUp.case_id == case.id, FollowUp.user_id == person.id)
    results = exists().where(*own, FollowUp.kind != EntryKind.CONSENT.value)
    return bool(session.scalar(select(results)))
