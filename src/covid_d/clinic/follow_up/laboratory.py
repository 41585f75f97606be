"""What the laboratory says of a case, by one rule for every list, figure and export.

Two things are told apart and named everywhere. The *result to date* is for whoever treats the
patient: one positive result counts, whatever its day, as in the ministry's case definition. The
*reference standard* is what the model is judged by: only samples taken near the case count, and
the RT-PCR counts before the antigen test. Where they differ, both are said, and why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from covid_d.clinic.database.cases import Case, FollowUp
from covid_d.clinic.follow_up.holding import holds, is_test
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.language import N_, Text

# A sample further from the case's day tells of another state of the patient.
WINDOW_DAYS: Final = 7


class Sample(NamedTuple):
    """One result that holds: of which test, what it says, and the day of the sample if known."""

    kind: str
    value: str
    day: date | None


class ResultToDate(StrEnum):
    """What the laboratory has said of a case so far; an indeterminate result leaves it open."""

    PENDING = "pending"
    POSITIVE = "positive"
    NEGATIVE = "negative"

    @property
    def text(self) -> Text:
        """The result's name."""
        return _TO_DATE[self]


class Standard(StrEnum):
    """What one kind of test, or the laboratory, says of a case as a reference standard."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    INDETERMINATE = "indeterminate"
    OUTSIDE = "outside"
    """Only samples taken more than ``WINDOW_DAYS`` days from the case's day."""
    NONE = "none"
    """No result."""

    @property
    def is_conclusive(self) -> bool:
        """Whether it is positive or negative."""
        return self in (Standard.POSITIVE, Standard.NEGATIVE)

    @property
    def text(self) -> Text:
        """The name of the standard."""
        return _STANDARDS[self]


class Why(StrEnum):
    """Why the result to date does not count as reference standard."""

    OUTSIDE = "sample_outside_window"
    RT_PCR_FIRST = "rt_pcr_before_antigen"

    @property
    def text(self) -> Text:
        """The reason in words."""
        return _WHY[self]


@dataclass(frozen=True, slots=True)
class Laboratory:
    """What the laboratory says of one case.

    Parameters
    ----------
    to_date
        The result to date.
    rt_pcr, antigen
        Either test as reference standard.
    reference
        What counts as reference standard: the RT-PCR where it is conclusive, else the antigen.
    why
        Why ``reference`` is not ``to_date``; ``None`` where they agree.
    """

    to_date: ResultToDate
    rt_pcr: Standard
    antigen: Standard
    reference: Standard
    why: Why | None

    @classmethod
    def of(cls, samples: Sequence[Sample], day: date) -> Laboratory:
        """Return what the results that hold say of a case entered on ``day``."""
        to_date = result_to_date([sample.value for sample in samples])
        rt_pcr, antigen = (
            standard([(value, taken) for kind, value, taken in samples if kind == asked], day)
            for asked in (EntryKind.RT_PCR, EntryKind.ANTIGEN)
        )
        reference = _reference(rt_pcr, antigen)
        why = None
        if to_date is not ResultToDate.PENDING and reference.value != to_date.value:
            timely = any(
                value == to_date.value and is_timely(taken, day) for _, value, taken in samples
            )
            why = Why.RT_PCR_FIRST if timely else Why.OUTSIDE
        return cls(to_date, rt_pcr, antigen, reference, why)


def result_to_date(values: Sequence[str]) -> ResultToDate:
    """Return what results have said so far, whatever their test and day."""
    return next((said for said in _DECISIVE if said.value in values), ResultToDate.PENDING)


def is_timely(taken: date | None, day: date) -> bool:
    """Return whether a sample counts for a case entered on ``day``; one of unknown day does."""
    return taken is None or -WINDOW_DAYS <= (taken - day).days <= WINDOW_DAYS


def standard(results: Sequence[tuple[str, date | None]], day: date) -> Standard:
    """Return what the results of one kind of test say of a case entered on ``day``.

    Among samples taken within ``WINDOW_DAYS`` days (those of unknown day included) one positive
    makes the case positive, else one negative makes it negative, else it is indeterminate.
    """
    timely = [value for value, taken in results if is_timely(taken, day)]
    for answer in _CONCLUSIONS:
        if answer in timely:
            return answer
    return Standard.OUTSIDE if results else Standard.NONE


def samples(session: Session, chosen: ColumnElement[bool]) -> dict[int, list[Sample]]:
    """Return the results that hold, by case, in the order they were entered.

    Parameters
    ----------
    session
        Reading.
    chosen
        Condition on ``Case``.
    """
    found: dict[int, list[Sample]] = {}
    query = (
        select(FollowUp.case_id, FollowUp.kind, FollowUp.value, FollowUp.day)
        .join(Case, Case.id == FollowUp.case_id)
        .where(is_test(), holds(), chosen)
        .order_by(FollowUp.id)
    )
    # Plain rows: tens of thousands of them, and no object is wanted.
    for case_id, kind, value, day in session.connection().execute(query).all():
        found.setdefault(case_id, []).append(Sample(kind, value, day))
    return found


def laboratory_of(session: Session, days: Mapping[int, date]) -> dict[int, Laboratory]:
    """Return what the laboratory says of several cases, in one query.

    Parameters
    ----------
    session
        Reading.
    days
        Of each case's number, the day of its entry.
    """
    rows = session.scalars(  # whole rows: each is held against its seal
        select(FollowUp)
        .where(FollowUp.case_id.in_(list(days)), is_test(), holds())
        .order_by(FollowUp.id)
    )
    found: dict[int, list[Sample]] = {}
    for row in rows:
        if not row.altered:
            found.setdefault(row.case_id, []).append(Sample(row.kind, row.value, row.day))
    return {number: Laboratory.of(found.get(number, ()), day) for number, day in days.items()}


def result_to_date_is(said: ResultToDate) -> ColumnElement[bool]:
    """Return the condition on ``Case`` that its result to date is ``said``."""
    positive, negative = _has_result("positive"), _has_result("negative")
    if said is ResultToDate.POSITIVE:
        return positive
    return ~positive & (negative if said is ResultToDate.NEGATIVE else ~negative)


def _has_result(value: str) -> ColumnElement[bool]:
    return exists().where(FollowUp.case_id == Case.id, is_test(), FollowUp.value == value, holds())


def _reference(rt_pcr: Standard, antigen: Standard) -> Standard:
    for said in (rt_pcr, antigen):
        if said.is_conclusive:
            return said
    return antigen if rt_pcr is Standard.NONE else rt_pcr


# Decisive first: one positive makes a case positive.
_DECISIVE: Final = (ResultToDate.POSITIVE, ResultToDate.NEGATIVE)
_CONCLUSIONS: Final = (Standard.POSITIVE, Standard.NEGATIVE, Standard.INDETERMINATE)
_TO_DATE: Final = {
    ResultToDate.PENDING: N_("Result pending"),
    ResultToDate.POSITIVE: N_("Laboratory: positive"),
    ResultToDate.NEGATIVE: N_("Laboratory: negative"),
}
_STANDARDS: Final = {
    Standard.POSITIVE: N_("Positive"),
    Standard.NEGATIVE: N_("Negative"),
    Standard.INDETERMINATE: N_("Indeterminate"),
    Standard.OUTSIDE: N_("No sample near the case"),
    Standard.NONE: N_("No result"),
}
_WHY: Final = {
    Why.OUTSIDE: N_(
        "The sample was taken more than %(n)d days before or after the case.", n=WINDOW_DAYS
    ),
    Why.RT_PCR_FIRST: N_("The RT-PCR counts before the antigen test."),
}
