"""The worklist: the unit's cases, filtered, sorted and paged, in a fixed number of queries."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, UnaryExpression, and_, func, or_, select
from sqlalchemy.orm import Session

from covid_d.clinic import sentences
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import reading_list
from covid_d.clinic.cases.access import of_unit
from covid_d.clinic.cases.leading_answer import leading, leading_is
from covid_d.clinic.cases.marks import Mark, marks_of
from covid_d.clinic.cases.reading_list import Waiting
from covid_d.clinic.cases.readings import answer_visible_to
from covid_d.clinic.clock import Clock
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import Case, Film, StoredAssessment
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.follow_up.laboratory import (
    Laboratory,
    ResultToDate,
    laboratory_of,
    result_to_date_is,
)
from covid_d.detector import Outcome
from covid_d.language import Message, Text

PAGE_SIZE: Final = 25
HIGHEST_NUMBER: Final = 2**31 - 1
"""The highest number a case can have: PostgreSQL's integer."""

LONGEST_TEXT: Final = 80
FIRST_DAY: Final = date(2000, 1, 1)
_NUMBER: Final = re.compile(r"[0-9]{1,10}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")

_NO_RESULT: Final = Laboratory.of((), FIRST_DAY)


class _Answer(NamedTuple):
    """What a row says of a film; fields as in :class:`WorklistRow`."""

    outcome: Outcome
    headline: Message
    demonstration: bool
    void: bool


