"""A case with all that belongs to it, for pages and reports."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.access import case_of, of_unit
from covid_d.clinic.database.cases import Case, Film, Reading
from covid_d.clinic.database.sealed import AlteredError
from covid_d.clinic.errors import NotFoundError


def whole_case(session: Session, person: Person, case_id: int, *, lock: bool = False) -> Case:
    """Return a case with its unit, films, answers and readings, readable after the session.

    Parameters
    ----------
    session, person, case_id, lock
        As in :func:`~covid_d.clinic.cases.access.case_of`.

    Raises
    ------
    NotFoundError
        If there is none, or it is another unit's: which of both is not said.
    AlteredError
        If it was changed in the database.
    """
    if lock:
        case_of(session, person, case_id, lock=True)
    case = session.scalar(
        select(Case)
        .options(
            joinedload(Case.unit),
            joinedload(Case.created_by),
            selectinload(Case.films).selectinload(Film.assessments),
            selectinload(Case.readings).joinedload(Reading.user),
        )
        .where(Case.id == case_id, of_unit(person))
    )
    if case is None:
        raise NotFoundError
    if case.altered or any(film.altered for film in case.films):
        raise AlteredError
    return case


def film_of(case: Case, film_id: int | None) -> Film | None:
    """Return one film of a case, by default the first; ``None`` when the case has no film.

    Raises
    ------
    NotFoundError
        If the film is not the case's.
    """
    if film_id is None:
        return case.films[0] if case.films else None
    for film in case.films:
        if film.id == film_id:
            return film
    raise NotFoundError
