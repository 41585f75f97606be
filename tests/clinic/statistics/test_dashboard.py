"""One reading, every table: of which cases, judged by which test, and of which bundle."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from clinic_clock import CLOCK
from clinic_factory import add_unit
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import StoredAssessment
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics.dashboard import WARNING, Dashboard, Reference, make
from covid_d.clinic.statistics.scope import Period, Scope
from covid_d.evaluation.figures.estimate import Estimate
from episode_factory import BUNDLE, Told, add, assessment, write

pytestmark = pytest.mark.postgres

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30), CLOCK)
DAY, BEFORE, AFTER = date(2026, 11, 2), date(2026, 10, 31), date(2026, 12, 1)
OTHER = "b" * 64
READER = Person(1, "doctor", "Doctor", Role.DOCTOR, 1)
OWN = Scope(1, READER)


@pytest.fixture
def user(people: dict[Role, Person]) -> int:
    return people[Role.DOCTOR].id


def _make(installation: Installation, scope: Scope = OWN, **more: Any) -> Dashboard:
    with installation.reading() as session:
        return make(session, scope, NOVEMBER, **more)


def _shares(board: Dashboard) -> list[tuple[float, int] | None]:
    """Return sensitivity and specificity at a glance: value and number."""
    cells = [row[2] for row in board.tables["headline"].rows if "conclusive" in str(row[0])]
    return [(round(one.value, 3), one.n) if isinstance(one, Estimate) else None for one in cells]


def test_the_tables_stand_in_the_order_of_the_page(installation: Installation) -> None:
    assert list(_make(installation).tables) == [
        "headline", "days", "units", "provinces", "ages", "sexes", "delay", "course", "laboratory",
        "outcomes", "refusals", "flow", "accuracy", "calibration", "comparators", "agreement",
        "drift",
    ]  # fmt: skip


def test_every_table_is_named_as_it_is_found_and_whole(
    installation: Installation, user: int
) -> None:
    write(installation, [Told(day=DAY, rt_pcr="positive")] * 3, user_id=user)
    for name, table in _make(installation).tables.items():
        assert table.name == name
        assert len({column.name for column in table.columns}) == len(table.columns)
        assert {len(row) for row in table.rows} <= {len(table.columns)}
        assert table.title.in_language("es") != table.title.in_language("en") or name == "drift"


def test_of_an_empty_clinic_nothing_is_made_up(installation: Installation) -> None:
    board = _make(installation)
    assert (board.cases, board.drift_bundle, board.bundles) == (0, None, ())
    assert board.left_out is None
    assert board.drift.reference is None
    assert _shares(board) == [None, None]


def test_the_first_and_the_last_day_count_and_no_other(
    installation: Installation, user: int
) -> None:
    days = [BEFORE, NOVEMBER.first, DAY, NOVEMBER.last, AFTER]
    write(installation, [Told(day=day) for day in days], user_id=user)
    board = _make(installation)
    assert board.cases == 3
    counted = [row[0] for row in board.tables["days"].rows if row[1]]
    assert counted == [NOVEMBER.first, DAY, NOVEMBER.last]


def test_each_test_judges_the_model_on_its_own(installation: Installation, user: int) -> None:
    told = [
        *[Told(day=DAY, answers=(0.9,), rt_pcr="positive")] * 12,
        *[Told(day=DAY, answers=(0.1,), rt_pcr="positive", antigen="positive")] * 4,
        *[Told(day=DAY, answers=(0.9,), antigen="positive")] * 12,
        *[Told(day=DAY, answers=(0.1,), rt_pcr="negative")] * 15,
    ]
    write(installation, told, user_id=user)
    by_rt_pcr = _make(installation)
    assert _shares(by_rt_pcr) == [(0.75, 16), (1.0, 15)]
    by_antigen = _make(installation, reference=Reference.ANTIGEN)
    assert _shares(by_antigen) == [(0.75, 16), None], "no antigen test was negative"
    for board, left in ((by_rt_pcr, Reference.RT_PCR), (by_antigen, Reference.ANTIGEN)):
        rows = board.tables["flow"].rows
        said = [row[2] for row in rows if str(row[1]) == str(left.without)]
        assert said == [12 if left is Reference.RT_PCR else 27]


def test_what_is_said_of_the_two_tests() -> None:
    assert Reference("rt_pcr").text.in_language("es") == "RT-PCR"
    assert Reference("antigen").text.in_language("es") == "Prueba de antígeno"
    spanish = {one.without.in_language("es") for one in Reference}
    assert len(spanish) == 2
    assert all("RT-PCR" in text or "antígeno" in text for text in spanish)
    assert WARNING.in_language("es") != WARNING.in_language("en")


class TestBundle:
    @pytest.fixture
    def two(self, installation: Installation, user: int) -> None:
        """An older bundle that is right of 12 and 12, and a newer one that is wrong of 11."""
        told = [
            *[Told(day=DAY, answers=(0.9,), rt_pcr="positive")] * 12,
            *[Told(day=DAY, answers=(0.1,), rt_pcr="negative")] * 12,
            *[Told(day=date(2026, 11, 20), answers=(0.1,), rt_pcr="positive", bundle=OTHER)] * 11,
        ]
        write(installation, told, user_id=user)

    @pytest.mark.usefixtures("two")
    def test_one_is_judged_and_all_cases_are_counted(self, installation: Installation) -> None:
        assert _shares(_make(installation)) == [(0.522, 23), (1.0, 12)]
        older = _make(installation, bundle=BUNDLE)
        assert _shares(older) == [(1.0, 12), (1.0, 12)]
        newer = _make(installation, bundle=OTHER)
        assert _shares(newer) == [(0.0, 11), None]
        assert older.cases == newer.cases == 35
        assert older.tables["days"].rows == newer.tables["days"].rows
        unknown = _make(installation, bundle="f" * 64)
        assert _shares(unknown) == [(0.522, 23), (1.0, 12)], "one that nobody has is all"

    @pytest.mark.usefixtures("two")
    def test_drift_is_watched_of_the_latest_or_the_chosen_one(
        self, installation: Installation
    ) -> None:
        board = _make(installation)
        assert {one.sha256 for one in board.bundles} == {BUNDLE, OTHER}
        watched = [
            one.drift_bundle and (one.drift_bundle.sha256, one.drift.available)
            for one in (board, _make(installation, bundle=BUNDLE))
        ]
        assert watched == [(OTHER, 11), (BUNDLE, 24)]


class TestRefusals:
    def _refused(self, installation: Installation, scope: Scope = OWN) -> int:
        counts = [row[1] for row in _make(installation, scope).tables["refusals"].rows]
        return sum(count for count in counts if isinstance(count, int))

    def test_each_film_counts_once_by_its_first_answer(
        self, installation: Installation, user: int
    ) -> None:
        write(installation, [Told(day=DAY, answers=(None, 0.9, None))], user_id=user)
        assert self._refused(installation) == 2
        add(installation, StoredAssessment, assessment(1, None))
        add(installation, StoredAssessment, assessment(2, None))
        assert self._refused(installation) == 2, "later answers change nothing"

    def test_other_units_other_days_and_the_sample_do_not_count(
        self, installation: Installation, user: int
    ) -> None:
        unit = add_unit(installation, "Centro Dos")
        refused = {"answers": (None,)}
        told = [
            Told(day=DAY, **refused),  # type: ignore[arg-type]
            Told(day=BEFORE, **refused),  # type: ignore[arg-type]
            Told(day=AFTER, **refused),  # type: ignore[arg-type]
            Told(day=DAY, columns={"sample": True}, **refused),  # type: ignore[arg-type]
            *[Told(day=DAY, unit_id=unit, **refused)] * 6,  # type: ignore[arg-type]
        ]
        write(installation, told, user_id=user)
        assert self._refused(installation) == 1
        assert self._refused(installation, Scope(None, READER)) == 7


class TestLeftOut:
    @staticmethod
    def _said(board: Dashboard, name: str) -> str:
        text = board.tables[name].left_out
        return text.in_language("en") if text else ""

    def test_it_is_said_of_the_period_and_of_drift_of_all_before(
        self, installation: Installation, user: int
    ) -> None:
        blind = {"blind": True}
        told = [Told(day=day, columns=blind) for day in (BEFORE, DAY, AFTER)]
        write(installation, [*told, Told(day=DAY)], user_id=user)
        reader = Person(user + 50, "other", "Other", Role.DOCTOR, 1)
        board = _make(installation, Scope(1, reader))
        assert self._said(board, "days").startswith("1 case is left out:")
        assert self._said(board, "drift").startswith("2 cases are left out:")
        assert board.left_out == board.tables["headline"].left_out
        assert board.cases == 1
        spanish = board.tables["drift"].left_out
        assert spanish is not None
        assert spanish.in_language("es").startswith("Quedan fuera 2 casos:")

    def test_nothing_is_said_where_nothing_is_left_out(
        self, installation: Installation, user: int
    ) -> None:
        write(installation, [Told(day=DAY)], user_id=user)
        for scope in (OWN, Scope(None, None)):
            board = _make(installation, scope)
            assert {self._said(board, name) for name in board.tables} == {""}
