"""Reading in a study: an order of one's own, each film once a round, and a washout between."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from clinic_factory import add_unit, add_user
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import AnswerShown, Reading
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.database.sealed import table_of
from covid_d.clinic.database.studies import ReadingStudy, StudyFilm, StudyOpening, StudyRating
from covid_d.clinic.errors import InvalidInputError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.studies.reading import (
    NotNextError,
    StudyStanding,
    film_in_front,
    open_next,
    rate,
    read_by,
    standing,
    study_of,
)
from covid_d.clinic.studies.results import close
from covid_d.clinic.trail.audit_trail import Actor
from row_seals import seal_rows
from study_rows import add_cases, add_study

pytestmark = pytest.mark.postgres

People = dict[Role, Person]


@pytest.fixture
def ana(people: People) -> Person:
    """A reader."""
    return people[Role.DOCTOR]


@pytest.fixture
def luis(people: People) -> Person:
    """Another reader."""
    return people[Role.RADIOLOGIST]


@pytest.fixture
def study(installation: Installation, people: People, ana: Person, luis: Person) -> ReadingStudy:
    """Four films, two readers, two rounds a week apart."""
    add_cases(installation, ana, positive=5, negative=5)
    return add_study(installation, people[Role.RESEARCHER], [ana, luis], washout_days=7)


def _where(place: Installation, person: Person, study: ReadingStudy) -> StudyStanding:
    with place.reading() as session:
        return standing(session, read_by(session, person, study.id), person)


def _open(place: Installation, person: Person, study: ReadingStudy) -> StudyStanding:
    with place.act(Actor(person.id)) as act:
        return open_next(act, read_by(act.session, person, study.id), person)


def _rate(
    place: Installation,
    person: Person,
    study: ReadingStudy,
    film: int,
    category: str = "typical",
    rating: int | None = 80,
) -> None:
    with place.act(Actor(person.id)) as act:
        found = read_by(act.session, person, study.id)
        rate(act, found, person, film, category=category, rating=rating)
        act.record("test", "test")  # a form sent twice changes nothing and records nothing


def _read_round(place: Installation, person: Person, study: ReadingStudy) -> list[int]:
    order = []
    while (film := _open(place, person, study).film_id) is not None:
        order.append(film)
        _rate(place, person, study, film)
    return order


def _ratings(place: Installation, person: Person) -> list[StudyRating]:
    with place.reading() as session:
        return list(
            session.scalars(
                select(StudyRating).where(StudyRating.user_id == person.id).order_by(StudyRating.id)
            )
        )


def _age(place: Installation, person: Person, days: float) -> None:
    """Have a reader's ratings be older."""
    with place.writing() as session:
        for row in session.scalars(select(StudyRating).where(StudyRating.user_id == person.id)):
            row.created_at = row.created_at - timedelta(days=days)
        session.flush()
        seal_rows(session)


def test_each_reads_every_film_in_an_order_of_their_own(
    installation: Installation, study: ReadingStudy, ana: Person, luis: Person
) -> None:
    with installation.reading() as session:
        films = set(session.scalars(select(StudyFilm.film_id)))
    mine, theirs = (_read_round(installation, person, study) for person in (ana, luis))
    assert set(mine) == set(theirs) == films
    assert (len(mine), mine != theirs) == (4, True)
    assert [(one.film_id, one.position, one.round) for one in _ratings(installation, ana)] == [
        (film, place, 1) for place, film in enumerate(mine, start=1)
    ]


def test_where_a_reader_is(installation: Installation, study: ReadingStudy, ana: Person) -> None:
    where = _open(installation, ana, study)
    assert (where.round, where.done, where.total, where.position) == (1, 0, 4, 1)
    assert where.film_id is not None
    assert _open(installation, ana, study) == where, "looking again changes nothing"
    _rate(installation, ana, study, where.film_id)
    then = _where(installation, ana, study)
    assert (then.done, then.position) == (1, 2)
    assert then.film_id != where.film_id


def test_the_second_round_waits_for_the_washout(
    installation: Installation, study: ReadingStudy, ana: Person, luis: Person
) -> None:
    first = _read_round(installation, ana, study)
    where = _where(installation, ana, study)
    assert (where.round, where.done, where.film_id) == (2, 0, None)
    assert where.opens_at is not None
    assert timedelta(days=6.9) < where.opens_at - now() < timedelta(days=7.1)
    other = _other_film(installation, first[0])
    with pytest.raises(NotNextError):
        _rate(installation, ana, study, other)
    assert _where(installation, luis, study).round == 1, "each has their own washout"
    _age(installation, ana, 7.5)
    second = _read_round(installation, ana, study)
    assert set(second) == set(first)
    assert [one.round for one in _ratings(installation, ana)] == [1] * 4 + [2] * 4
    done = _where(installation, ana, study)
    assert (done.round, done.done, done.film_id, done.opens_at) == (2, 4, None, None)


def _other_film(place: Installation, film: int) -> int:
    """A number that is no film of the study."""
    with place.reading() as session:
        inside = set(session.scalars(select(StudyFilm.film_id)))
    return next(number for number in range(film + 1, film + 999) if number not in inside)


