"""Whose cases, and which days."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from clinic_clock import CLOCK
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.fields import FIRST_DAY, LAST_DAY
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics.scope import DEFAULT_DAYS, Period, Scope

pytestmark = pytest.mark.postgres

TODAY = date(2026, 11, 24)


def _person(role: Role, unit_id: int | None = 1) -> Person:
    return Person(1, "x", "X", role, unit_id)


@pytest.mark.parametrize(
    ("role", "unit_id", "all_units", "counted", "protected"),
    [
        (Role.DOCTOR, 1, False, 1, False),
        (Role.RADIOLOGIST, 1, False, 1, False),
        (Role.DOCTOR, 1, True, None, True),
        (Role.DOCTOR, None, False, None, True),
        (Role.RESEARCHER, 1, False, None, True),
        (Role.ADMINISTRATOR, 1, False, None, True),
    ],
)
def test_scope(
    role: Role, unit_id: int | None, all_units: bool, counted: int | None, protected: bool
) -> None:
    scope = Scope.of(_person(role, unit_id), all_units=all_units)
    assert (scope.unit_id, scope.protected) == (counted, protected)


def test_without_days_the_last_ninety() -> None:
    period = Period.of(None, None, clock=CLOCK, today=TODAY)
    assert (period.last, period.days) == (TODAY, DEFAULT_DAYS)


def test_a_day_is_the_local_one() -> None:
    period = Period.of(date(2026, 11, 1), date(2026, 11, 1), clock=CLOCK, today=TODAY)
    assert period.start == datetime(2026, 11, 1, 5, tzinfo=UTC)
    assert period.end == datetime(2026, 11, 2, 5, tzinfo=UTC)


def test_whole_months() -> None:
    period = Period.of(
        date(2026, 1, 30), date(2026, 2, 2), clock=CLOCK, today=TODAY, whole_months=True
    )
    assert (period.first, period.last) == (date(2026, 1, 1), date(2026, 2, 28))


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (date(2026, 11, 2), date(2026, 11, 1), "last"),
        (date(2001, 1, 1), date(2026, 1, 1), "first"),
        (FIRST_DAY, None, "first"),
        (FIRST_DAY, LAST_DAY, "first"),
        (LAST_DAY, None, "last"),
    ],
)
def test_days_that_make_no_period(first: date, last: date | None, field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Period.of(first, last, clock=CLOCK, today=TODAY)
    assert set(caught.value.fields) == {field}


@pytest.mark.parametrize("day", [FIRST_DAY, LAST_DAY])
def test_the_first_and_the_last_day_that_can_be_typed_have_moments(day: date) -> None:
    period = Period.of(day, day, clock=CLOCK, today=TODAY, whole_months=True)
    assert period.start < period.end
