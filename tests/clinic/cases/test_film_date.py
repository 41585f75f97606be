"""What is odd about a film's day is said in words of both languages; what is not, is not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from covid_d.clinic.cases.film_date import date_warning

ENTERED = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("days_before", "words"),
    [
        (None, None),
        (0, None),
        (1, None),
        (30, None),
        (31, "31 días antes"),
        (400, "400 días antes"),
        (-1, "posterior"),
        (-4000, "posterior"),
    ],
)
def test_what_is_said(days_before: int | None, words: str | None) -> None:
    taken = None if days_before is None else ENTERED - timedelta(days=days_before)
    said = date_warning(taken, ENTERED)
    assert (said is None) == (words is None)
    if said is not None and words is not None:
        assert words in said.in_language("es")
        assert "film" in said.in_language("en")


def test_the_number_of_days_counts_across_a_leap_day() -> None:
    # 29 February 2028 lies between: 32 days, reckoned by hand.
    said = date_warning(date(2028, 1, 30), date(2028, 3, 2))
    assert said is not None
    assert "32" in said.in_language("en")
