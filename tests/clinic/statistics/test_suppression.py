"""Small counts are hidden, and cannot be found by subtraction from the total."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_d.clinic.statistics.suppression import LEAST, hidden_parts


@pytest.mark.parametrize(
    ("parts", "hidden"),
    [
        ([], set()),
        ([0, 7, 12], set()),
        ([3, 7, 12], {0, 1}),
        ([3, 4, 12], {0, 1}),
        ([1, 2, 12, 9], {0, 1, 3}),
        ([4, 0], {0}),
        ([5, 5], set()),
    ],
)
def test_examples(parts: list[int], hidden: set[int]) -> None:
    assert hidden_parts(parts) == hidden


@given(st.lists(st.integers(0, 30), max_size=12))
def test_no_small_count_can_be_computed(parts: list[int]) -> None:
    hidden = hidden_parts(parts)
    assert {place for place, count in enumerate(parts) if 0 < count < LEAST} <= hidden
    larger = any(count >= LEAST for place, count in enumerate(parts) if place not in hidden)
    if hidden and larger:
        # Total minus what is shown: several parts, five or more together.
        assert len(hidden) > 1
        assert sum(parts[place] for place in hidden) >= LEAST


@given(st.lists(st.integers(0, 30), max_size=12))
def test_zero_stays(parts: list[int]) -> None:
    assert all(parts[place] > 0 for place in hidden_parts(parts))
