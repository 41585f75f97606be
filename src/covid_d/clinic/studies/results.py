"""What a study gave: how far it is, its end, and its ratings in the long form of MRMC analyses.

Many readers, many cases: one row a reader, case and round, as iMRMC and RJafroc read it. Results
are given when nothing more can be read, so that nobody learns of them while reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import Clock
from covid_d.clinic.collection.selection import consents
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.sealed import AlteredError
from covid_d.clinic.database.studies import (
    ReadingStudy,
    StudyFilm,
    StudyRating,
    StudyReader,
)
from covid_d.clinic.errors import ConflictError
from covid_d.clinic.follow_up.laboratory import laboratory_of
from covid_d.clinic.statistics.table import Column, FigureTable
from covid_d.clinic.studies.reading import StudyStanding, standing
from covid_d.clinic.trail.act import Act
from covid_d.language import N_

_COLUMNS: Final = (
    Column("study", N_("Study"), "count"),
    Column("reader", N_("Reader")),
    Column("case", N_("Case")),
    Column("round", N_("Round"), "count"),
    Column("position", N_("Place in the round"), "count"),
    Column("truth", N_("Reference standard")),
    Column("rating", N_("Suspicion of COVID-19, 0 to 100"), "count"),
    Column("category", N_("Category")),
    Column("time", N_("Seconds"), "share"),
    Column("read_at", N_("Read at")),
)


class StillReadError(ConflictError):
    """Results are given when a study is over."""

    def __init__(self) -> None:
        super().__init__(
            N_("The study is still being read, and its results are not given yet."),
            N_("Wait until everybody has read, or end the study."),
            code="study_open",
        )


@dataclass(frozen=True, slots=True)
class StudySummary:
    """A study in a list.

    Parameters
    ----------
    study
        The study.
    films, readers
        How many.
    read, expected
        Ratings that are there, and that there will be.
    own
        Where the person is who asks; ``None`` for who does not read in it.
    """

    study: ReadingStudy
    films: int
    readers: int
    read: int
    expected: int
    own: StudyStanding | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more can be read."""
        return self.study.closed_at is not None or self.read >= self.expected


def studies(session: Session, person: Person, *, every: bool) -> list[StudySummary]:
    """Return the studies of a person's unit, the newest first.

    Parameters
    ----------
    session
        Reading.
    person
        Who asks.
    every
        Whether those too in which the person does not read.
    """
    found = session.scalars(
        select(ReadingStudy)
        .where(ReadingStudy.unit_id == person.unit_id)
        .order_by(ReadingStudy.id.desc())
    ).all()
    told = [summary_of(session, study, person) for study in found if not study.altered]
    return [one for one in told if every or one.own is not None]


def summary_of(session: Session, study: ReadingStudy, person: Person) -> StudySummary:
    """Return how far a study is, and where a person is in it."""

    def count(table: type[StudyFilm] | type[StudyReader] | type[StudyRating]) -> int:
        counted = select(func.count()).select_from(table).where(table.study_id == study.id)
        return session.scalar(counted) or 0

    films, readers = count(StudyFilm), count(StudyReader)
    reads = session.get(StudyReader, (study.id, person.id)) is not None
    return StudySummary(
        study,
        films,
        readers,
        count(StudyRating),
        films * readers * study.rounds,
        standing(session, study, person) if reads else None,
    )


def close(act: Act, study: ReadingStudy) -> None:
    """End a study: nothing more is read, and its results are given."""
    if study.closed_at is None:
        study.closed_at = act.now
        act.record("study.close", study)


def results(session: Session, study: ReadingStudy, person: Person, clock: Clock) -> FigureTable:
    """Return a study's ratings, one row a reader, case and round.

    The truth is the reference standard as it is now, so that a corrected result counts; cases whose
    consent was withdrawn meanwhile are left out. A case
    is named by its number: no identity.

    Parameters
    ----------
    session
        Reading.
    study, person
        Which study, and who asks.
    clock
        Tells the day of a case.

    Raises
    ------
    StillReadError
        While something can still be read.
    AlteredError
        If a rating was changed in the database.
    """
    if not summary_of(session, study, person).is_over:
        raise StillReadError
    films = session.execute(
        select(Film.id, Case.id, Case.created_at)
        .join(StudyFilm, StudyFilm.film_id == Film.id)
        .join(Case, Case.id == Film.case_id)
        .where(StudyFilm.study_id == study.id)
    ).all()
    said = laboratory_of(session, {case: clock.day_of(at) for _, case, at in films})
    agreed = consents(session)
    # Who withdrew consent since is in no result.
    case_of_film = {film: case for film, case, _ in films if agreed.get(case, True)}
    rows = session.execute(
        select(StudyRating, User.full_name)
        .join(User, User.id == StudyRating.user_id)
        .where(StudyRating.study_id == study.id)
        .order_by(StudyRating.user_id, StudyRating.round, StudyRating.position)
    ).all()
    if any(rating.altered for rating, _ in rows):
        raise AlteredError
    return FigureTable(
        "study",
        N_("Results of the study"),
        _COLUMNS,
        [
            (
                study.id,
                reader,
                str(case_of_film[rating.film_id]),
                rating.round,
                rating.position,
                said[case_of_film[rating.film_id]].reference.value,
                rating.rating,
                rating.category,
                round(rating.seconds, 1),
                clock.local(rating.created_at).isoformat(timespec="seconds"),
            )
            for rating, reader in rows
            if rating.film_id in case_of_film
        ],
    )
