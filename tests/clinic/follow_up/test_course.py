"""The gravest outcome of a case, and when its first laboratory result came."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import true

from clinic_clock import CLOCK
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import Case, FollowUp
from covid_d.clinic.follow_up.course import GRAVEST, courses, first_results
from covid_d.clinic.follow_up.terms import VOID, EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics.episodes import bundles, load
from episode_factory import NOON, Told, add, follow_up, write

pytestmark = pytest.mark.postgres

DAY = date(2026, 11, 1)
ENTERED = datetime(2026, 11, 1, tzinfo=UTC) + NOON


@pytest.fixture
def case(installation: Installation, people: dict[Role, Person]) -> int:
    return write(installation, [Told(day=DAY)], user_id=people[Role.DOCTOR].id)[0]


def _add(
    installation: Installation,
    case: int,
    kind: str,
    value: str,
    *,
    after: float = 1.0,
    supersedes: int | None = None,
) -> int:
    columns = follow_up(case, kind, value, 1, DAY, supersedes=supersedes)
    return add(installation, FollowUp, columns | {"created_at": ENTERED + timedelta(days=after)})


def _courses(installation: Installation) -> dict[int, str]:
    with installation.reading() as session:
        return courses(session, true())


def _waited(installation: Installation) -> list[float]:
    with installation.reading() as session:
        end = datetime(2026, 12, 31, tzinfo=UTC)
        found = load(session, bundles(session), unit_id=None, end=end, told=true(), clock=CLOCK)
    return [round(days, 6) for days in found.waited.tolist()]


def test_outcomes_are_all_known() -> None:
    assert set(GRAVEST) == set(EntryKind.OUTCOME.values)


def test_the_gravest_counts_whatever_came_last(installation: Installation, case: int) -> None:
    assert _courses(installation) == {}
    for value, gravest in (("admitted", "admitted"), ("icu", "icu"), ("discharged", "icu")):
        _add(installation, case, "outcome", value)
        assert _courses(installation) == {case: gravest}


@pytest.mark.parametrize("corrected", ["discharged", VOID])
def test_what_was_corrected_does_not_count(
    installation: Installation, case: int, corrected: str
) -> None:
    wrong = _add(installation, case, "outcome", "died")
    _add(installation, case, "outcome", corrected, supersedes=wrong)
    left = {} if corrected == VOID else {case: corrected}
    assert _courses(installation) == left


def test_the_first_result_of_any_test_ends_the_wait(installation: Installation, case: int) -> None:
    assert np.isnan(_waited(installation)).all()
    _add(installation, case, "outcome", "admitted", after=0.25)
    assert np.isnan(_waited(installation)).all(), "an outcome is no result"
    late = _add(installation, case, "rt_pcr", "positive", after=3)
    assert _waited(installation) == [3.0]
    _add(installation, case, "antigen", "negative", after=1.5)
    assert _waited(installation) == [1.5]
    _add(installation, case, "rt_pcr", "negative", after=9, supersedes=late)
    assert _waited(installation) == [1.5]


def test_a_result_entered_with_the_case_took_no_time(installation: Installation, case: int) -> None:
    _add(installation, case, "antigen", "negative", after=-0.001)
    assert _waited(installation) == [0.0]


def test_only_the_chosen_cases_are_told_of(
    installation: Installation, people: dict[Role, Person], case: int
) -> None:
    (other,) = write(installation, [Told(day=DAY)], user_id=people[Role.DOCTOR].id)
    for one in (case, other):
        _add(installation, one, "outcome", "icu")
        _add(installation, one, "rt_pcr", "positive")
    with installation.reading() as session:
        assert courses(session, Case.id == other) == {other: "icu"}
        assert list(first_results(session, Case.id == other)) == [other]
