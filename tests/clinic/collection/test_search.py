"""Films are looked through before any export; what may leave and what waits is counted once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.collection import review, search
from covid_d.clinic.collection.review import Decision
from covid_d.clinic.collection.selection import NotExported
from covid_d.clinic.database.cases import Film
from covid_d.clinic.database.operations import FilmReview
from covid_d.clinic.errors import ConflictError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor

from .conftest import Enter
from .test_review import film_with_name

pytestmark = pytest.mark.postgres

POSITIVE = {"rt_pcr": "positive"}


@pytest.fixture
def strict(installation: Installation) -> Installation:
    """The installation as a hospital has it: every film is looked at."""
    chosen = installation.settings.model_copy(update={"collection_review": "every"})
    return replace(installation, settings=chosen)


def _standing(place: Installation) -> search.Standing:
    with place.reading() as session:
        return search.standing(session, place)


def _show(place: Installation, person: Person, *films: int) -> None:
    """Have the films' pictures shown to a person, as the page does."""
    for number in films:
        with place.act(Actor(person.id)) as act:
            film, _ = review.reviewed_film(act.session, person, number)
            act.record("film.view", film, **{"for": "review"})


def _waiting(place: Installation, person: Person) -> list[int]:
    with place.reading() as session:
        return [film.film_id for film in review.waiting(session, person)[1]]


def test_films_wait_before_anybody_tried_to_export(
    strict: Installation, doctor: Person, enter: Enter
) -> None:
    enter(1, POSITIVE)
    enter(2)  # no result
    enter(3, POSITIVE, films=[film_with_name()])
    enter(5, POSITIVE)
    before = _standing(strict)
    assert (before.ready, before.pending) == (0, 3)
    assert before.left_out == {NotExported.RESULT: 1}
    assert search.is_due(strict)
    assert search.look_through(strict) == 3
    assert not search.is_due(strict)
    assert search.look_through(strict) == 0
    assert _standing(strict) == before
    with strict.reading() as session:
        count, films = review.waiting(session, doctor)
    assert count == 3
    assert films[0].film_id == 3  # text was found in it: it comes first
    assert films[0].boxes
    assert all(row is not None for row in _suspects(strict))


def _suspects(place: Installation) -> list[list[list[int]] | None]:
    with place.reading() as session:
        return list(session.scalars(select(FilmReview.suspects)))


def test_where_only_marked_films_wait_nothing_is_looked_through_ahead(
    installation: Installation, enter: Enter
) -> None:
    enter(1, POSITIVE)
    assert not search.is_due(installation)
    assert search.look_through(installation) == 0
    found = _standing(installation)
    assert (found.ready, found.pending) == (1, 0)


def test_decisions_move_films_from_pending_to_ready_or_out(
    strict: Installation, doctor: Person, enter: Enter
) -> None:
    for seed in (1, 3, 5):
        enter(seed, POSITIVE)
    search.look_through(strict)
    _show(strict, doctor, 1, 2, 3)
    chosen = {1: Decision.CLEAR, 2: Decision.KEEP_BACK}
    assert review.decide_together(strict, doctor, Actor(doctor.id), chosen) == 2
    found = _standing(strict)
    assert (found.ready, found.pending) == (1, 1)
    assert found.left_out == {NotExported.KEPT_BACK: 1}


def test_films_without_marks_are_released_together(
    strict: Installation, doctor: Person, enter: Enter
) -> None:
    enter(1, POSITIVE)
    enter(3, POSITIVE, films=[film_with_name()])
    enter(5, POSITIVE)
    search.look_through(strict)
    with strict.writing() as session:
        named = session.get_one(Film, 2).sha256
        for row in session.scalars(select(FilmReview)):
            row.suspects = []
            row.boxes = row.boxes if row.sha256 == named else []
    waiting = _waiting(strict, doctor)
    assert waiting[0] == 2
    _show(strict, doctor, *waiting)
    done = review.decide_together(strict, doctor, Actor(doctor.id), {}, alike=waiting)
    assert done == 2
    assert _waiting(strict, doctor) == [2]  # text in it: decided by itself


def test_what_was_not_shown_is_not_released(
    strict: Installation, doctor: Person, enter: Enter
) -> None:
    for seed in (1, 3):
        enter(seed, POSITIVE)
    search.look_through(strict)
    _show(strict, doctor, 1)
    decisions = {1: Decision.CLEAR, 2: Decision.CLEAR}
    with pytest.raises(ConflictError, match="Film 2 was not shown"):
        review.decide_together(strict, doctor, Actor(doctor.id), decisions)
    assert _standing(strict).pending == 2  # nothing was recorded


def test_deciding_nothing_or_about_anothers_film_is_refused(
    strict: Installation, doctor: Person, enter: Enter
) -> None:
    enter(1, POSITIVE)
    search.look_through(strict)
    with pytest.raises(ConflictError):
        review.decide_together(strict, doctor, Actor(doctor.id), {})
    with pytest.raises(NotFoundError):
        review.decide_together(strict, doctor, Actor(doctor.id), {}, alike=[99])


def test_a_withdrawn_film_waits_no_more(strict: Installation, enter: Enter) -> None:
    from covid_d.clinic.database.cases import FollowUp
    from episode_factory import add, follow_up

    case = enter(1, POSITIVE)
    assert _standing(strict).pending == 1
    add(strict, FollowUp, follow_up(case, "consent", "withdrawn", 1))
    found = _standing(strict)
    assert (found.ready, found.pending) == (0, 0)
    assert found.left_out == {NotExported.CONSENT: 1}


def test_one_wording() -> None:
    assert review.pending(23).in_language("es") == "23 radiografías pendientes de revisión"
    assert review.pending(1).in_language("en") == "1 film pending review"
