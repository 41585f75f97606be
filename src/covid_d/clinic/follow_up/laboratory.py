"""What the laboratory says of a case: the current RT-PCR and antigen results, by one rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session, aliased

from covid_d.clinic.database.cases import Case, FollowUp

RT_PCR: Final = "rt_pcr"
ANTIGEN: Final = "antigen"
CONSENT: Final = "consent"
WITHDRAWN: Final = "withdrawn"
VOID: Final = "void"
# A sample further from the case's day tells of another state of the patient.
WINDOW_DAYS: Final = 7

Samples = Mapping[int, list[tuple[str, date | None]]]


class Standard(StrEnum):
    """What one kind of test says of a case, as a reference standard."""

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


def current(*kinds: str) -> Select[int, str, str, date | None]:
    """Return the query of the current follow-ups of some kinds: case, kind, value, day; by age.

    A follow-up that another one supersedes was corrected and is no longer current; one entered by
    mistake says nothing.
    """
    newer = aliased(FollowUp)
    return (
        select(FollowUp.case_id, FollowUp.kind, FollowUp.value, FollowUp.day)
        .outerjoin(newer, newer.supersedes_id == FollowUp.id)
        .where(FollowUp.kind.in_(kinds), newer.id.is_(None), FollowUp.value != VOID)
        .order_by(FollowUp.id)
    )


def samples(session: Session, chosen: ColumnElement[bool]) -> dict[str, Samples]:
    """Return the current results of both tests, each by case: value and the sample's day.

    Parameters
    ----------
    session
        Reading.
    chosen
        Condition on ``Case``.
    """
    found: dict[str, dict[int, list[tuple[str, date | None]]]] = {RT_PCR: {}, ANTIGEN: {}}
    query = current(RT_PCR, ANTIGEN).join(Case, Case.id == FollowUp.case_id).where(chosen)
    # Plain rows: tens of thousands of them, and no object is wanted.
    for case_id, kind, value, day in session.connection().execute(query).all():
        found[kind].setdefault(case_id, []).append((value, day))
    return found  # type: ignore[return-value]


def standard(results: Sequence[tuple[str, date | None]], day: date) -> Standard:
    """Return what the results of one kind of test say of a case entered on ``day``.

    Among samples taken within ``WINDOW_DAYS`` days (those of unknown day included) one positive
    makes the case positive, else one negative makes it negative, else it is indeterminate.
    """
    timely = [
        value
        for value, taken in results
        if taken is None or -WINDOW_DAYS <= (taken - day).days <= WINDOW_DAYS
    ]
    for answer in _CONCLUSIONS:
        if answer in timely:
            return answer
    return Standard.OUTSIDE if results else Standard.NONE


_CONCLUSIONS: Final = (Standard.POSITIVE, Standard.NEGATIVE, Standard.INDETERMINATE)
