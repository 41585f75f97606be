"""One rule for what the laboratory says of a case; corrected results do not count."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import true

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import FollowUp
from covid_d.clinic.follow_up.laboratory import (
    WINDOW_DAYS,
    Laboratory,
    ResultToDate,
    Sample,
    Standard,
    Why,
    laboratory_of,
    samples,
    standard,
)
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from episode_factory import Told, add, follow_up, write

DAY = date(2026, 11, 1)
NEAR, FAR = DAY + timedelta(days=WINDOW_DAYS), DAY - timedelta(days=WINDOW_DAYS + 1)


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ([], Standard.NONE),
        ([("positive", DAY)], Standard.POSITIVE),
        ([("negative", NEAR), ("positive", None)], Standard.POSITIVE),
        ([("indeterminate", DAY), ("negative", DAY)], Standard.NEGATIVE),
        ([("indeterminate", DAY)], Standard.INDETERMINATE),
        ([("positive", FAR)], Standard.OUTSIDE),
        ([("positive", FAR), ("negative", DAY)], Standard.NEGATIVE),
    ],
)
def test_standard(results: list[tuple[str, date | None]], said: Standard) -> None:
    assert standard(results, DAY) is said


def test_only_current_results_count(installation: Installation, people: dict[Role, Person]) -> None:
    user = people[Role.DOCTOR].id
    (case,) = write(installation, [Told()], user_id=user)

    def later(kind: str, value: str, supersedes: int | None = None) -> int:
        columns = follow_up(case, kind, value, user, DAY, supersedes=supersedes)
        return add(installation, FollowUp, columns)

    wrong = later("rt_pcr", "positive")
    later("rt_pcr", "negative", wrong)
    mistaken = later("antigen", "positive")
    later("antigen", "void", mistaken)
    later("outcome", "admitted")
    with installation.reading() as session:
        found = samples(session, true())
        said = laboratory_of(session, {case: DAY})[case]
    assert found == {case: [Sample("rt_pcr", "negative", DAY)]}
    assert (said.to_date, said.rt_pcr, said.antigen) == ("negative", "negative", "none")


def _said(*results: tuple[str, str, date | None]) -> tuple[str, str, str | None]:
    said = Laboratory.of([Sample(*result) for result in results], DAY)
    return said.to_date.value, said.reference.value, said.why


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ([], ("pending", "none", None)),
        ([("rt_pcr", "positive", DAY)], ("positive", "positive", None)),
        ([("antigen", "negative", NEAR)], ("negative", "negative", None)),
        # A test of another state of the patient: told, but not what the model is judged by.
        ([("rt_pcr", "positive", FAR)], ("positive", "outside", Why.OUTSIDE)),
        ([("antigen", "negative", FAR)], ("negative", "outside", Why.OUTSIDE)),
        (
            [("rt_pcr", "positive", FAR), ("rt_pcr", "negative", DAY)],
            ("positive", "negative", Why.OUTSIDE),
        ),
        (
            [("rt_pcr", "positive", FAR), ("rt_pcr", "indeterminate", DAY)],
            ("positive", "indeterminate", Why.OUTSIDE),
        ),
        # Of two tests near the case, the RT-PCR decides what counts.
        (
            [("antigen", "positive", DAY), ("rt_pcr", "negative", DAY)],
            ("positive", "negative", Why.RT_PCR_FIRST),
        ),
        (
            [("antigen", "negative", DAY), ("rt_pcr", "positive", DAY)],
            ("positive", "positive", None),
        ),
        (
            [("rt_pcr", "indeterminate", DAY), ("antigen", "negative", DAY)],
            ("negative", "negative", None),
        ),
        # Nothing conclusive: both leave the case open, so there is nothing to explain.
        ([("rt_pcr", "indeterminate", DAY)], ("pending", "indeterminate", None)),
        ([("antigen", "indeterminate", FAR)], ("pending", "outside", None)),
        # A patient who recovered stays a confirmed case.
        (
            [("rt_pcr", "positive", DAY), ("rt_pcr", "negative", NEAR)],
            ("positive", "positive", None),
        ),
    ],
)
def test_two_things_are_told_apart(
    results: list[tuple[str, str, date | None]], said: tuple[str, str, str | None]
) -> None:
    assert _said(*results) == said


def test_everything_said_has_words_in_both_languages() -> None:
    for said in (*ResultToDate, *Standard, *Why):
        assert said.text.in_language("es") != said.text.in_language("en")
    assert "7 días" in Why.OUTSIDE.text.in_language("es")
