"""Drift alarms as seldom as stated without a change, and nearly always with one."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.stats import binomtest
from sqlalchemy import true

from clinic_clock import CLOCK
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics.drift import FALSE_ALARM, REFERENCE, SHOWN, WINDOW, drift, table
from covid_d.clinic.statistics.episodes import Episodes, bundles, load
from episode_factory import Told, write


def _episodes(scores: np.ndarray, patients: np.ndarray | None = None) -> Episodes:
    n = len(scores)
    words = np.full(n, "none")
    outcome = np.where(np.isnan(scores), "refused", "positive")
    return Episodes(
        day=np.arange(n) // 10 + 739_000,
        unit=np.ones(n, dtype=np.int64),
        province=words,
        patient=np.arange(n) if patients is None else patients,
        outcome=outcome,
        probability=np.full(n, np.nan),  # answers of appearance state none
        score=scores,
        appearance=np.full((n, 4), np.nan),
        bundle=np.zeros(n, dtype=np.int64),
        rt_pcr=words,
        antigen=words,
        to_date=words,
        reference=words,
        why=words,
        blind_reading=words,
        age=np.full(n, np.nan),
        sex=words,
        course=words,
        stated=np.full(n, np.nan),
        waited=np.full(n, np.nan),
    )


def _scores(rng: np.random.Generator, n: int, *, refused: float = 0.06) -> np.ndarray:
    # Two classes, as in life; rounding makes ties, as calibrated probabilities may.
    mixed = np.where(rng.random(n) < 0.4, rng.beta(4, 2, n), rng.beta(2, 4, n)).round(2)
    return np.where(rng.random(n) < refused, np.nan, mixed)


def test_without_a_change_at_most_one_window_in_a_hundred_alarms() -> None:
    rng = np.random.default_rng(7)
    runs = 1500
    alarms = sum(
        bool(drift(_episodes(_scores(rng, REFERENCE + WINDOW))).alarms) for _ in range(runs)
    )
    # Fails only if a true rate of FALSE_ALARM would give so many once in a thousand times.
    assert binomtest(alarms, runs, FALSE_ALARM, alternative="greater").pvalue > 0.001


@pytest.mark.parametrize("kind", ["scores", "refusals"])
def test_a_change_is_found(kind: str) -> None:
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(50):
        before = _scores(rng, REFERENCE)
        after = _scores(rng, WINDOW, refused=0.3 if kind == "refusals" else 0.06)
        if kind == "scores":
            after = np.clip(after + 0.2, 0, 1)
        found += kind in drift(_episodes(np.concatenate([before, after]))).alarms
    assert found >= 45


def test_too_few_cases_say_so() -> None:
    rng = np.random.default_rng(7)
    few = drift(_episodes(_scores(rng, REFERENCE - 1)))
    assert (few.available, few.reference, few.windows, few.alarms) == (199, None, (), ())
    assert table(few).rows == []
    reference_only = drift(_episodes(_scores(rng, REFERENCE + WINDOW - 1)))
    assert reference_only.reference is not None
    assert reference_only.windows == ()


def test_windows_follow_each_other_and_the_latest_are_shown() -> None:
    rng = np.random.default_rng(7)
    found = drift(_episodes(_scores(rng, REFERENCE + WINDOW * (SHOWN + 3) + 5)))
    assert len(found.windows) == SHOWN
    assert all(window.cases == WINDOW for window in found.windows)
    assert [row[3] for row in table(found).rows] == [REFERENCE, *[WINDOW] * SHOWN]


def test_a_patient_counts_once() -> None:
    rng = np.random.default_rng(7)
    scores = _scores(rng, 2 * REFERENCE)
    found = drift(_episodes(scores, np.arange(2 * REFERENCE) // 2 * 2))
    assert found.available == REFERENCE


def test_answers_of_appearance_are_scores_and_no_refusals(
    installation: Installation, people: dict[Role, Person]
) -> None:
    typical = [None if n % 10 == 0 else n % 97 / 100 for n in range(REFERENCE + WINDOW)]
    told = [Told(answers=(one,), appearance=True) for one in typical]
    write(installation, told, user_id=people[Role.DOCTOR].id)
    with installation.reading() as session:
        found = drift(
            load(
                session,
                bundles(session),
                unit_id=None,
                end=datetime(2027, 1, 1, tzinfo=UTC),
                told=true(),
                clock=CLOCK,
            )
        )
    assert found.reference is not None
    (window,) = found.windows
    before = np.array([one for one in typical[:REFERENCE] if one is not None])
    after = np.array([one for one in typical[REFERENCE:] if one is not None])
    np.testing.assert_allclose(found.reference.scores, before)
    np.testing.assert_allclose(window.scores, after)
    assert (found.reference.refused, window.refused) == (20, 10)
    # The largest gap between the two empirical distribution functions, by its definition.
    steps = np.concatenate([before, after])
    gaps = [abs((before <= step).mean() - (after <= step).mean()) for step in steps]
    assert window.distance == pytest.approx(max(gaps))
    assert found.alarms == ()


def test_refusals_alone_alarm_without_scores() -> None:
    rng = np.random.default_rng(7)
    scores = np.concatenate([_scores(rng, REFERENCE), np.full(WINDOW, np.nan)])
    found = drift(_episodes(scores))
    assert found.alarms == ("refusals",)
    assert np.isnan(found.windows[-1].p_scores)
