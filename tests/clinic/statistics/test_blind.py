"""What a person has yet to read blind is in no figure of theirs, so that none gives it away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from clinic_clock import CLOCK
from clinic_factory import add_unit
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import Reading
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics.dashboard import Dashboard, make
from covid_d.clinic.statistics.scope import Period, Scope
from episode_factory import Told, add, random_cases, write

PERIOD = Period(date(2026, 11, 1), date(2026, 11, 30), CLOCK)
BLIND = {"blind": True}
# One of each answer, on days of their own, and one long ago, which only the drift looks back to.
UNREAD = [
    Told(day=date(2026, 11, 26), columns=BLIND, answers=(0.9,), rt_pcr="positive"),
    Told(day=date(2026, 11, 27), columns=BLIND, answers=(0.1,), antigen="negative"),
    Told(day=date(2026, 11, 28), columns=BLIND, answers=(None, None)),
]
LONG_AGO = Told(day=date(2026, 3, 3), columns=BLIND, answers=(0.99,), rt_pcr="positive")
Look = Callable[[Role, bool], Dashboard]


@pytest.fixture
def look(installation: Installation, people: dict[Role, Person]) -> Look:
    """Give a person's dashboard of November: of their own unit, or of all units."""

    def dashboard(role: Role, all_units: bool = False) -> Dashboard:
        with installation.reading() as session:
            return make(session, Scope.of(people[role], all_units=all_units), PERIOD)

    return dashboard


@pytest.fixture
def other(installation: Installation, people: dict[Role, Person]) -> int:
    """Two units with 500 cases, none of them blind; returns the second one."""
    unit = add_unit(installation, "Centro Dos", province="Pichincha")
    write(installation, random_cases(500, units=(1, unit)), user_id=people[Role.RADIOLOGIST].id)
    return unit


def _figures(board: Dashboard) -> dict[str, str]:
    return {name: repr(table.rows) for name, table in board.tables.items()}


def _left_out(board: Dashboard) -> list[int]:
    said = [board.left_out, *(table.left_out for table in board.tables.values())]
    return [0 if text is None else text.count for text in said]


@pytest.mark.usefixtures("other")
@pytest.mark.parametrize("all_units", [False, True])
def test_unread_cases_change_no_figure(
    all_units: bool, look: Look, installation: Installation, people: dict[Role, Person]
) -> None:
    before = look(Role.DOCTOR, all_units)
    write(installation, [LONG_AGO, *UNREAD], user_id=people[Role.RADIOLOGIST].id)
    after = look(Role.DOCTOR, all_units)
    assert _figures(after) == _figures(before)
    assert after.cases == before.cases
    assert set(_left_out(before)) == {0}
    assert _left_out(after) == [3] * len(before.tables) + [4], "the drift looks further back"


@pytest.mark.usefixtures("other")
def test_ones_own_reading_lets_a_case_count(
    look: Look, installation: Installation, people: dict[Role, Person]
) -> None:
    before = look(Role.DOCTOR, False)
    ids = write(installation, UNREAD, user_id=people[Role.RADIOLOGIST].id)
    for case_id in ids:
        columns = {
            "case_id": case_id,
            "user_id": people[Role.DOCTOR].id,
            "kind": "blind",
            "finding": "negative",
            "created_at": now(),
        }
        add(installation, Reading, columns)
    read, unread = look(Role.DOCTOR, False), look(Role.RADIOLOGIST, False)
    assert (read.cases, _left_out(read)[0]) == (before.cases + 3, 0)
    assert _figures(unread) == _figures(before), "another's reading does not open it"
    assert _left_out(unread)[0] == 3


def test_only_who_reads_cases_is_kept_blind(
    other: int, look: Look, installation: Installation, people: dict[Role, Person]
) -> None:
    theirs = [Told(unit_id=other, columns=BLIND, day=told.day) for told in UNREAD]
    before = {role: look(role, True).cases for role in Role}
    write(installation, UNREAD + theirs, user_id=people[Role.RADIOLOGIST].id)
    after = {role: look(role, True) for role in Role}
    more = {role: board.cases - before[role] for role, board in after.items()}
    # Another unit's cases are nobody's here to read; who may open no case reads none.
    assert more == {
        Role.DOCTOR: 3,
        Role.RADIOLOGIST: 3,
        Role.RESEARCHER: 6,
        Role.ADMINISTRATOR: 6,
    }
    left_out = {role: _left_out(board)[0] for role, board in after.items()}
    assert left_out == {
        Role.DOCTOR: 3,
        Role.RADIOLOGIST: 3,
        Role.RESEARCHER: 0,
        Role.ADMINISTRATOR: 0,
    }
