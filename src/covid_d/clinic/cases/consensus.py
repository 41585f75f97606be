"""Where readers of a case disagree, who may settle it, and what holds in the end.

Of each person the newest reading counts; one that was changed in the database counts nothing. Two
readings disagree when they find different things of COVID-19, or name different categories. A third
reader, who is none of those who disagree, settles it; that reading is the case's consensus from
then on. Where two or more agree, that is it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.orm import aliased

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.readings import (
    FINDINGS,
    KINDS,
    ReadingFirstError,
    add_reading,
    may_see_answer,
)
from covid_d.clinic.cases.structured import CATEGORY_NAMES, Structured
from covid_d.clinic.database.cases import Case, Reading
from covid_d.clinic.errors import ConflictError
from covid_d.clinic.roles import Permission
from covid_d.clinic.trail.act import Act
from covid_d.detector import Appearance
from covid_d.language import N_, Text

THIRD = "third"
"""The kind of a reading that settles a disagreement."""


class NothingToSettleError(ConflictError):
    """Nobody disagrees any more, or the person is one of those who do."""

    def __init__(self) -> None:
        super().__init__(
            N_("There is no disagreement here that you can settle."),
            N_("Two other readers must disagree, and nobody else have settled it."),
            code="nothing_to_settle",
        )


@dataclass(frozen=True, slots=True)
class Consensus:
    """What holds of a case's readings.

    Parameters
    ----------
    finding
        A key of ``FINDINGS``.
    appearance
        The category; ``None`` where nobody named one.
    settled
        Whether a third reader settled a disagreement; else the readers agree.
    who
        The third reader's full name, or those of all who agree.
    at
        When it was reached.
    """

    finding: str
    appearance: Appearance | None
    settled: bool
    who: tuple[str, ...]
    at: datetime

    @property
    def text(self) -> Text:
        """The finding in words."""
        return FINDINGS[self.finding]

    @property
    def category(self) -> Text | None:
        """The category in words."""
        return None if self.appearance is None else CATEGORY_NAMES[self.appearance]

    @property
    def how(self) -> Text:
        """How it was reached."""
        return KINDS[THIRD] if self.settled else N_("the readers agree")


def consensus_of(readings: Sequence[Reading]) -> Consensus | None:
    """Return what holds of a case's readings, given in their order; ``None`` of none or one."""
    thirds = _thirds(readings)
    if thirds:
        last = thirds[-1]
        seen = Structured.of(last)
        return Consensus(
            last.finding, seen.appearance, True, (last.user.full_name,), last.created_at
        )
    newest = _newest(readings)
    if len(newest) < 2 or are_disputed(readings):
        return None
    named = [reading.appearance for reading in newest if reading.appearance]
    return Consensus(
        newest[0].finding,
        Appearance(named[0]) if named else None,
        False,
        tuple(reading.user.full_name for reading in newest),
        max(reading.created_at for reading in newest),
    )


def are_disputed(readings: Sequence[Reading], *, but: Person | None = None) -> bool:
    """Return whether two persons' newest readings disagree.

    Parameters
    ----------
    readings
        Of one case, in their order.
    but
        Whose readings do not count.
    """
    newest = [one for one in _newest(readings) if but is None or one.user_id != but.id]
    return any(_differ(first, second) for first, second in combinations(newest, 2))


def is_open_dispute(readings: Sequence[Reading]) -> bool:
    """Return whether readers of a case disagree and nobody settled it."""
    return are_disputed(readings) and not _thirds(readings)


def may_settle(case: Case, person: Person) -> bool:
    """Return whether a person, who may see the case's answer, can settle what others dispute.

    Parameters
    ----------
    case
        A whole one.
    person
        Who asks.
    """
    settled_by = {reading.user_id for reading in _thirds(case.readings)}
    return (
        Permission.READ_AS_SECOND in person.role.permissions
        and are_disputed(case.readings, but=person)
        and settled_by <= {person.id}
    )


def settle(
    act: Act, case: Case, person: Person, *, finding: str, notes: str, seen: Structured
) -> Reading:
    """Record a third reader's reading, which holds from then on.

    Parameters
    ----------
    act
        The unit of work.
    case
        A whole one, locked: of two who settle at once the second is told so.
    person, finding, notes, seen
        As in :func:`~covid_d.clinic.cases.readings.record_reading`.

    Raises
    ------
    ReadingFirstError
        If the person may not see the case's answer yet.
    NothingToSettleError
        If nobody else disagrees, or somebody else settled it.
    InvalidInputError
        If the reading is none.
    """
    if not may_see_answer(act.session, case, person):
        raise ReadingFirstError
    if not may_settle(case, person):
        raise NothingToSettleError
    return add_reading(act, case, person, THIRD, finding=finding, notes=notes, seen=seen)


def disagree() -> ColumnElement[bool]:
    """Return the condition on ``Case`` that readers disagree and nobody settled it."""
    first, second, third = aliased(Reading), aliased(Reading), aliased(Reading)
    pair = exists().where(
        first.case_id == Case.id,
        second.case_id == Case.id,
        first.user_id < second.user_id,
        _is_newest(first),
        _is_newest(second),
        or_(
            first.finding != second.finding,
            and_(
                first.appearance.is_not(None),
                second.appearance.is_not(None),
                first.appearance != second.appearance,
            ),
        ),
    )
    return and_(pair, ~exists().where(third.case_id == Case.id, third.kind == THIRD))


def _is_newest(reading: type[Reading]) -> ColumnElement[bool]:
    newer = aliased(Reading)
    return ~exists().where(
        newer.case_id == reading.case_id,
        newer.user_id == reading.user_id,
        newer.id > reading.id,
    )


def _thirds(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings that settle, but none that was changed in the database."""
    return [reading for reading in readings if reading.kind == THIRD and not reading.altered]


def _newest(readings: Sequence[Reading]) -> list[Reading]:
    """Return each person's newest reading that settles nothing, in the order of first readings."""
    by_person: dict[int, Reading] = {}
    for reading in readings:
        if reading.kind != THIRD and not reading.altered:
            by_person[reading.user_id] = reading
    return list(by_person.values())


def _differ(first: Reading, second: Reading) -> bool:
    named = {reading.appearance for reading in (first, second)} - {None}
    return first.finding != second.finding or len(named) > 1
