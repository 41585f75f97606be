"""Counts that leave a clinic are right, and no sum gives a small one away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import true

from clinic_clock import CLOCK
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.federation.blocks import ANSWERS, BINS, CLASSES, Block, block, protected
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics.episodes import bundles, load
from episode_factory import Told, write

Make = Callable[[list[Told]], Block]


@pytest.fixture
def make(installation: Installation, people: dict[Role, Person]) -> Make:
    """Make the block of all cases written."""

    def counted(told: list[Told]) -> Block:
        write(installation, told, user_id=people[Role.DOCTOR].id)
        with installation.reading() as session:
            end = datetime(2026, 12, 1, tzinfo=UTC)
            cases = load(
                session,
                bundles(session),
                unit_id=None,
                end=end,
                told=true(),
                clock=CLOCK,
                stated=True,
            )
        return block(cases)

    return counted


def test_large_counts_are_told_as_they_are(make: Make) -> None:
    told = (
        [Told(answers=(0.9,), rt_pcr="positive")] * 8
        + [Told(answers=(0.1,), rt_pcr="positive")] * 6
        + [Told(answers=(0.5,), rt_pcr="negative")] * 7
        + [Told(answers=(0.15,), rt_pcr="negative")] * 9
        + [Told(answers=(0.15,))] * 5
        + [Told(answers=(0.15,), rt_pcr="indeterminate")] * 5
        + [Told(answers=(None,), rt_pcr="positive")] * 11
    )
    found = make(told)
    assert found.cases == {"positive": 14, "negative": 16, "unknown": 10}
    assert found.unanswered == 11
    assert dict(zip(ANSWERS, found.answers["positive"], strict=True)) == {
        "positive": 8,
        "negative": 6,
        "inconclusive": 0,
    }
    assert found.answers["negative"] == [0, 9, 7]
    assert found.answers["unknown"] == [0, 10, 0]
    assert found.scores["positive"] == [0, 6, 0, 0, 0, 0, 0, 0, 0, 8]
    assert found.scores["negative"] == [0, 9, 0, 0, 0, 7, 0, 0, 0, 0]
    assert found.stated == found.scores, "bundles of the old kind state their score"
    # In the second tenth: six of 0.1, nine and ten of 0.15.
    assert found.stated_mean[1] == pytest.approx((6 * 0.1 + 19 * 0.15) / 25, abs=1e-4)
    assert found.stated_mean[9] == pytest.approx(0.9)
    assert found.stated_mean[3] is None


def test_a_small_count_takes_another_with_it(make: Make) -> None:
    told = (
        [Told(answers=(0.9,), rt_pcr="positive")] * 20
        + [Told(answers=(0.1,), rt_pcr="positive")] * 3
        + [Told(answers=(0.5,), rt_pcr="positive")] * 6
        + [Told(answers=(0.1,), rt_pcr="negative")] * 12
    )
    found = make(told)
    assert found.cases["positive"] == 29
    # 3 is small; with 29 and 20 known, 6 would tell it.
    assert found.answers["positive"] == [20, None, None]
    assert found.answers["negative"] == [0, 12, 0]
    assert found.scores["positive"][9] == 20
    assert found.scores["positive"][1] is None
    assert found.scores["positive"][5] is None
    assert found.stated_mean[1] is None, "a mean of few would tell who they are"


@pytest.mark.postgres
def test_a_small_class_is_hidden_whole(make: Make) -> None:
    told = [Told(answers=(0.9,), rt_pcr="positive")] * 3
    told += [Told(answers=(0.1,), rt_pcr="negative")] * 12
    found = make(told)
    assert found.cases["positive"] is None
    assert found.cases["negative"] is None, "else a total known elsewhere would tell"
    for part in (found.answers, found.scores, found.stated):
        assert set(part["positive"]) == set(part["negative"]) == {None}


@given(st.lists(st.integers(0, 40), min_size=2, max_size=BINS))
def test_what_is_hidden_cannot_be_had_by_subtraction(parts: list[int]) -> None:
    shown = protected(parts)
    hidden = [part for part, told in zip(parts, shown, strict=True) if told is None]
    assert all(told is None or told == 0 or told >= 5 for told in shown)
    if hidden and sum(parts) >= 5 and sum(part > 0 for part in parts) > 1:
        assert len(hidden) > 1 or sum(hidden) >= 5
        assert sum(hidden) >= 5 or len(hidden) == sum(part > 0 for part in parts)


def test_every_case_is_in_one_class_and_one_tenth(make: Make) -> None:
    rng = np.random.default_rng(2)
    told = [
        Told(answers=(float(score),), rt_pcr=str(rng.choice(["positive", "negative"])))
        for score in rng.random(600)
    ]
    found = make([*told, Told(answers=(1.0,), rt_pcr="positive")])
    for name in CLASSES[:2]:
        assert found.cases[name] == sum(found.scores[name])
        assert found.cases[name] == sum(found.answers[name])
    assert sum(found.cases[name] or 0 for name in CLASSES) == 601
