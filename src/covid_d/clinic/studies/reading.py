"""Reading in a study: one film after the other, in an order of one's own, and nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from covid_d.clinic import sentences
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import Film
from covid_d.clinic.database.sealed import AlteredError
from covid_d.clinic.database.studies import (
    ReadingStudy,
    StudyFilm,
    StudyOpening,
    StudyRating,
    StudyReader,
)
from covid_d.clinic.errors import ConflictError, InvalidInputError, NotFoundError
from covid_d.clinic.studies.setup import shuffled
from covid_d.clinic.trail.act import Act
from covid_d.detector import CATEGORIES
from covid_d.language import N_, Text

CERTAIN: Final = 100
"""The highest rating; 0 is the lowest."""


class NotNextError(ConflictError):
    """The film is not the one that the reader is to read now."""

    def __init__(self) -> None:
        super().__init__(
            N_("This film is not the next one of your round."),
            N_("Open the study again: it shows where you are."),
            code="not_next",
        )


@dataclass(frozen=True, slots=True)
class StudyStanding:
    """Where a reader is in a study.

    Parameters
    ----------
    round
        The present one, from 1; the last one when all is read.
    done, total
        Films of it that are read, and all.
    film_id
        The next film; ``None`` when there is none to read now.
    opens_at
        When the washout is over and the round begins, if it has not yet.
    """

    round: int
    done: int
    total: int
    film_id: int | None
    opens_at: datetime | None = None

    @property
    def position(self) -> int:
        """Place of the next film in the round, from 1."""
        return self.done + 1


def study_of(session: Session, person: Person, study_id: int) -> ReadingStudy:
    """Return a study of a person's unit.

    Raises
    ------
    NotFoundError
        If there is none, or it is another unit's.
    """
    study = session.get(ReadingStudy, study_id)
    if study is None or person.unit_id is None or study.unit_id != person.unit_id:
        raise NotFoundError
    if study.altered:
        raise AlteredError
    return study


def read_by(session: Session, person: Person, study_id: int) -> ReadingStudy:
    """Return a study in which a person reads.

    Raises
    ------
    NotFoundError
        If they do not: which studies there are is not said.
    """
    study = study_of(session, person, study_id)
    if session.get(StudyReader, (study_id, person.id)) is None:
        raise NotFoundError
    return study


def standing(session: Session, study: ReadingStudy, person: Person) -> StudyStanding:
    """Return where a reader is."""
    films = list(session.scalars(select(StudyFilm.film_id).where(StudyFilm.study_id == study.id)))
    ratings = session.scalars(
        select(StudyRating).where(
            StudyRating.study_id == study.id, StudyRating.user_id == person.id
        )
    ).all()
    if study.closed_at is not None:
        return StudyStanding(study.rounds, 0, len(films), None)
    for number in range(1, study.rounds + 1):
        read = {one.film_id for one in ratings if one.round == number}
        left = [film for film in _order(study, person, number, films) if film not in read]
        if not left:
            continue
        opens = _washed_out(study, ratings, number)
        if opens is not None and opens > now():
            return StudyStanding(number, 0, len(films), None, opens)
        return StudyStanding(number, len(films) - len(left), len(films), left[0])
    return StudyStanding(study.rounds, len(films), len(films), None)


def open_next(act: Act, study: ReadingStudy, person: Person) -> StudyStanding:
    """Return where a reader is, and keep when the next film was first shown to them."""
    where = standing(act.session, study, person)
    if where.film_id is not None:
        key = (study.id, where.film_id, person.id, where.round)
        if act.session.get(StudyOpening, key) is None:
            act.session.add(
                StudyOpening(
                    study_id=study.id,
                    film_id=where.film_id,
                    user_id=person.id,
                    round=where.round,
                    opened_at=act.now,
                )
            )
        act.record("study.view", study, film=where.film_id, round=where.round)
    return where


def film_in_front(session: Session, study: ReadingStudy, person: Person, film_id: int) -> Film:
    """Return a film of a study while it is the one that a reader reads.

    Raises
    ------
    NotFoundError
        If it is another one: nobody looks ahead, or back.
    """
    if standing(session, study, person).film_id != film_id:
        raise NotFoundError
    film = session.get(Film, film_id)
    if film is None:
        raise NotFoundError
    if film.altered:
        raise AlteredError
    return film


def rate(
    act: Act,
    study: ReadingStudy,
    person: Person,
    film_id: int,
    *,
    category: str,
    rating: int | None,
) -> None:
    """Record what a reader says of the film in front; a form sent twice makes one rating.

    Parameters
    ----------
    act
        The unit of work.
    study, person
        Which study, and who reads.
    film_id
        The film that the form was about.
    category
        One of ``CATEGORIES``.
    rating
        How suspicious of COVID-19, 0 to ``CERTAIN``.

    Raises
    ------
    InvalidInputError
        If category or rating is none.
    NotNextError
        If the film is not the next one.
    """
    wrong: dict[str, Text] = {}
    if category not in CATEGORIES:
        wrong["category"] = N_("Choose a category.")
    if rating is None or not 0 <= rating <= CERTAIN:
        wrong["rating"] = sentences.no_whole_number(0, CERTAIN)
    if wrong or rating is None:
        raise InvalidInputError(wrong)
    where = standing(act.session, study, person)
    if where.film_id != film_id:
        if _has_read(act.session, study, person, film_id):
            return
        raise NotNextError
    opened = act.session.get(StudyOpening, (study.id, film_id, person.id, where.round))
    if opened is None:
        raise NotNextError
    act.session.add(
        StudyRating(
            study_id=study.id,
            film_id=film_id,
            user_id=person.id,
            round=where.round,
            position=where.position,
            category=category,
            rating=rating,
            seconds=(act.now - opened.opened_at).total_seconds(),
            created_at=act.now,
        )
    )
    act.record("study.rate", study, film=film_id, round=where.round)


def _order(study: ReadingStudy, person: Person, number: int, films: Sequence[int]) -> list[int]:
    return shuffled(films, study.seed, person.id, number)


def _washed_out(
    study: ReadingStudy, ratings: Sequence[StudyRating], number: int
) -> datetime | None:
    before = [one.created_at for one in ratings if one.round == number - 1]
    return max(before) + timedelta(days=study.washout_days) if before else None


def _has_read(session: Session, study: ReadingStudy, person: Person, film_id: int) -> bool:
    return (
        session.scalar(
            select(StudyRating.id).where(
                StudyRating.study_id == study.id,
                StudyRating.user_id == person.id,
                StudyRating.film_id == film_id,
            )
        )
        is not None
    )
