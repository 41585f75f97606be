"""Marks on cases: what is urgent, and where a second reading is wanted."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.access import case_of
from covid_d.clinic.database.cases import Case, CaseMark
from covid_d.clinic.trail.act import Act
from covid_d.language import N_, Text


class Mark(StrEnum):
    """What a case can be marked with. Everybody of the unit sees it, whether they read blind."""

    URGENT = "urgent"
    SECOND = "second"

    @property
    def text(self) -> Text:
        """The mark's name."""
        return N_("Urgent") if self is Mark.URGENT else N_("Second reading wanted")

    @property
    def asks(self) -> Text:
        """What a button says that sets it."""
        return N_("Mark as urgent") if self is Mark.URGENT else N_("Ask for a second reading")

    @property
    def withdraws(self) -> Text:
        """What a button says that takes it off."""
        return N_("No longer urgent") if self is Mark.URGENT else N_("Cancel the request")


def is_marked(mark: Mark) -> ColumnElement[bool]:
    """Return the condition on ``Case`` that it bears a mark."""
    return exists().where(CaseMark.case_id == Case.id, CaseMark.mark == mark.value)


def marks_of(session: Session, case_ids: Collection[int]) -> dict[int, frozenset[Mark]]:
    """Return the marks of several cases, in one query."""
    found: dict[int, set[Mark]] = {number: set() for number in case_ids}
    rows = session.execute(
        select(CaseMark.case_id, CaseMark.mark).where(CaseMark.case_id.in_(found))
    )
    for case_id, mark in rows:
        found[case_id].add(Mark(mark))
    return {number: frozenset(marks) for number, marks in found.items()}


def set_mark(act: Act, person: Person, case_ids: Collection[int], mark: Mark, on: bool) -> int:
    """Mark cases, or take the mark off; what bears it already, or does not, is left as it is.

    Parameters
    ----------
    act
        The unit of work: all of them, or none.
    person
        Who marks.
    case_ids
        Which cases.
    mark, on
        Which mark, and whether it is set.

    Returns
    -------
    int
        How many cases changed.

    Raises
    ------
    NotFoundError
        If one of the cases is not there, or another unit's.
    """
    changed = 0
    # In one order, and all before the trail is told: nobody then waits in a ring with another who
    # marks, or who writes to one of these cases.
    numbers = sorted(set(case_ids))
    cases = {number: case_of(act.session, person, number, lock=True) for number in numbers}
    for number, case in cases.items():
        there = act.session.get(CaseMark, (number, mark.value))
        if (there is not None) == on:
            continue
        if there is None:
            act.session.add(
                CaseMark(case_id=number, mark=mark.value, user_id=person.id, created_at=act.now)
            )
        else:
            act.session.delete(there)
        act.record("case.mark" if on else "case.unmark", case, mark=mark.value)
        changed += 1
    return changed
