"""What answers add up to; reckoned here by hand."""

from __future__ import annotations

from typing import Any

from covid_d.screen.counts import ScreenCounts
from covid_d.screen.screener import Screener, ScreenerOrder

from .conftest import MakeJob


def row(outcome: str, likeliest: str | None = None, code: str | None = None) -> dict[str, Any]:
    refusal = code and {"code": code}
    return {"outcome": outcome, "most_likely": likeliest, "refusal": refusal, "seconds": 0.5}


def test_rows_are_counted_by_what_they_say() -> None:
    counts = ScreenCounts()
    for each in (
        row("positive", "typical"),
        row("inconclusive", "typical"),
        row("negative", "negative"),
        row("refused", code="blank"),
        row("refused", code="child"),
        row("refused", code="blank"),
        row("negative"),  # of a bundle of the old kind, which knows no appearance
    ):
        counts.add(each)
    assert counts.to_dict() == {
        "films": 7,
        "outcomes": {"inconclusive": 1, "negative": 2, "positive": 1, "refused": 3},
        "categories": {"negative": 1, "typical": 2},
        "refusals": {"blank": 2, "child": 1},
        "seconds": 3.5,
    }


def test_a_job_is_counted_by_its_parts(make_job: MakeJob, order: ScreenerOrder) -> None:
    job = make_job()
    assert ScreenCounts.of(job) == ScreenCounts()
    Screener(order)(0)
    counts = ScreenCounts.of(job)
    assert (counts.films, counts.numbers) == (4, 4)
    assert counts.outcomes["refused"] == 1
    assert counts.refusals == {"truncated": 1}
    assert counts.seconds > 0


def test_a_film_that_has_two_rows_is_seen(make_job: MakeJob, order: ScreenerOrder) -> None:
    job = make_job()
    Screener(order)(0)
    (rows,) = job.rows()
    job.write_part(1, rows)
    counts = ScreenCounts.of(job)
    assert (counts.films, counts.numbers) == (8, 4)