class Sort(StrEnum):
    """In which order cases come."""

    NEWEST = "newest"
    OLDEST = "oldest"
    CODE = "code"
    CODE_DOWN = "code_down"
    TO_READ = "to_read"
    """Urgent cases first, then the oldest."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which cases, in which order. What is ``None`` or empty leaves none out.

    Parameters
    ----------
    text
        Part of a patient code, or a case number.
    patient
        Keyed hash of a cédula.
    since, until
        First and last day of entry, in the installation's time zone.
    outcome
        What the model said; never matches a case whose answer the person may not see yet.
    laboratory
        The result to date.
    province, sex
        As entered.
    own
        Only those that the person entered.
    waiting
        Only those of the person's reading list.
    sort
        The order.

    Raises
    ------
    InvalidInputError
        If a text cannot be searched for, or the last day lies before the first.
    """

    text: str = ""
    patient: str | None = None
    since: date | None = None
    until: date | None = None
    outcome: Outcome | None = None
    laboratory: ResultToDate | None = None
    province: str | None = None
    sex: str | None = None
    own: bool = False
    waiting: Waiting | None = None
    sort: Sort = Sort.NEWEST

    def __post_init__(self) -> None:
        wrong: dict[str, Text] = {}
        if len(self.text) > LONGEST_TEXT or not self.text.isprintable():
            wrong["text"] = sentences.UNREADABLE
        if self.patient is not None and not _HASH.fullmatch(self.patient):
            wrong["patient"] = sentences.UNREADABLE
        for name, day in (("since", self.since), ("until", self.until)):
            if day is not None and not FIRST_DAY <= day < date.max:
                wrong[name] = sentences.UNREADABLE
        if self.since and self.until and self.since > self.until:
            wrong["until"] = sentences.BACKWARDS
        if wrong:
            raise InvalidInputError(wrong)


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One case in a list.

    Parameters
    ----------
    id, created_at, patient_code, age_years, sex, province
        Of the case.
    entered_by
        The person's full name.
    films
        How many it has.
    withheld
        Whether answer and results may not be told to this person before their own reading.
    outcome
        The most telling answer over its films; ``None`` when withheld or without an answer.
    taken_on
        Day of its newest film, where one is known.
    headline
        That answer in words, of the first film that has it.
    demonstration
        Whether a demonstration gave it, whose answers are no evidence: then it has no colour.
    void
        Whether it is to be disregarded: then it has none either.
    laboratory
        What the laboratory says; ``None`` when there is a result and it is withheld.
    marks
        What the case is marked with.
    """

    id: int
    created_at: datetime
    patient_code: str
    age_years: int | None
    sex: str | None
    province: str
    entered_by: str
    films: int
    withheld: bool
    outcome: Outcome | None
    headline: Message | None
    demonstration: bool
    void: bool
    laboratory: Laboratory | None
    taken_on: date | None = None
    marks: frozenset[Mark] = frozenset()


@dataclass(frozen=True, slots=True)
class WorklistPage:
    """One page of the list.

    Parameters
    ----------
    rows
        The cases.
    number, pages, total
        Which page, of how many, of how many cases.
    """

    rows: tuple[WorklistRow, ...]
    number: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class PendingCases:
    """The cases whose laboratory result is pending: how many, since when, of how many in all."""

    pending: int
    oldest: datetime | None
    cases: int


def list_cases(
    session: Session,
    person: Person,
    filters: Filters,
    *,
    clock: Clock,
    number: int = 1,
    size: int = PAGE_SIZE,
) -> WorklistPage:
    """Return one page of the cases that a person may see; past the end, the last one.

    Parameters
    ----------
    session
        A database session.
    person
        Who asks.
    filters
        Which cases.
    clock
        The installation's.
    number, size
        Which page, of how many cases each.
    """
    chosen = and_(of_unit(person), *_conditions(person, filters, clock))
    total = session.scalar(select(func.count()).select_from(Case).where(chosen)) or 0
    pages = max(1, -(-total // size))
    number = min(max(number, 1), pages)
    query = (
        _columns(person)
        .where(chosen)
        .order_by(*_order(filters.sort))
        .offset((number - 1) * size)
        .limit(size)
    )
    return WorklistPage(_rows(session, query, clock), number, pages, total)


def waiting(session: Session, person: Person) -> PendingCases:
    """Return how many cases wait for their laboratory result, over the whole unit."""
    mine = of_unit(person)
    total = session.scalar(select(func.count()).select_from(Case).where(mine)) or 0
    pending, oldest = session.execute(
        select(func.count(), func.min(Case.created_at)).where(
            mine, result_to_date_is(ResultToDate.PENDING)
        )
    ).one()
    return PendingCases(pending, oldest, total)


def _conditions(person: Person, filters: Filters, clock: Clock) -> Iterator[ColumnElement[bool]]:
    if filters.text:
        yield _matches(filters.text)
    if filters.patient is not None:
        yield Case.national_id_hash == filters.patient
    if filters.since is not None:
        yield Case.created_at >= clock.midnight(filters.since)
    if filters.until is not None:
        yield Case.created_at < clock.midnight(filters.until + timedelta(days=1))
    if filters.outcome is not None:
        yield answer_visible_to(person)
        yield leading_is(filters.outcome)
    if filters.laboratory is not None:
        if filters.laboratory is not ResultToDate.PENDING:
            yield answer_visible_to(person)
        yield result_to_date_is(filters.laboratory)
    if filters.province is not None:
        yield Case.province == filters.province
    if filters.sex is not None:
        yield Case.sex == filters.sex
    if filters.own:
        yield Case.created_by_id == person.id
    if filters.waiting is not None:
        yield filters.waiting.condition(person)


def _matches(text: str) -> ColumnElement[bool]:
    by_code = Case.patient_code.icontains(text, autoescape=True)
    digits = text.removeprefix("#")
    if (
        digits.isascii()
        and digits.isdigit()
        and len(digits) <= 10
        and int(digits) <= HIGHEST_NUMBER
    ):
        return or_(by_code, Case.id == int(digits))
    return by_code


def _order(sort: Sort) -> tuple[UnaryExpression[Any], ...]:
    # The number last, so that cases of the same moment or code keep one order over all pages.
    orders: dict[Sort, tuple[UnaryExpression[Any], ...]] = {
        Sort.TO_READ: reading_list.order(),
        Sort.NEWEST: (Case.created_at.desc(), Case.id.desc()),
        Sort.OLDEST: (Case.created_at.asc(), Case.id.asc()),
        Sort.CODE: (Case.patient_code.asc(), Case.id.asc()),
        Sort.CODE_DOWN: (Case.patient_code.desc(), Case.id.desc()),
    }
    return orders[sort]


def _columns(person: Person) -> Any:
    return select(
        Case.id,
        Case.created_at,
        Case.patient_code,
        Case.age_years,
        Case.sex,
        Case.province,
        User.full_name,
        answer_visible_to(person).label("visible"),
        _newest_film().label("taken_on"),
    ).join(User, User.id == Case.created_by_id)


def _newest_film() -> ScalarSelect[date | None]:
    return select(func.max(Film.taken_on)).where(Film.case_id == Case.id).scalar_subquery()


def _rows(session: Session, query: Any, clock: Clock) -> tuple[WorklistRow, ...]:
    found = session.execute(query).all()
    answers = _answers(session, [row.id for row in found])
    marks = marks_of(session, [row.id for row in found])
    laboratory = laboratory_of(session, {row.id: clock.day_of(row.created_at) for row in found})
    return tuple(
        WorklistRow(
            id=row.id,
            created_at=row.created_at,
            patient_code=row.patient_code,
            age_years=row.age_years,
            sex=row.sex,
            province=row.province,
            entered_by=row.full_name,
            films=len(answers[row.id]),
            withheld=not row.visible,
            **_said(answers[row.id] if row.visible else {}),
            laboratory=_told(laboratory[row.id], row.visible),
            taken_on=row.taken_on,
            marks=marks[row.id],
        )
        for row in found
    )


def _told(laboratory: Laboratory, visible: bool) -> Laboratory | None:
    """Return what may be known: that a result is missing always, so that it is asked for."""
    if visible:
        return laboratory
    # An indeterminate result leaves the case pending as well, but is not told.
    return _NO_RESULT if laboratory.to_date is ResultToDate.PENDING else None


def _said(films: dict[int, _Answer | None]) -> dict[str, Any]:
    """Return the most telling answer over a case's films, and its words."""
    answers = [answer for _, answer in sorted(films.items()) if answer is not None]
    outcome = leading([answer.outcome for answer in answers])
    first = next((answer for answer in answers if answer.outcome is outcome), None)
    return {
        "outcome": outcome,
        "headline": first.headline if first else None,
        "demonstration": first is not None and first.demonstration,
        "void": first is not None and first.void,
    }


def _answers(session: Session, case_ids: list[int]) -> dict[int, dict[int, _Answer | None]]:
    """Return the newest answer of each film of several cases, in one query."""
    found: dict[int, dict[int, _Answer | None]] = defaultdict(dict)
    rows = session.execute(  # whole rows: each is held against its seal
        select(Film.case_id, Film.id, StoredAssessment)
        .outerjoin(StoredAssessment, StoredAssessment.film_id == Film.id)
        .where(Film.case_id.in_(case_ids))
        .order_by(StoredAssessment.id)
    )
    for case_id, film_id, stored in rows:  # a later answer replaces an earlier one
        found[case_id][film_id] = (
            None
            if stored is None
            else _Answer(
                outcome=stored.said,
                headline=stored.headline,
                demonstration=stored.bundle_verdict != "audit-passed",
                void=stored.is_void,
            )
        )
    return found
