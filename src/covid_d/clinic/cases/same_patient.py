"""A patient's other cases with their films, in the order in which they were entered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.access import of_unit
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class OtherFilm:
    """A film of one patient; it says nothing of answers, which may have to wait.

    Parameters
    ----------
    id
        Its key.
    number
        From 1, in the order of its case.
    projection
        As stated.
    taken_on
        Its day, where it is known.
    readable
        Whether there is a picture of it.
    """

    id: int
    number: int
    projection: str | None
    taken_on: date | None
    readable: bool


@dataclass(frozen=True, slots=True)
class OtherCase:
    """A case of one patient; it says nothing of answers either.

    Parameters
    ----------
    id, created_at
        Its number, and when it was entered.
    films
        In order.
    """

    id: int
    created_at: datetime
    films: tuple[OtherFilm, ...]


def other_cases(session: Session, case: Case, person: Person) -> tuple[OtherCase, ...]:
    """Return a patient's other cases that a person may see, oldest first.

    They share the cédula, or the code within the unit, with it or with one that does: as
    :func:`covid_d.clinic.patients.same_patient` tells patients apart. A sample film is nobody's.

    Parameters
    ----------
    session
        A database session.
    case
        Whose patient.
    person
        Who asks.
    """
    if case.sample:
        return ()
    rows = [row for row in _same_patient(session, case, person) if row.id != case.id]
    films: dict[int, list[OtherFilm]] = {row.id: [] for row in rows}
    for film in session.execute(
        select(Film.id, Film.case_id, Film.projection, Film.taken_on, Film.width)
        .where(Film.case_id.in_(films))
        .order_by(Film.id)
    ):
        there = films[film.case_id]
        number = len(there) + 1
        readable = film.width is not None
        there.append(OtherFilm(film.id, number, film.projection, film.taken_on, readable))
    return tuple(OtherCase(row.id, row.created_at, tuple(films[row.id])) for row in rows)


def _same_patient(session: Session, case: Case, person: Person) -> Sequence[Any]:
    """Return the patient's cases, this one among them, oldest first."""
    codes, hashes = {case.patient_code}, {case.national_id_hash} - {None}
    while True:
        rows = session.execute(
            select(Case.id, Case.created_at, Case.patient_code, Case.national_id_hash)
            .where(
                of_unit(person),
                Case.sample.is_(False),
                or_(
                    and_(Case.unit_id == case.unit_id, Case.patient_code.in_(codes)),
                    Case.national_id_hash.in_(hashes),
                ),
            )
            .order_by(Case.created_at, Case.id)
        ).all()
        known = len(codes) + len(hashes)
        codes |= {row.patient_code for row in rows}
        hashes |= {row.national_id_hash for row in rows} - {None}
        if len(codes) + len(hashes) == known:
            return rows


def case_of_film(session: Session, case: Case, person: Person, film_id: int) -> int:
    """Return the number of the case that holds a film, of the same patient as a case.

    Parameters
    ----------
    session
        A database session.
    case
        Whose patient.
    person
        Who asks.
    film_id
        The film.

    Raises
    ------
    NotFoundError
        If there is none such, or it is another patient's or another unit's: which is not said.
    """
    if any(film.id == film_id for film in case.films):
        return case.id
    for other in other_cases(session, case, person):
        if any(film.id == film_id for film in other.films):
            return other.id
    raise NotFoundError
