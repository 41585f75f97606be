"""Cases that a table is fitted on or tried on: which count, once a patient, and never both."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_d.clinic.calibration.laboratory_cases import LaboratoryCases, of_episodes
from covid_d.clinic.statistics.episodes import Episodes

FIRST = date(2026, 3, 1)


def _episodes(*told: tuple[int, str, str], looks: Sequence[float] | None = None) -> Episodes:
    """Return cases of a patient, an outcome and a reference each, one a day."""
    n = len(told)
    patient, outcome, reference = zip(*told, strict=True)
    nothing, words = np.full(n, np.nan), np.full(n, "")
    typical = np.arange(n) / 100 if looks is None else np.asarray(looks, dtype=float)
    return Episodes(
        day=np.arange(n) + FIRST.toordinal(),
        unit=np.ones(n, dtype=np.int64),
        province=words,
        patient=np.array(patient),
        outcome=np.array(outcome),
        probability=nothing,
        score=typical,
        appearance=np.stack([1 - typical, 0 * typical, 0 * typical, typical], axis=1),
        bundle=np.zeros(n, dtype=np.int64),
        rt_pcr=np.array(reference),
        antigen=words,
        to_date=words,
        reference=np.array(reference),
        why=words,
        blind_reading=words,
        age=nothing,
        sex=words,
        course=words,
        stated=nothing,
        waited=nothing,
    )


def _cases(days: Sequence[int], positive: Sequence[bool] | None = None) -> LaboratoryCases:
    n = len(days)
    truth = np.arange(n) % 2 == 0 if positive is None else np.array(positive, dtype=np.bool_)
    looks = np.full((n, 4), 0.25)
    return LaboratoryCases(looks, truth, np.array(sorted(days), dtype=np.int64))


class TestWhichCount:
    @pytest.mark.parametrize("reference", ["indeterminate", "outside", "none"])
    def test_only_a_conclusive_reference_does(self, reference: str) -> None:
        found = of_episodes(_episodes((1, "positive", "positive"), (2, "positive", reference)))
        assert found.counts == (1, 0)

    @pytest.mark.parametrize("outcome", ["refused", "none"])
    def test_only_an_answer_does(self, outcome: str) -> None:
        found = of_episodes(_episodes((1, "negative", "negative"), (2, outcome, "negative")))
        assert found.counts == (0, 1)

    def test_only_an_answer_of_appearance_does(self) -> None:
        told = [(1, "positive", "positive"), (2, "positive", "positive")]
        assert len(of_episodes(_episodes(*told, looks=[np.nan, 0.7]))) == 1

    def test_what_the_model_answered_does_not_matter(self) -> None:
        told = [(n, answer, "positive") for n, answer in enumerate(("positive", "negative"))]
        assert len(of_episodes(_episodes(*told, (9, "inconclusive", "negative")))) == 3

    def test_of_each_patient_the_first_that_counts(self) -> None:
        found = of_episodes(
            _episodes(
                (7, "refused", "positive"),
                (7, "positive", "none"),
                (7, "positive", "negative"),
                (7, "positive", "positive"),
                (5, "positive", "positive"),
            )
        )
        # The third case of patient 7: the first with both an answer and a result.
        assert found.day.tolist() == [FIRST.toordinal() + 2, FIRST.toordinal() + 4]
        assert found.positive.tolist() == [False, True]
        assert found.appearance[:, 3].tolist() == [0.02, 0.04]

    def test_they_stay_in_the_order_of_entry_whatever_the_patients_numbers(self) -> None:
        told = [(number, "positive", "positive") for number in (9, 3, 9, 1, 3, 2)]
        found = of_episodes(_episodes(*told))
        assert (found.day - FIRST.toordinal()).tolist() == [0, 1, 3, 5]


class TestTheirNumbers:
    def test_by_hand(self) -> None:
        cases = _cases([5, 6, 9], [True, False, True])
        assert len(cases) == 3
        assert cases.counts == (2, 1)
        assert cases.days == (date.fromordinal(5), date.fromordinal(9))
        assert cases.share == 2.5 / 4

    @pytest.mark.parametrize(("positive", "share"), [([], 0.5), ([True], 0.75), ([False], 0.25)])
    def test_a_share_is_never_nothing_or_all(self, positive: list[bool], share: float) -> None:
        assert _cases(range(len(positive)), positive).share == share

    def test_after_a_day_is_not_on_it(self) -> None:
        cases = _cases([FIRST.toordinal() + n for n in (0, 1, 1, 2)])
        assert len(cases.after(FIRST - timedelta(days=1))) == 4
        assert len(cases.after(FIRST + timedelta(days=1))) == 1
        assert len(cases.after(FIRST + timedelta(days=2))) == 0

    def test_a_part_keeps_each_case_whole(self) -> None:
        looks = np.arange(12.0).reshape(3, 4)
        whole = LaboratoryCases(looks, np.array([True, False, True]), np.array([3, 4, 5]))
        part = whole.part(np.array([True, False, True]))
        assert part.appearance.tolist() == [looks[0].tolist(), looks[2].tolist()]
        assert (part.positive.tolist(), part.day.tolist()) == ([True, True], [3, 5])


class TestSplit:
    @pytest.mark.parametrize(
        ("days", "earlier", "later"),
        [
            ([1, 2, 3], [1, 2], [3]),
            ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4], [5, 6]),
            ([1, 2, 3, 4], [1, 2, 3], [4]),  # two and two thirds, rounded up
            ([1, 1, 1, 2], [1, 1, 1], [2]),
            ([1, 2, 2, 2, 2, 3], [1, 2, 2, 2, 2], [3]),  # a day is not cut in two
            ([4], [4], []),
            ([4, 4, 4], [4, 4, 4], []),
            ([], [], []),
        ],
    )
    def test_by_hand(self, days: list[int], earlier: list[int], later: list[int]) -> None:
        found = [part.day.tolist() for part in _cases(days).split()]
        assert found == [earlier, later]

    @given(st.lists(st.integers(1, 40), min_size=1, max_size=60))
    def test_no_day_is_in_both_and_the_first_part_is_the_least_of_two_thirds(
        self, days: list[int]
    ) -> None:
        earlier, later = _cases(days).split()
        assert sorted([*earlier.day.tolist(), *later.day.tolist()]) == sorted(days)
        last = earlier.day.max()
        assert not len(later) or last < later.day.min()
        assert 3 * len(earlier) >= 2 * len(days)
        assert 3 * int((earlier.day < last).sum()) < 2 * len(days), "a day less would be too few"
