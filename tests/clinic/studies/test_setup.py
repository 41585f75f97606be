"""Setting up a study: which films may be drawn, which readers chosen, and one order for ever."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from clinic_clock import CLOCK
from clinic_factory import add_unit, add_user
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.database.studies import ReadingStudy, StudyFilm, StudyReader
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.studies.setup import (
    NoUnitError,
    StudyPlan,
    create_study,
    possible_readers,
    shuffled,
)
from covid_d.clinic.trail.audit_trail import Actor
from study_rows import add_cases

pytestmark = pytest.mark.postgres

People = dict[Role, Person]


def _plan(people: People, **changes: Any) -> StudyPlan:
    readers = (people[Role.DOCTOR].id, people[Role.RADIOLOGIST].id)
    usual: dict[str, Any] = {
        "name": " Piloto ",
        "positive": 3,
        "negative": 2,
        "first": None,
        "last": None,
        "rounds": 2,
        "washout_days": 28,
        "readers": readers,
    }
    return StudyPlan(**usual | changes)


def _create(
    place: Installation, person: Person, plan: StudyPlan, seed: int | None = 7
) -> tuple[ReadingStudy, set[int]]:
    with place.act(Actor(person.id)) as act:
        study = create_study(act, person, plan, CLOCK, seed=seed)
        films = select(StudyFilm.film_id).where(StudyFilm.study_id == study.id)
        return study, set(act.session.scalars(films))


def _standing(place: Installation, films: set[int], value: str) -> int:
    """How many films are of cases with such a result."""
    with place.reading() as session:
        return len(
            session.scalars(
                select(Film.id)
                .join(Case, Case.id == Film.case_id)
                .where(Film.id.in_(films), Case.notes == value)
            ).all()
        )


def test_a_study_has_the_films_and_readers_asked_for(
    installation: Installation, people: People
) -> None:
    add_cases(installation, people[Role.DOCTOR], positive=8, negative=8)
    study, films = _create(installation, people[Role.RESEARCHER], _plan(people))
    assert (study.name, study.rounds, study.washout_days, study.seed) == ("Piloto", 2, 28, 7)
    assert len(films) == 5
    assert _standing(installation, films, "positive") == 3
    assert _standing(installation, films, "negative") == 2
    with installation.reading() as session:
        readers = set(session.scalars(select(StudyReader.user_id)))
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence.desc())).first()
        assert entry is not None
        assert (entry.action, entry.subject) == ("study.create", f"study:{study.id}")
    assert readers == {people[Role.DOCTOR].id, people[Role.RADIOLOGIST].id}


def test_the_seed_alone_says_which_films(installation: Installation, people: People) -> None:
    add_cases(installation, people[Role.DOCTOR], positive=12, negative=12)
    person, plan = people[Role.RESEARCHER], _plan(people)
    first, same, other = (_create(installation, person, plan, seed)[1] for seed in (7, 7, 8))
    assert first == same != other
    drawn = {_create(installation, person, plan, None)[0].seed for _ in range(3)}
    assert len(drawn) == 3


def test_an_order_is_the_same_everywhere() -> None:
    # Reckoned once by `printf "7 3 1 N" | sha256sum`, N from 1 to 5, sorted by the hash.
    assert shuffled([1, 2, 3, 4, 5], 7, 3, 1) == [5, 1, 3, 2, 4]
    assert shuffled([5, 4, 3, 2, 1], 7, 3, 1) == shuffled([1, 2, 3, 4, 5], 7, 3, 1)
    orders = {tuple(shuffled(range(8), 7, user, number)) for user in (1, 2, 3) for number in (1, 2)}
    assert len(orders) == 6, "each reader and round has its own"


def test_only_films_that_may_be_shown_are_drawn(installation: Installation, people: People) -> None:
    doctor = people[Role.DOCTOR]
    add_unit(installation, "Centro Dos")
    stranger = add_user(installation, "ajena", Role.DOCTOR, unit="Centro Dos")
    add_cases(installation, doctor, positive=6, negative=6)
    add_cases(installation, doctor, positive=6, negative=6, consent=False)
    add_cases(installation, doctor, positive=6, negative=6, withdrawn=True)
    add_cases(installation, doctor, positive=6, negative=6, readable=False)
    add_cases(installation, doctor, positive=6, negative=6, sample=True)
    add_cases(installation, doctor, indeterminate=9)
    add_cases(installation, stranger, positive=6, negative=6)
    person = people[Role.RESEARCHER]
    _, films = _create(installation, person, _plan(people, positive=6, negative=6))
    assert len(films) == 12
    with pytest.raises(InvalidInputError) as caught:
        _create(installation, person, _plan(people, positive=7, negative=7))
    assert {name: text.in_language("en") for name, text in caught.value.fields.items()} == {
        "positive": "There are only 6 such films.",
        "negative": "There are only 6 such films.",
    }


def test_one_film_a_patient(installation: Installation, people: People) -> None:
    add_cases(installation, people[Role.DOCTOR], positive=6, negative=2, patient="P-1")
    add_cases(installation, people[Role.DOCTOR], positive=2, negative=6)
    with pytest.raises(InvalidInputError) as caught:
        _create(installation, people[Role.RESEARCHER], _plan(people, positive=4))
    assert set(caught.value.fields) == {"positive"}
    said = caught.value.fields["positive"].in_language("en")
    assert said == "There are fewer than 5 such films.", "a small count is not told"


def test_days_of_entry(installation: Installation, people: People) -> None:
    today = CLOCK.today()
    add_cases(installation, people[Role.DOCTOR], positive=5, negative=5, days_ago=30)
    add_cases(installation, people[Role.DOCTOR], positive=5, negative=5, days_ago=3)
    recent = _plan(people, positive=5, negative=5, first=today - timedelta(days=10), last=today)
    assert len(_create(installation, people[Role.RESEARCHER], recent)[1]) == 10
    many = _plan(people, positive=6, first=today - timedelta(days=10))
    with pytest.raises(InvalidInputError):
        _create(installation, people[Role.RESEARCHER], many)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"positive": 0}, "positive"),
        ({"negative": 501}, "negative"),
        ({"rounds": 3}, "rounds"),
        ({"washout_days": -1}, "washout_days"),
        ({"washout_days": 366}, "washout_days"),
        ({"readers": ()}, "readers"),
        ({"first": date(2026, 2, 2), "last": date(2026, 1, 1)}, "last"),
    ],
)
def test_a_plan_that_cannot_be(people: People, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        _plan(people, **changes)
    assert set(caught.value.fields) == {field}


def test_who_may_read(installation: Installation, people: People) -> None:
    add_unit(installation, "Centro Dos")
    stranger = add_user(installation, "ajena", Role.DOCTOR, unit="Centro Dos")
    person = people[Role.RESEARCHER]
    with installation.reading() as session:
        found = [user.username for user in possible_readers(session, person)]
    assert found == ["doctor", "radiologist"]
    add_cases(installation, people[Role.DOCTOR], positive=5, negative=5)
    for wrong in (stranger, people[Role.ADMINISTRATOR], person):
        with pytest.raises(InvalidInputError) as caught:
            _create(installation, person, _plan(people, readers=(wrong.id,)))
        assert set(caught.value.fields) == {"readers"}
    homeless = add_user(installation, "suelta", Role.RESEARCHER)
    with pytest.raises(NoUnitError):
        _create(installation, homeless, _plan(people))


def test_one_round_has_no_washout(installation: Installation, people: People) -> None:
    add_cases(installation, people[Role.DOCTOR], positive=5, negative=5)
    study, _ = _create(installation, people[Role.RESEARCHER], _plan(people, rounds=1))
    assert study.washout_days == 0
