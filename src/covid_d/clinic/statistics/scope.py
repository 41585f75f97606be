"""Which cases a person's statistics may count, and in which days."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, not_, or_, true

from covid_d.clinic import sentences
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.access import of_unit
from covid_d.clinic.cases.readings import answer_visible_to
from covid_d.clinic.clock import Clock
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.roles import Permission
from covid_d.language import N_

DEFAULT_DAYS: Final = 90
LONGEST_DAYS: Final = 10 * 366


@dataclass(frozen=True, slots=True)
class Scope:
    """The units that are counted, and how finely.

    Parameters
    ----------
    unit_id
        The only unit that is counted; ``None`` for all.
    reader
        The person, if they may see cases at all.
    """

    unit_id: int | None
    reader: Person | None

    @property
    def clinical(self) -> bool:
        """Whether the person may see cases at all."""
        return self.reader is not None

    @property
    def own_unit_id(self) -> int | None:
        """The person's own unit, if they may see its cases."""
        return None if self.reader is None else self.reader.unit_id

    @property
    def told(self) -> ColumnElement[bool]:
        """The condition on ``Case`` that a figure may count it for this person.

        Cases that they have yet to read blind are left out: a figure of few cases, or two figures
        a case apart, would tell them the answer or the result. Cases that they can never open are
        not theirs to read.
        """
        if self.reader is None:
            return true()
        return or_(not_(of_unit(self.reader)), answer_visible_to(self.reader))

    @property
    def protected(self) -> bool:
        """Whether small counts are hidden: some of what is counted is not the person's to see."""
        return self.unit_id is None or self.unit_id != self.own_unit_id

    @classmethod
    def of(cls, person: Person, *, all_units: bool = False) -> Scope:
        """Return a person's scope: their own unit, or all units with small counts hidden.

        Whoever may see no case, or belongs to no unit, sees all units together.
        """
        reader = person if Permission.READ_CASE in person.role.permissions else None
        own = None if reader is None else reader.unit_id
        return cls(None if all_units else own, reader)


@dataclass(frozen=True, slots=True)
class Period:
    """Days by the installation's clock, both included."""

    first: date
    last: date
    clock: Clock

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        """Its first moment, UTC."""
        return self.clock.midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first moment after it, UTC."""
        return self.clock.midnight(self.last + timedelta(days=1))

    @classmethod
    def of(
        cls,
        first: date | None,
        last: date | None,
        *,
        clock: Clock,
        today: date,
        whole_months: bool = False,
    ) -> Period:
        """Return the period between two days; both may be left out.

        Parameters
        ----------
        first, last
            Left out: the last ``DEFAULT_DAYS`` days, until today.
        clock, today
            The installation's, and the present day.
        whole_months
            Stretch it to whole calendar months, so that nobody can find a day's small count by
            subtracting two periods.

        Raises
        ------
        InvalidInputError
            If the period ends before it begins, or is too long.
        """
        end = last or today
        start = first or end - timedelta(days=DEFAULT_DAYS - 1)
        if start > end:
            raise InvalidInputError({"last": sentences.BACKWARDS})
        if (end - start).days > LONGEST_DAYS:
            raise InvalidInputError({"first": N_("Choose at most ten years.")})
        if whole_months:
            start = start.replace(day=1)
            end = end.replace(day=calendar.monthrange(end.year, end.month)[1])
        return cls(start, end, clock)