def test_only_the_film_in_front_is_shown_and_read(
    installation: Installation, study: ReadingStudy, ana: Person, luis: Person
) -> None:
    where = _open(installation, ana, study)
    assert where.film_id is not None
    with installation.reading() as session:
        films = set(session.scalars(select(StudyFilm.film_id)))
        found = read_by(session, ana, study.id)
        assert film_in_front(session, found, ana, where.film_id).id == where.film_id
        for film in films - {where.film_id}:
            with pytest.raises(NotFoundError):
                film_in_front(session, found, ana, film)
    for film in films - {where.film_id}:
        with pytest.raises(NotNextError):
            _rate(installation, ana, study, film)
    _rate(installation, ana, study, where.film_id)
    with installation.reading() as session, pytest.raises(NotFoundError):
        film_in_front(session, read_by(session, ana, study.id), ana, where.film_id)


def test_a_form_sent_twice_makes_one_rating(
    installation: Installation, study: ReadingStudy, ana: Person
) -> None:
    film = _open(installation, ana, study).film_id
    assert film is not None
    _rate(installation, ana, study, film, "atypical", 30)
    _rate(installation, ana, study, film, "typical", 90)
    (rating,) = _ratings(installation, ana)
    assert (rating.category, rating.rating) == ("atypical", 30)


def test_the_time_is_from_the_first_sight(
    installation: Installation, study: ReadingStudy, ana: Person
) -> None:
    film = _open(installation, ana, study).film_id
    assert film is not None
    with installation.writing() as session:
        session.execute(update(StudyOpening).values(opened_at=now() - timedelta(seconds=42)))
    _open(installation, ana, study)  # a page loaded again does not begin anew
    _rate(installation, ana, study, film)
    assert 42 <= _ratings(installation, ana)[0].seconds < 102


def test_a_film_that_was_never_shown_cannot_be_rated(
    installation: Installation, study: ReadingStudy, ana: Person
) -> None:
    film = _where(installation, ana, study).film_id
    assert film is not None
    with pytest.raises(NotNextError):
        _rate(installation, ana, study, film)


@pytest.mark.parametrize(
    ("category", "rating", "fields"),
    [
        ("", 50, {"category"}),
        ("classic", 50, {"category"}),
        ("typical", None, {"rating"}),
        ("typical", 101, {"rating"}),
        ("typical", -1, {"rating"}),
        ("", None, {"category", "rating"}),
    ],
)
def test_what_is_no_rating(
    installation: Installation,
    study: ReadingStudy,
    ana: Person,
    category: str,
    rating: int | None,
    fields: set[str],
) -> None:
    film = _open(installation, ana, study).film_id
    assert film is not None
    with pytest.raises(InvalidInputError) as caught:
        _rate(installation, ana, study, film, category, rating)
    assert set(caught.value.fields) == fields
    assert _ratings(installation, ana) == []


def test_who_does_not_read_in_it_finds_nothing(
    installation: Installation, study: ReadingStudy, people: People
) -> None:
    outsider = add_user(installation, "otra", Role.RADIOLOGIST, unit="Hospital Uno")
    add_unit(installation, "Centro Dos")
    stranger = add_user(installation, "ajena", Role.RESEARCHER, unit="Centro Dos")
    with installation.reading() as session:
        for person in (outsider, people[Role.RESEARCHER], stranger):
            with pytest.raises(NotFoundError):
                read_by(session, person, study.id)
        with pytest.raises(NotFoundError):
            study_of(session, stranger, study.id)
        assert study_of(session, people[Role.RESEARCHER], study.id).id == study.id


def test_nothing_is_read_after_its_end(
    installation: Installation, study: ReadingStudy, ana: Person, people: People
) -> None:
    film = _open(installation, ana, study).film_id
    assert film is not None
    with installation.act(Actor(people[Role.RESEARCHER].id)) as act:
        close(act, study_of(act.session, people[Role.RESEARCHER], study.id))
    assert _where(installation, ana, study).film_id is None
    with pytest.raises(NotNextError):
        _rate(installation, ana, study, film)


def test_a_study_is_no_reading_of_the_case(
    installation: Installation, study: ReadingStudy, ana: Person
) -> None:
    _read_round(installation, ana, study)
    with installation.reading() as session:
        assert session.scalars(select(Reading)).all() == []
        assert session.scalars(select(AnswerShown)).all() == [], "and shows no answer"
        actions = list(session.scalars(select(AuditEntry.action)))
    assert actions.count("study.view") == actions.count("study.rate") == 4


def test_a_study_changed_in_the_database_is_not_read(
    installation: Installation, study: ReadingStudy, ana: Person
) -> None:
    with installation.engine.begin() as connection:
        connection.execute(update(table_of(ReadingStudy)).values(washout_days=0))
    from covid_d.clinic.database.sealed import AlteredError

    with installation.reading() as session, pytest.raises(AlteredError):
        read_by(session, ana, study.id)
