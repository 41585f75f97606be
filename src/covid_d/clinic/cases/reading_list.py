"""The reading list: which cases a person might read next, and what stands before and after one.

Who reads blind learns nothing here before their own reading. A list that rests on the model, the
laboratory or others' readings holds only cases whose answer the person may see. A second reading is
due, for whoever has yet to read a case blind, by its mark alone, whoever else has read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, distinct, func, not_, or_, select, tuple_
from sqlalchemy import case as switch
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.access import of_unit
from covid_d.clinic.cases.consensus import disagree
from covid_d.clinic.cases.leading_answer import leading_is
from covid_d.clinic.cases.marks import Mark, is_marked
from covid_d.clinic.cases.readings import answer_visible_to
from covid_d.clinic.database.cases import Case, Reading
from covid_d.clinic.follow_up.laboratory import ResultToDate, result_to_date_is
from covid_d.detector import Outcome
from covid_d.language import N_, Text

READERS: Final = 2
"""How many people have read a case whose second reading is done."""


class Waiting(StrEnum):
    """Why a case is on the reading list."""

    UNREAD = "unread"
    SECOND = "second"
    DISPUTED = "disputed"
    LABORATORY = "laboratory"
    URGENT = "urgent"

    @property
    def text(self) -> Text:
        """The list's name."""
        return _NAMES[self]

    def condition(self, person: Person) -> ColumnElement[bool]:
        """Return the condition on ``Case``; it says nothing of the unit.

        Parameters
        ----------
        person
            Whose list.
        """
        return _CONDITIONS[self](person)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The cases around one of a list; ``None`` where there is none."""

    before: int | None
    after: int | None


def order() -> tuple[Any, ...]:
    """Return the order of reading: urgent cases first, then the oldest."""
    return (_calm().asc(), Case.created_at.asc(), Case.id.asc())


def counts(session: Session, person: Person) -> dict[Waiting, int]:
    """Return how many cases each list holds for a person, in the order of the page."""
    mine = of_unit(person)
    return {
        waiting: session.scalar(
            select(func.count()).select_from(Case).where(mine, waiting.condition(person))
        )
        or 0
        for waiting in Waiting
    }


def neighbours(session: Session, person: Person, waiting: Waiting, case: Case) -> Neighbours:
    """Return what stands before and after a case in a list, whether it is still in it or not.

    Parameters
    ----------
    session
        Reading.
    person, waiting
        Whose list, and which.
    case
        One that the person may see.
    """
    key = (_calm(), Case.created_at, Case.id)
    here = session.execute(select(*key).where(Case.id == case.id)).one()
    listed = and_(of_unit(person), waiting.condition(person), Case.id != case.id)
    place, forward = tuple_(*key), order()
    after = select(Case.id).where(listed, place > tuple_(*here)).order_by(*forward)
    backward = (_calm().desc(), Case.created_at.desc(), Case.id.desc())
    before = select(Case.id).where(listed, place < tuple_(*here)).order_by(*backward)
    return Neighbours(session.scalar(before.limit(1)), session.scalar(after.limit(1)))


def _calm() -> ColumnElement[int]:
    """Return 0 for an urgent case, 1 for any other."""
    return switch((is_marked(Mark.URGENT), 0), else_=1)


def _unread(person: Person) -> ColumnElement[bool]:
    own = select(Reading.id).where(Reading.case_id == Case.id, Reading.user_id == person.id)
    return ~own.exists()


def _second_due(person: Person) -> ColumnElement[bool]:
    readers = (
        select(func.count(distinct(Reading.user_id)))
        .where(Reading.case_id == Case.id)
        .scalar_subquery()
    )
    told = answer_visible_to(person)
    return and_(
        is_marked(Mark.SECOND),
        or_(and_(told, readers < READERS), and_(not_(told), Case.created_by_id != person.id)),
    )


def _disputed(person: Person) -> ColumnElement[bool]:
    return and_(answer_visible_to(person), disagree())


def _against_laboratory(person: Person) -> ColumnElement[bool]:
    return and_(
        answer_visible_to(person),
        or_(
            and_(leading_is(Outcome.POSITIVE), result_to_date_is(ResultToDate.NEGATIVE)),
            and_(leading_is(Outcome.NEGATIVE), result_to_date_is(ResultToDate.POSITIVE)),
        ),
    )


_NAMES: Final = {
    Waiting.UNREAD: N_("Unread by me"),
    Waiting.SECOND: N_("Second reading due"),
    Waiting.DISPUTED: N_("Readers disagree"),
    Waiting.LABORATORY: N_("Model and laboratory disagree"),
    Waiting.URGENT: Mark.URGENT.text,
}
_CONDITIONS: Final[Mapping[Waiting, Callable[[Person], ColumnElement[bool]]]] = {
    Waiting.UNREAD: _unread,
    Waiting.SECOND: _second_due,
    Waiting.DISPUTED: _disputed,
    Waiting.LABORATORY: _against_laboratory,
    Waiting.URGENT: lambda _: is_marked(Mark.URGENT),
}
