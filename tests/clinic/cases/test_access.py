"""A case is opened by its own unit alone, whole or not at all; which of both fails is not said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from case_rows import add_row
from clinic_factory import add_unit, add_user
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.access import case_of, of_unit
from covid_d.clinic.cases.load_case import film_of, whole_case
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import Case, Film, Reading
from covid_d.clinic.database.sealed import AlteredError, table_of
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

pytestmark = pytest.mark.postgres

People = dict[Role, Person]


@pytest.fixture
def doctor(people: People) -> Person:
    return people[Role.DOCTOR]


@pytest.fixture
def stranger(installation: Installation) -> Person:
    """A doctor of another unit, who has a case there."""
    add_unit(installation, "Centro Dos")
    person = add_user(installation, "otra", Role.DOCTOR, unit="Centro Dos")
    add_row(installation, person, "negative")
    return person


def _seen(installation: Installation, person: Person) -> list[int]:
    with installation.reading() as session:
        return list(session.scalars(select(Case.id).where(of_unit(person)).order_by(Case.id)))


def _opened(installation: Installation, person: Person, number: int) -> set[str]:
    """Return what either way of opening a case comes to: a number, or what was raised."""
    found = set()
    for open_it in (case_of, whole_case):
        with installation.reading() as session:
            try:
                found.add(str(open_it(session, person, number).id))
            except (NotFoundError, AlteredError) as error:
                found.add(error.code)
    return found


def test_each_unit_sees_its_own(
    installation: Installation, doctor: Person, stranger: Person
) -> None:
    mine = [add_row(installation, doctor, "positive") for _ in range(2)]
    assert _seen(installation, doctor) == mine
    (theirs,) = _seen(installation, stranger)
    assert theirs not in mine
    assert _opened(installation, doctor, mine[0]) == {str(mine[0])}
    assert _opened(installation, doctor, theirs) == {"not_found"}


def test_a_case_that_is_not_there_is_answered_as_another_unit_s(
    installation: Installation, doctor: Person, stranger: Person
) -> None:
    (theirs,) = _seen(installation, stranger)
    said = []
    for number in (theirs, theirs + 1000):
        with installation.reading() as session, pytest.raises(NotFoundError) as caught:
            case_of(session, doctor, number)
        said.append((caught.value.message, caught.value.status, caught.value.code))
    assert said[0] == said[1]


def test_who_is_of_no_unit_sees_none(installation: Installation, doctor: Person) -> None:
    number = add_row(installation, doctor, "positive")
    nowhere = replace(doctor, unit_id=None)
    assert _seen(installation, nowhere) == []
    assert _opened(installation, nowhere, number) == {"not_found"}


def test_to_lock_a_case_changes_nothing_of_who_may(
    installation: Installation, doctor: Person, stranger: Person
) -> None:
    number = add_row(installation, doctor, "positive")
    with installation.writing() as session:
        assert case_of(session, doctor, number, lock=True).id == number
        with pytest.raises(NotFoundError):
            case_of(session, stranger, number, lock=True)


def test_a_case_changed_past_the_clinic_is_not_opened(
    installation: Installation, doctor: Person
) -> None:
    number, sound = (add_row(installation, doctor, "positive") for _ in range(2))
    with installation.writing() as session:
        session.execute(update(table_of(Case)).where(Case.id == number).values(notes="otra"))
    assert _opened(installation, doctor, number) == {"record_altered"}
    assert _opened(installation, doctor, sound) == {str(sound)}


def test_a_case_moved_to_another_unit_in_sql_is_opened_by_neither(
    installation: Installation, doctor: Person, stranger: Person
) -> None:
    number = add_row(installation, doctor, "positive")
    with installation.writing() as session:
        moved = update(table_of(Case)).where(Case.id == number).values(unit_id=stranger.unit_id)
        session.execute(moved)
    assert _opened(installation, doctor, number) == {"not_found"}
    assert _opened(installation, stranger, number) == {"record_altered"}


def test_a_film_changed_past_the_clinic_closes_the_whole_case(
    installation: Installation, doctor: Person
) -> None:
    number = add_row(installation, doctor, "positive", "negative")
    with installation.writing() as session:
        last = select(Film.id).order_by(Film.id.desc()).limit(1).scalar_subquery()
        session.execute(update(table_of(Film)).where(Film.id == last).values(projection="AP"))
    with installation.reading() as session:
        assert case_of(session, doctor, number).id == number
        with pytest.raises(AlteredError):
            whole_case(session, doctor, number)


def test_a_whole_case_is_read_after_its_session(installation: Installation, doctor: Person) -> None:
    number = add_row(installation, doctor, "refused", "positive")
    with installation.writing() as session:
        said = {"kind": "open", "finding": "positive", "notes": ""}
        reading = Reading(case_id=number, user_id=doctor.id, created_at=now(), **said)
        session.add(reading)
    with installation.reading() as session:
        case = whole_case(session, doctor, number)
    assert case.unit.name == "Hospital Uno"
    assert case.created_by.username == doctor.username
    outcomes = [[one.outcome for one in film.assessments] for film in case.films]
    assert outcomes == [["refused"], ["positive"]]
    assert [one.user.full_name for one in case.readings] == [doctor.full_name]


class TestFilm:
    def _case(self, installation: Installation, doctor: Person, *outcomes: str) -> Case:
        number = add_row(installation, doctor, *outcomes)
        with installation.reading() as session:
            return whole_case(session, doctor, number)

    def test_without_a_number_the_first(self, installation: Installation, doctor: Person) -> None:
        case = self._case(installation, doctor, "positive", "negative")
        assert film_of(case, None) is case.films[0]
        assert film_of(case, case.films[1].id) is case.films[1]

    def test_of_a_case_without_films_none(self, installation: Installation, doctor: Person) -> None:
        case = self._case(installation, doctor)
        assert film_of(case, None) is None
        with pytest.raises(NotFoundError):
            film_of(case, 1)

    def test_another_case_s_film_is_not_found(
        self, installation: Installation, doctor: Person
    ) -> None:
        other = self._case(installation, doctor, "positive").films[0].id
        case = self._case(installation, doctor, "positive")
        for number in (other, 0, -1):
            with pytest.raises(NotFoundError):
                film_of(case, number)
