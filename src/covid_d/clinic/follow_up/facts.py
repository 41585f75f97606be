"""Follow-up: what was learnt of a case later, what of it holds now, and everything before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from covid_d.clinic import sentences
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.readings import may_see_answer
from covid_d.clinic.clock import Clock
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import Case, FollowUp
from covid_d.clinic.follow_up.holding import corrected
from covid_d.clinic.follow_up.laboratory import Laboratory, Sample
from covid_d.clinic.follow_up.terms import GIVEN, VOID, EntryKind, text_of
from covid_d.language import Text


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
    altered
        Whether it was changed in the database: then it counts for nothing.
    """

    id: int
    kind: EntryKind
    value: str
    day: date | None
    notes: str
    author_id: int
    author: str
    at: datetime
    supersedes: int | None
    reason: str
    superseded: bool
    altered: bool = False

    @property
    def text(self) -> Text:
        """The value's name."""
        return sentences.ALTERED if self.altered else text_of(self.kind, self.value)

    @property
    def holds(self) -> bool:
        """Whether it is neither corrected nor a mistake, and as it was entered."""
        return not self.superseded and not self.altered and self.value != VOID


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
    laboratory
        What these results say: to date, and as reference standard.
    """

    tests: tuple[Fact, ...]
    diagnosis: Fact | None
    outcome: Fact | None
    consent: Fact | None
    research_consent: bool
    laboratory: Laboratory

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Everything that holds, in the order of a form."""
        single = (self.diagnosis, self.outcome, self.consent)
        return self.tests + tuple(fact for fact in single if fact is not None)


def history(session: Session, case_id: int) -> list[Fact]:
    """Return every entry of a case, corrected ones too, in the order they were made."""
    rows = session.execute(
        select(FollowUp, User.full_name, corrected())
        .join(User, User.id == FollowUp.user_id)
        .where(FollowUp.case_id == case_id)
        .order_by(FollowUp.id)
    ).all()
    return [
        Fact(
            id=row.id,
            kind=EntryKind(row.kind),
            value=row.value,
            day=row.day,
            notes=row.notes,
            author_id=row.user_id,
            author=author,
            at=row.created_at,
            supersedes=row.supersedes_id,
            reason=row.reason,
            superseded=superseded,
            altered=row.altered,
        )
        for row, author, superseded in rows
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
    known = [
        fact for fact in facts if fact.kind is EntryKind.CONSENT or fact.author_id == person.id
    ]
    return Told(known, withheld=True)


def current(session: Session, case: Case, clock: Clock) -> Current:
    """Return what holds of a case now; its day is that of the installation's clock."""
    return summary(history(session, case.id), case, clock)


def summary(facts: Collection[Fact], case: Case, clock: Clock) -> Current:
    """Return what holds, given what is known of a case's history.

    Parameters
    ----------
    facts
        The history, or the part of it that somebody may know.
    case
        Whose: its day, and the research consent given when it was entered.
    clock
        The installation's.
    """
    holding = [fact for fact in facts if fact.holds]

    def latest(kind: EntryKind) -> Fact | None:
        # By its day, not by when it was typed: an admission entered late is not the end.
        found = [fact for fact in holding if fact.kind is kind]
        return max(found, key=lambda fact: (fact.day or date.min, fact.id), default=None)

    statements = [fact for fact in holding if fact.kind is EntryKind.CONSENT]
    consent = statements[-1] if statements else None  # the last word counts, whatever its day
    tests = tuple(
        sorted(
            (fact for fact in holding if fact.kind.is_test),
            key=lambda fact: (fact.day or date.min, fact.id),
        )
    )
    return Current(
        tests=tests,
        diagnosis=latest(EntryKind.DIAGNOSIS),
        outcome=latest(EntryKind.OUTCOME),
        consent=consent,
        research_consent=case.research_consent if consent is None else consent.value == GIVEN,
        laboratory=Laboratory.of(
            [Sample(fact.kind, fact.value, fact.day) for fact in tests],
            clock.day_of(case.created_at),
        ),
    )
