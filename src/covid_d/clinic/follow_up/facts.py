"""Follow-up: what was learnt of a case later, what of it holds now, and everything before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.readings import may_see_answer
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import Case, FollowUp
from covid_d.clinic.follow_up.terms import GIVEN, VOID, Kind, Laboratory, text_of
from covid_d.clinic.texts import Text


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry of a case's follow-up.

    Parameters
    ----------
    id
        Its number; a correction names it.
    kind, value
        What it says; see :mod:`covid_d.clinic.follow_up.terms`.
    day
        The sample's day, or the day of the outcome; ``None`` where none was asked for.
    notes
        In the author's words.
    author_id, author, at
        Who recorded it and when.
    supersedes
        The entry that it corrects, if any.
    reason
        Why it was corrected.
    superseded
        Whether a correction took its place.
    """

    id: int
    kind: Kind
    value: str
    day: date | None
    notes: str
    author_id: int
    author: str
    at: datetime
    supersedes: int | None
    reason: str
    superseded: bool

    @property
    def text(self) -> Text:
        """The value's name."""
        return text_of(self.kind, self.value)

    @property
    def holds(self) -> bool:
        """Whether it is neither corrected nor a mistake."""
        return not self.superseded and self.value != VOID


@dataclass(frozen=True, slots=True)
class Told:
    """What a person may know of a case's follow-up.

    Parameters
    ----------
    facts
        Entries, corrected ones too, in the order they were made.
    withheld
        Whether the rest is told after their own reading.
    """

    facts: list[Fact]
    withheld: bool


@dataclass(frozen=True, slots=True)
class Current:
    """What holds of a case now.

    Parameters
    ----------
    tests
        Laboratory results by day of the sample.
    diagnosis, outcome
        The final diagnosis and the latest outcome, if recorded.
    consent
        The latest statement on research after intake, if any.
    research_consent
        Whether the case may be used for research: that statement, else what intake recorded.
    """

    tests: tuple[Fact, ...]
    diagnosis: Fact | None
    outcome: Fact | None
    consent: Fact | None
    research_consent: bool

    @property
    def laboratory(self) -> Laboratory:
        """What the laboratory says so far."""
        return _laboratory({fact.value for fact in self.tests})

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Everything that holds, in the order of a form."""
        single = (self.diagnosis, self.outcome, self.consent)
        return self.tests + tuple(fact for fact in single if fact is not None)


def history(session: Session, case_id: int) -> list[Fact]:
    """Return every entry of a case, corrected ones too, in the order they were made."""
    rows = session.execute(
        select(FollowUp, User.full_name)
        .join(User, User.id == FollowUp.user_id)
        .where(FollowUp.case_id == case_id)
        .order_by(FollowUp.id)
    ).all()
    corrected = {row.supersedes_id for row, _ in rows}
    return [
        Fact(
            id=row.id,
            kind=Kind(row.kind),
            value=row.value,
            day=row.day,
            notes=row.notes,
            author_id=row.user_id,
            author=author,
            at=row.created_at,
            supersedes=row.supersedes_id,
            reason=row.reason,
            superseded=row.id in corrected,
        )
        for row, author in rows
    ]


def told(session: Session, case: Case, person: Person) -> Told:
    """Return what a person may know of a case's follow-up yet.

    Before their own reading of a blind case they learn no result: readers are blind to the
    reference standard too. What they entered themselves they know. Source: STARD 2015, item 13a.

    Parameters
    ----------
    session
        A database session.
    case, person
        Whose follow-up, and who asks.
    """
    facts = history(session, case.id)
    if may_see_answer(session, case, person):
        return Told(facts, withheld=False)
    known = [fact for fact in facts if fact.kind is Kind.CONSENT or fact.author_id == person.id]
    return Told(known, withheld=True)


def current(session: Session, case: Case) -> Current:
    """Return what holds of a case now."""
    return summary(history(session, case.id), at_intake=case.research_consent)


def summary(facts: Collection[Fact], *, at_intake: bool) -> Current:
    """Return what holds, given a case's whole history.

    Parameters
    ----------
    facts
        The history.
    at_intake
        Whether research consent was given when the case was entered.
    """
    holding = [fact for fact in facts if fact.holds]

    def latest(kind: Kind) -> Fact | None:
        # By its day, not by when it was typed: an admission entered late is not the end.
        found = [fact for fact in holding if fact.kind is kind]
        return max(found, key=lambda fact: (fact.day or date.min, fact.id), default=None)

    statements = [fact for fact in holding if fact.kind is Kind.CONSENT]
    consent = statements[-1] if statements else None  # the last word counts, whatever its day
    return Current(
        tests=tuple(
            sorted(
                (fact for fact in holding if fact.kind.is_test),
                key=lambda fact: (fact.day or date.min, fact.id),
            )
        ),
        diagnosis=latest(Kind.DIAGNOSIS),
        outcome=latest(Kind.OUTCOME),
        consent=consent,
        research_consent=at_intake if consent is None else consent.value == GIVEN,
    )


def laboratory_is(state: Laboratory) -> ColumnElement[bool]:
    """Return the condition on ``Case`` that its laboratory state is ``state``."""
    positive, negative = _has_result("positive"), _has_result("negative")
    if state is Laboratory.POSITIVE:
        return positive
    return ~positive & (negative if state is Laboratory.NEGATIVE else ~negative)


def laboratory_of(session: Session, case_ids: Collection[int]) -> dict[int, Laboratory]:
    """Return the laboratory state of several cases in one query."""
    correction = aliased(FollowUp)
    rows = session.execute(
        select(FollowUp.case_id, FollowUp.value)
        .outerjoin(correction, correction.supersedes_id == FollowUp.id)
        .where(FollowUp.case_id.in_(case_ids), _is_test(), correction.id.is_(None))
    )
    found: dict[int, set[str]] = {case_id: set() for case_id in case_ids}
    for case_id, value in rows:
        found[case_id].add(value)
    return {case_id: _laboratory(values) for case_id, values in found.items()}


def _laboratory(values: Collection[str]) -> Laboratory:
    # One positive test counts, as in the ministry's case definition; an indeterminate one leaves
    # the question open.
    if "positive" in values:
        return Laboratory.POSITIVE
    return Laboratory.NEGATIVE if "negative" in values else Laboratory.PENDING


def _has_result(value: str) -> ColumnElement[bool]:
    correction = aliased(FollowUp)
    return exists().where(
        FollowUp.case_id == Case.id,
        _is_test(),
        FollowUp.value == value,
        ~exists().where(correction.supersedes_id == FollowUp.id),
    )


def _is_test() -> ColumnElement[bool]:
    return FollowUp.kind.in_([kind.value for kind in Kind if kind.is_test])
