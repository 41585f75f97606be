"""Counts are those of the cases, and small ones stay with those who may see the cases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from clinic_clock import CLOCK
from clinic_factory import add_unit
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics.dashboard import Dashboard, make
from covid_d.clinic.statistics.scope import Period, Scope
from covid_d.clinic.statistics.table import HIDDEN
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.language import Message, Text
from episode_factory import Told, write

pytestmark = pytest.mark.postgres

DAY = date(2026, 11, 2)
PERIOD = Period(date(2026, 11, 1), date(2026, 11, 30), CLOCK)


@pytest.fixture
def other(installation: Installation, people: dict[Role, Person]) -> int:
    """Unit 1 with 13 cases (11 tested, 8 positive), and another one with 6 (3 positive)."""
    unit = add_unit(installation, "Centro Dos", province="Loja")
    own = [
        *[Told(day=DAY, rt_pcr="positive")] * 7,
        Told(day=DAY, rt_pcr="indeterminate", antigen="positive"),
        *[Told(day=DAY + timedelta(days=1), rt_pcr="negative")] * 3,
        Told(day=DAY + timedelta(days=1), answers=(None, None)),
        Told(day=DAY + timedelta(days=1), rt_pcr="indeterminate"),
    ]
    theirs = [Told(day=DAY, unit_id=unit, province="Loja", rt_pcr="positive")] * 3
    theirs += [Told(day=DAY, unit_id=unit, province="Loja", rt_pcr="negative")] * 3
    before = [Told(day=date(2026, 10, 31))]
    write(installation, [*before, *own, *theirs], user_id=people[Role.DOCTOR].id)
    return unit


def _make(installation: Installation, scope: Scope, period: Period = PERIOD) -> Dashboard:
    with installation.reading() as session:
        return make(session, scope, period)


READER = Person(1, "doctor", "Doctor", Role.DOCTOR, 1)
OWN = Scope(1, READER)
ALL = Scope(None, READER)
OUTSIDER = Scope(None, None)


def _number(cell: object) -> int:
    assert isinstance(cell, int)
    return cell


def _plain(rows: object) -> list[list[object]]:
    return [
        [round(cell.value, 2) if isinstance(cell, Estimate) else str(cell) if
         isinstance(cell, Text) else cell for cell in row]
        for row in rows  # type: ignore[attr-defined]
    ]  # fmt: skip


@pytest.mark.usefixtures("other")
class TestOwnUnit:
    def test_days(self, installation: Installation) -> None:
        board = _make(installation, OWN)
        rows = board.tables["days"].rows
        assert board.cases == 13
        assert len(rows) == 30
        assert rows[0] == (date(2026, 11, 1), 0, 0, 0, None)
        assert rows[1] == (DAY, 8, 8, 8, None)
        assert rows[2] == (DAY + timedelta(days=1), 5, 3, 0, None)

    def test_weeks(self, installation: Installation) -> None:
        period = Period(date(2026, 7, 6), date(2026, 11, 24), CLOCK)
        rows = _make(installation, OWN, period).tables["days"].rows
        assert rows[0][0] == date(2026, 7, 6)
        assert sum(_number(row[1]) for row in rows) == 14
        assert len(rows) == 21

    def test_units_and_provinces(self, installation: Installation) -> None:
        tables = _make(installation, OWN).tables
        assert _plain(tables["units"].rows) == [["Hospital Uno", 13, 11, 8, 0.73]]
        assert _plain(tables["provinces"].rows) == [["Guayas", 13, 11, 8, 0.73]]

    def test_answers_and_refusals(self, installation: Installation) -> None:
        tables = _make(installation, OWN).tables
        assert [row[1] for row in tables["outcomes"].rows] == [12, 0, 0, 1, 0]
        ((reason, films),) = tables["refusals"].rows
        assert films == 2
        assert isinstance(reason, Message)
        assert "frontal" in reason.en


@pytest.mark.usefixtures("other")
class TestEverybody:
    def test_a_doctor_sees_others_as_one(self, installation: Installation) -> None:
        rows = _plain(_make(installation, ALL).tables["units"].rows)
        assert rows[0] == ["Hospital Uno", 13, 11, 8, 0.73]
        # Three positives and three negatives: neither may be told.
        assert rows[1] == ["All other units", 6, 6, HIDDEN, None]

    def test_a_researcher_sees_no_small_count(self, installation: Installation) -> None:
        tables = _make(installation, OUTSIDER).tables
        units = _plain(tables["units"].rows)
        assert [row[:2] for row in units] == [["Hospital Uno", 13], ["Centro Dos", 6]]
        for row in units:
            assert row[3] is HIDDEN
            assert row[4] is None
        days = [row for row in tables["days"].rows if row[1] != 0]
        assert [row[1] for row in days] == [14, 5]
        for table in tables.values():
            for cells in table.rows:
                for column, cell in zip(table.columns, cells, strict=True):
                    if column.kind == "count" and column.name != "level" and table.name != "drift":
                        told = cell is not HIDDEN and cell is not None
                        assert not told or cell == 0 or _number(cell) >= 5, table.name

    def test_one_refused_case_hides_another_answer(self, installation: Installation) -> None:
        rows = [row[1] for row in _make(installation, OUTSIDER).tables["outcomes"].rows]
        assert rows == [HIDDEN, 0, 0, HIDDEN, 0]


def test_an_empty_clinic(installation: Installation) -> None:
    for scope in (OWN, ALL, OUTSIDER):
        board = _make(installation, scope)
        assert board.cases == 0
        assert sum(_number(row[1]) for row in board.tables["units"].rows) == 0
        assert board.drift_bundle is None


def test_samples_are_nobody_and_count_nowhere(
    installation: Installation, people: dict[Role, Person]
) -> None:
    sample: dict[str, Any] = {"columns": {"sample": True}}
    told = [
        Told(day=DAY, rt_pcr="positive"),
        Told(day=DAY, rt_pcr="positive", **sample),
        Told(day=DAY, answers=(None,), **sample),
    ]
    write(installation, told, user_id=people[Role.DOCTOR].id)
    board = _make(installation, OWN)
    assert sum(_number(row[1]) for row in board.tables["provinces"].rows) == 1
    assert board.tables["refusals"].rows == []
