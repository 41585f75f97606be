"""Of several films the most telling answer is the case's, in words and in the database alike."""

from __future__ import annotations

from itertools import combinations_with_replacement, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from case_rows import add_row, answer
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.leading_answer import leading, leading_is
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import Case, Film, StoredAssessment
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.detector import Outcome

pytestmark = pytest.mark.postgres

# What somebody who has to act wants to know first.
RANK = {"positive": 0, "inconclusive": 1, "negative": 2, "refused": 3}


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    return people[Role.DOCTOR]


def _leads(installation: Installation, case_id: int) -> list[str]:
    """Return every answer that the database calls the case's."""
    with installation.reading() as session:
        return [
            outcome.value
            for outcome in Outcome
            if session.scalar(select(Case.id).where(Case.id == case_id, leading_is(outcome)))
        ]


def _answer_again(installation: Installation, case_id: int, *outcomes: str) -> None:
    """Answer a case's films once more, as after another bundle was switched on."""
    with installation.writing() as session:
        films = session.scalars(select(Film).where(Film.case_id == case_id).order_by(Film.id)).all()
        for film, outcome in zip(films, outcomes, strict=False):
            session.add(StoredAssessment(film_id=film.id, **answer(outcome, now())))


@given(st.lists(st.sampled_from([*Outcome, None]), max_size=5))
def test_it_is_the_first_by_rank_in_any_order(outcomes: list[Outcome | None]) -> None:
    known = [outcome for outcome in outcomes if outcome is not None]
    expected = min(known, key=lambda one: RANK[one.value]) if known else None
    assert leading(outcomes) is expected
    assert leading(outcomes[::-1]) is expected
    assert leading(set(outcomes)) is expected


def test_every_answer_has_its_rank() -> None:
    assert {outcome.value for outcome in Outcome} == set(RANK)


def test_of_a_case_without_answers_none(installation: Installation, doctor: Person) -> None:
    assert leading([]) is leading([None]) is None
    assert _leads(installation, add_row(installation, doctor)) == []


def test_the_database_says_the_same_of_every_pair(
    installation: Installation, doctor: Person
) -> None:
    for pair in combinations_with_replacement(RANK, 2):
        for outcomes in set(permutations(pair)):
            case = add_row(installation, doctor, *outcomes)
            expected = leading([Outcome(outcome) for outcome in outcomes])
            assert expected is not None
            assert _leads(installation, case) == [expected.value], outcomes


def test_of_each_film_the_newest_answer_counts(installation: Installation, doctor: Person) -> None:
    case = add_row(installation, doctor, "positive", "negative")
    _answer_again(installation, case, "negative")
    assert _leads(installation, case) == ["negative"]
    _answer_again(installation, case, "refused", "inconclusive")
    assert _leads(installation, case) == ["inconclusive"]
    _answer_again(installation, case, "refused", "refused")
    assert _leads(installation, case) == ["refused"]


def test_another_case_s_films_do_not_lead_this_one(
    installation: Installation, doctor: Person
) -> None:
    add_row(installation, doctor, "positive")
    case = add_row(installation, doctor, "negative")
    add_row(installation, doctor, "positive")
    assert _leads(installation, case) == ["negative"]
