"""One rule for what the laboratory says of a case; corrected results do not count."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import true

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import FollowUp
from covid_d.clinic.follow_up.laboratory import (
    ANTIGEN,
    RT_PCR,
    WINDOW_DAYS,
    Standard,
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
    assert found == {RT_PCR: {case: [("negative", DAY)]}, ANTIGEN: {}}
