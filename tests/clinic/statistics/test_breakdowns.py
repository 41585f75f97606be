"""Age, sex, course and waiting count as they should, and hide what is small."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from clinic_clock import CLOCK
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import FollowUp
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics.dashboard import Dashboard, make
from covid_d.clinic.statistics.scope import Period, Scope
from covid_d.clinic.statistics.table import HIDDEN, FigureTable
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.language import Message, Text
from episode_factory import NOON, Told, add, follow_up, write

pytestmark = pytest.mark.postgres

DAY = date(2026, 11, 2)
AT = datetime(2026, 11, 2, tzinfo=UTC) + NOON
PERIOD = Period(date(2026, 11, 1), date(2026, 11, 30), CLOCK)
READER = Person(1, "doctor", "Doctor", Role.DOCTOR, 1)
OWN, OUTSIDER = Scope(1, READER), Scope(None, None)


@pytest.fixture
def case_ids(installation: Installation, people: dict[Role, Person]) -> list[int]:
    """Twelve women of 20, ten men of 80 of whom two died, one of unknown age and sex."""
    told = [Told(day=DAY, rt_pcr="negative", columns={"age_years": 20, "sex": "F"})] * 12
    told += [Told(day=DAY, rt_pcr="positive", columns={"age_years": 80, "sex": "M"})] * 7
    told += [Told(day=DAY, outcome="icu", columns={"age_years": 75, "sex": "M"})]
    told += [Told(day=DAY, outcome="died", columns={"age_years": 80, "sex": "M"})] * 2
    told += [Told(day=DAY, columns={"age_years": None, "sex": None})]
    return write(installation, told, user_id=people[Role.DOCTOR].id)


def _board(installation: Installation, scope: Scope) -> Dashboard:
    with installation.reading() as session:
        return make(session, scope, PERIOD)


def _rows(table: FigureTable) -> dict[str, list[object]]:
    def said(cell: object) -> str:
        return cell.in_language("en") if isinstance(cell, Text | Message) else str(cell)

    return {said(row[0]): list(row[1:]) for row in table.rows}


@pytest.mark.usefixtures("case_ids")
class TestOwnUnit:
    def test_ages(self, installation: Installation) -> None:
        rows = _rows(_board(installation, OWN).tables["ages"])
        assert list(rows) == ["18-29", "75+", "Not known"], "empty ones are left out"
        assert rows["18-29"][:3] == [12, 12, 0]
        assert rows["75+"][:3] == [10, 7, 7]
        assert rows["Not known"] == [1, 0, 0, None]

    def test_sexes(self, installation: Installation) -> None:
        rows = _rows(_board(installation, OWN).tables["sexes"])
        assert {name: row[0] for name, row in rows.items()} == {
            "Female": 12,
            "Male": 10,
            "Not known": 1,
        }

    def test_course(self, installation: Installation) -> None:
        rows = _rows(_board(installation, OWN).tables["course"])
        assert {name: row[0] for name, row in rows.items()} == {
            "Died": 2,
            "Admitted to intensive care": 1,
            "Admitted to a ward": 0,
            "Discharged": 0,
            "No outcome recorded": 20,
        }

    def test_headline(self, installation: Installation) -> None:
        rows = _rows(_board(installation, OWN).tables["headline"])
        assert rows["Cases"][0] == 23
        assert rows["With a laboratory result"][0] == 19
        assert rows["Laboratory positive"][0] == 7
        rate = rows["Laboratory positive"][1]
        assert isinstance(rate, Estimate)
        assert rate.value == pytest.approx(7 / 19)
        assert rows["No result yet"][0] == 4
        assert rows["Died"][0] == 2
        assert rows["Admitted to intensive care"][0] == 1
        # All twelve negative cases were answered positive: 0.9 each.
        specificity = rows["Specificity, conclusive answers"][1]
        assert isinstance(specificity, Estimate)
        assert specificity.value == 0
        assert rows["Sensitivity, conclusive answers"][1] is None, "seven are too few"


@pytest.mark.usefixtures("case_ids")
def test_who_sees_no_case_sees_no_small_count(installation: Installation) -> None:
    board = _board(installation, OUTSIDER)
    for name in ("ages", "sexes", "course", "delay", "headline"):
        for row in _rows(board.tables[name]).values():
            for cell in row:
                assert not isinstance(cell, int) or cell == 0 or cell >= 5, (name, row)
    assert _rows(board.tables["course"])["Died"][0] is HIDDEN
    assert _rows(board.tables["headline"])["Died"][0] is HIDDEN


def test_waiting(installation: Installation, people: dict[Role, Person]) -> None:
    days = (0.5, 1.5, 2.0, 2.5, 6.0, 30.0, None)
    cases = write(installation, [Told(day=DAY)] * len(days), user_id=people[Role.DOCTOR].id)
    for case, waited in zip(cases, days, strict=True):
        if waited is not None:
            columns = follow_up(case, "rt_pcr", "positive", 1, DAY)
            add(installation, FollowUp, columns | {"created_at": AT + timedelta(days=waited)})
    board = _board(installation, OWN)
    assert {name: row[0] for name, row in _rows(board.tables["delay"]).items()} == {
        "Within a day": 1,
        "On the second day": 2,
        "On the third day": 1,
        "Within a week": 1,
        "Later": 1,
        "No result yet": 1,
    }
    median = _rows(board.tables["headline"])["Median wait for a result (days)"][2]
    assert median == pytest.approx(np.median([0.5, 1.5, 2.0, 2.5, 6.0, 30.0]))


def test_an_empty_clinic_has_a_headline(installation: Installation) -> None:
    for scope in (OWN, OUTSIDER):
        rows = _rows(_board(installation, scope).tables["headline"])
        assert rows["Cases"][0] == 0
        assert rows["Median wait for a result (days)"][2] is None
