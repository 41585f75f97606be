"""Kappa on the dashboard: of which readings, by group and pair, and equal to scikit-learn's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from sqlalchemy import insert

from clinic_clock import CLOCK
from clinic_factory import add_unit, add_user
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import AnswerShown, FollowUp, Reading
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics.agreement import LEAST, agreement, opinions
from covid_d.clinic.statistics.dashboard import make
from covid_d.clinic.statistics.episodes import unit_names
from covid_d.clinic.statistics.scope import Period, Scope
from covid_d.clinic.statistics.table import HIDDEN, to_csv
from covid_d.evaluation.figures.estimate import Estimate
from episode_factory import BUNDLE, Told, add, follow_up, write
from row_seals import seal_rows

pytestmark = pytest.mark.postgres

People = dict[Role, Person]
PERIOD: Final = Period(date(2026, 9, 1), date(2026, 11, 30), CLOCK)
OUTCOMES: Final = ("positive", "negative", "inconclusive")
CATEGORIES: Final = ("negative", "atypical", "indeterminate", "typical")
READ_AT: Final = datetime(2026, 11, 20, 15, tzinfo=UTC)
Given = tuple[str, str | None]


def _readings(
    place: Installation,
    cases: Sequence[int],
    person: Person,
    said: Sequence[Given],
    *,
    minutes: int = 0,
    kind: str = "blind",
) -> None:
    with place.writing() as session:
        session.execute(
            insert(Reading),
            [
                {
                    "case_id": case_id,
                    "user_id": person.id,
                    "kind": kind,
                    "finding": outcome,
                    "appearance": category,
                    "signs": [],
                    "notes": "",
                    "created_at": READ_AT + timedelta(minutes=minutes),
                }
                for case_id, (outcome, category) in zip(cases, said, strict=True)
            ],
        )
        seal_rows(session)


def _show(place: Installation, cases: Sequence[int], person: Person, minutes: int) -> None:
    for case_id in cases:
        at = READ_AT + timedelta(minutes=minutes)
        with place.writing() as session:
            session.add(AnswerShown(case_id=case_id, user_id=person.id, shown_at=at))


def _rows(
    place: Installation, person: Person, *, all_units: bool = False, bundle: str = ""
) -> list[dict[str, Any]]:
    with place.reading() as session:
        scope = Scope.of(person, all_units=all_units)
        table = agreement(session, scope, PERIOD, unit_names(session), bundle=bundle)
    names = [column.name for column in table.columns]
    return [
        dict(zip(names, [str(c) if hasattr(c, "msgid") else c for c in row], strict=True))
        for row in table.rows
    ]


def _row(rows: list[dict[str, Any]], comparison: str, condition: str, group: str = "All") -> Any:
    found = [
        row
        for row in rows
        if (row["group"], row["condition"]) == (group, condition)
        and comparison in row["comparison"]
    ]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.fixture
def readers(installation: Installation, people: People) -> list[Person]:
    """Three radiologists."""
    more = [add_user(installation, name, Role.RADIOLOGIST, unit="Hospital Uno") for name in "bc"]
    return [people[Role.RADIOLOGIST], *more]


@pytest.fixture
def cases(installation: Installation, people: People) -> list[int]:
    """60 cases of 45 patients in three months, half answered as typical."""
    told = [
        Told(
            day=date(2026, 9 + number // 20, 1 + number % 20),
            patient=f"P{number % 45}",
            answers=(0.9 if number % 2 else 0.2,),
            appearance=True,
        )
        for number in range(60)
    ]
    return write(installation, told, user_id=people[Role.DOCTOR].id)


def _opinions(seed: int, count: int = 60) -> list[Given]:
    """Readers who see the same in 7 of 10."""
    rng = np.random.default_rng(99)
    common = rng.integers(0, 4, count)
    own = np.random.default_rng(seed)
    graded = np.where(own.random(count) < 0.7, common, own.integers(0, 4, count))
    outcome = {0: "negative", 1: "inconclusive", 2: "inconclusive", 3: "positive"}
    return [(outcome[int(grade)], CATEGORIES[int(grade)]) for grade in graded]


def _kappa(first: list[Given], second: list[Given]) -> tuple[float, float]:
    """Unweighted of the conclusion, quadratic of the category, by scikit-learn."""
    return (
        cohen_kappa_score([one[0] for one in first], [one[0] for one in second]),
        cohen_kappa_score(
            [CATEGORIES.index(str(one[1])) for one in first],
            [CATEGORIES.index(str(one[1])) for one in second],
            weights="quadratic",
        ),
    )


def test_kappa_of_two_readers_is_that_of_scikit_learn(
    installation: Installation, readers: list[Person], cases: list[int]
) -> None:
    first, second = _opinions(1), _opinions(2)
    _readings(installation, cases, readers[0], first)
    _readings(installation, cases, readers[1], second, minutes=5, kind="second")
    row = _row(_rows(installation, readers[0]), "Two readers", "independent")
    conclusion, category = _kappa(first, second)
    assert row["cases"] == 60
    assert row["kappa_conclusion"].value == pytest.approx(conclusion, abs=1e-12)
    assert row["kappa_category"].value == pytest.approx(category, abs=1e-12)
    assert row["kappa_category"].low < category < row["kappa_category"].high
    same = sum(one[0] == other[0] for one, other in zip(first, second, strict=True))
    assert row["agreement"].value == pytest.approx(same / 60)
    assert row["kappa_category"].n == 60


def test_with_the_model(
    installation: Installation, readers: list[Person], cases: list[int]
) -> None:
    said = _opinions(1)
    _readings(installation, cases, readers[0], said)
    _readings(installation, cases, readers[1], _opinions(2), minutes=5)
    # 0.9 typical is positive, 0.2 (and 0.8 negative) is negative: as the factory answers.
    model = [("positive", "typical") if n % 2 else ("negative", "negative") for n in range(60)]
    row = _row(_rows(installation, readers[0]), "model", "independent")
    conclusion, category = _kappa(said, model)
    assert row["kappa_conclusion"].value == pytest.approx(conclusion, abs=1e-12)
    assert row["kappa_category"].value == pytest.approx(category, abs=1e-12)
    assert row["cases"] == 60, "one reader a case: the first"
    assert _row(_rows(installation, readers[0], bundle="b" * 64), "model", "independent") is None
    assert _row(_rows(installation, readers[0], bundle=BUNDLE), "model", "independent") == row


def test_fleiss_of_three_readers(
    installation: Installation, readers: list[Person], cases: list[int]
) -> None:
    said = [_opinions(seed) for seed in (1, 2, 3)]
    for place, (reader, given) in enumerate(zip(readers, said, strict=True)):
        _readings(installation, cases, reader, given, minutes=place)
    row = _row(_rows(installation, readers[0]), "Three readers", "independent")
    counts = np.array(
        [[[one[n][0] for one in said].count(name) for name in OUTCOMES] for n in range(60)]
    )
    agreed = ((counts**2).sum(axis=1) - 3) / 6
    chance = ((counts.sum(axis=0) / 180) ** 2).sum()
    by_hand = (agreed.mean() - chance) / (1 - chance)
    assert row["kappa_conclusion"].value == pytest.approx(by_hand, abs=1e-12)
    assert row["agreement"].value == pytest.approx((counts.max(axis=1) == 3).mean())
    two = _row(_rows(installation, readers[0]), "Two readers", "independent")
    assert two["kappa_conclusion"].value == pytest.approx(_kappa(said[0], said[1])[0])


def test_pairs_are_named_in_the_own_unit_alone(
    installation: Installation, people: People, readers: list[Person], cases: list[int]
) -> None:
    said = [_opinions(seed) for seed in (1, 2, 3)]
    _readings(installation, cases, readers[0], said[0])
    _readings(installation, cases, readers[1], said[1])
    _readings(installation, cases[: LEAST - 1], readers[2], said[2][: LEAST - 1])
    rows = _rows(installation, people[Role.DOCTOR])
    named = [row["comparison"] for row in rows if " · " in row["comparison"]]
    assert named == ["Radiologist · B"], "too few cases of the third"
    pair = _row(rows, "Radiologist · B", "independent")
    assert pair["kappa_category"].value == pytest.approx(_kappa(said[0], said[1])[1])
    for person, all_units in ((people[Role.DOCTOR], True), (people[Role.ADMINISTRATOR], False)):
        text = str(_rows(installation, person, all_units=all_units))
        assert "Radiologist ·" not in text


def test_months_and_units_are_groups(
    installation: Installation, people: People, readers: list[Person], cases: list[int]
) -> None:
    unit = add_unit(installation, "Centro Dos")
    theirs = write(
        installation,
        [Told(unit_id=unit, day=date(2026, 11, 5))] * 12,
        user_id=people[Role.DOCTOR].id,
    )
    first, second = _opinions(1), _opinions(2)
    _readings(installation, cases, readers[0], first)
    _readings(installation, cases, readers[1], second)
    for reader in readers[:2]:
        _readings(installation, theirs, reader, [("positive", None), ("negative", None)] * 6)
    rows = _rows(installation, people[Role.RESEARCHER])
    assert list(dict.fromkeys(row["group"] for row in rows)) == [
        "All", "Centro Dos", "Hospital Uno", "2026-09", "2026-10", "2026-11",
    ]  # fmt: skip
    september = _row(rows, "Two readers", "independent", "2026-09")
    assert september["cases"] == 20
    assert september["kappa_category"].value == pytest.approx(_kappa(first[:20], second[:20])[1])
    other = _row(rows, "Two readers", "independent", "Centro Dos")
    assert (other["cases"], other["kappa_conclusion"].value) == (12, 1.0)
    assert other["kappa_conclusion"].low < 0.8, "all agree, and twelve say so much and no more"
    assert other["kappa_category"] is None, "nobody named one"
    assert {row["group"] for row in _rows(installation, readers[0])} == {
        "All", "2026-09", "2026-10", "2026-11",
    }  # fmt: skip


def test_readings_with_the_answer_in_view_stand_apart(
    installation: Installation, readers: list[Person], cases: list[int]
) -> None:
    said = _opinions(1)
    _readings(installation, cases, readers[0], said)
    _readings(installation, cases, readers[1], said, kind="second")
    _show(installation, cases[:30], readers[1], minutes=-1)  # before their reading
    _show(installation, cases[30:], readers[1], minutes=1)  # after it
    rows = _rows(installation, readers[0])
    assert _row(rows, "Two readers", "independent")["cases"] == 30
    assert _row(rows, "Two readers", "with the answer known")["cases"] == 30
    assert _row(rows, "model", "independent")["cases"] == 60


def test_who_entered_a_result_before_is_not_independent(
    installation: Installation, people: People, readers: list[Person], cases: list[int]
) -> None:
    _readings(installation, cases[:1], readers[0], [("positive", None)], kind="second")
    _readings(installation, cases[:1], readers[1], [("positive", None)], kind="second")
    columns = follow_up(cases[0], "rt_pcr", "positive", readers[1].id, date(2026, 9, 1))
    add(installation, FollowUp, columns | {"created_at": READ_AT - timedelta(hours=1)})
    with installation.reading() as session:
        (found,) = opinions(session, Scope.of(people[Role.DOCTOR]), PERIOD)
    assert (set(found.independent), set(found.informed)) == ({readers[0].id}, {readers[1].id})


def test_first_readings_count_and_settling_ones_do_not(
    installation: Installation, people: People, readers: list[Person], cases: list[int]
) -> None:
    one = cases[:1]
    _readings(installation, one, readers[0], [("positive", "typical")])
    _readings(installation, one, readers[0], [("negative", "negative")], minutes=9)
    _readings(installation, one, readers[2], [("negative", "atypical")], kind="third")
    with installation.reading() as session:
        (found,) = opinions(session, Scope.of(people[Role.DOCTOR]), PERIOD)
    assert found.independent == {readers[0].id: ("positive", "typical")}
    assert (found.informed, found.model) == ({}, ("negative", "negative"))


def test_what_is_unread_blind_is_in_no_figure(
    installation: Installation, people: People, readers: list[Person], cases: list[int]
) -> None:
    _readings(installation, cases, readers[0], _opinions(1))
    _readings(installation, cases, readers[1], _opinions(2))
    blind = write(
        installation,
        [Told(day=date(2026, 11, 9), columns={"blind": True})] * 15,
        user_id=people[Role.DOCTOR].id,
    )
    before = _rows(installation, readers[2])
    _readings(installation, blind, readers[0], [("positive", "typical")] * 15)
    _readings(installation, blind, readers[1], [("negative", "negative")] * 15)
    assert _rows(installation, readers[2]) == before
    assert _row(_rows(installation, readers[0]), "Two readers", "independent")["cases"] == 75


@pytest.mark.parametrize(("count", "shown"), [(3, HIDDEN), (6, 6), (12, 12)])
def test_small_numbers_are_hidden_from_who_may_see_no_case(
    installation: Installation, people: People, readers: list[Person], count: int, shown: object
) -> None:
    cases = write(installation, [Told()] * count, user_id=people[Role.DOCTOR].id)
    for place, reader in enumerate(readers[:2]):
        said = [(OUTCOMES[(number + place * (number % 2)) % 3], None) for number in range(count)]
        _readings(installation, cases, reader, said)
    row = _row(_rows(installation, people[Role.RESEARCHER]), "Two readers", "independent")
    assert row["cases"] == shown
    assert isinstance(row["kappa_conclusion"], Estimate) is (count >= LEAST)
    assert _row(_rows(installation, readers[0]), "Two readers", "independent")["cases"] == count


def test_one_conclusion_all_through_has_no_kappa(
    installation: Installation, readers: list[Person], cases: list[int]
) -> None:
    for reader in readers[:2]:
        _readings(installation, cases, reader, [("negative", "negative")] * 60)
    row = _row(_rows(installation, readers[0]), "Two readers", "independent")
    assert (row["agreement"].value, row["kappa_conclusion"], row["kappa_category"]) == (
        1.0, None, None,
    )  # fmt: skip


def test_against_a_side_that_never_varies_there_is_no_kappa(
    installation: Installation, people: People, readers: list[Person]
) -> None:
    always = write(installation, [Told(answers=(0.9,))] * 20, user_id=people[Role.DOCTOR].id)
    said: list[Given] = [("positive", "typical"), ("negative", "negative")] * 10
    _readings(installation, always, readers[0], said)
    row = _row(_rows(installation, readers[0]), "model", "independent")
    # scikit-learn says 0 of it, and a bootstrap 0 to 0: figures of the formula, not of the readers.
    assert (row["agreement"].value, row["kappa_conclusion"]) == (0.5, None)


def test_it_is_a_table_of_the_dashboard(
    installation: Installation, readers: list[Person], cases: list[int]
) -> None:
    first, second = _opinions(1), _opinions(2)
    _readings(installation, cases, readers[0], first)
    _readings(installation, cases, readers[1], second)
    with installation.reading() as session:
        board = make(session, Scope.of(readers[0]), PERIOD)
    lines = to_csv(board.tables["agreement"], "es").splitlines()
    assert lines[0] == (
        "group,comparison,condition,cases,agreement,agreement_low,agreement_high,agreement_n,"
        "kappa_conclusion,kappa_conclusion_low,kappa_conclusion_high,kappa_conclusion_n,"
        "kappa_category,kappa_category_low,kappa_category_high,kappa_category_n"
    )
    assert lines[1].startswith("Todos,Dos lectores (Cohen),independientes,60,")
    assert f",{_kappa(first, second)[1]:.4f}," in lines[1]


def test_no_reading_no_row(installation: Installation, people: People, cases: list[int]) -> None:
    assert cases
    assert _rows(installation, people[Role.DOCTOR]) == []
