"""What the laboratory says of a case: the current RT-PCR and antigen results, by one rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from covid_d.clinic.database.cases import FollowUp

RT_PCR: Final = "rt_pcr"
ANTIGEN: Final = "antigen"
CONSENT: Final = "consent"
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


def current(kind: str) -> Select[tuple[int, str, date | None]]:
    """Return the query of the current follow-ups of a kind: case, value, day; oldest first.

    A follow-up that another one supersedes was corrected and is no longer current.
    """
    newer = aliased(FollowUp)
    return (
        select(FollowUp.case_id, FollowUp.value, FollowUp.day)
        .outerjoin(newer, newer.supersedes_id == FollowUp.id)
        .where(FollowUp.kind == kind, newer.id.is_(None))
        .order_by(FollowUp.id)
    )


def samples(session: Session, kind: str) -> Samples:
    """Return the current results of one kind of test by case: value and the sample's day."""
    found: dict[int, list[tuple[str, date | None]]] = defaultdict(list)
    for case_id, value, day in session.execute(current(kind)):
        found[case_id].append((value, day))
    return found


def standard(results: Iterable[tuple[str, date | None]], day: date) -> Standard:
    """Return what the results of one kind of test say of a case entered on ``day``.

    Among samples taken within ``WINDOW_DAYS`` days (those of unknown day included) one positive
    makes the case positive, else one negative makes it negative, else it is indeterminate.
    """
    given = list(results)
    timely = {
        value for value, taken in given if taken is None or abs((taken - day).days) <= WINDOW_DAYS
    }
    for answer in (Standard.POSITIVE, Standard.NEGATIVE, Standard.INDETERMINATE):
        if answer.value in timely:
            return answer
    return Standard.OUTSIDE if given else Standard.NONE
