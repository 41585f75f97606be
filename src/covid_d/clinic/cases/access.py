"""Whose cases a person may see: those of their own unit, and of no other."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import Case
from covid_d.clinic.database.sealed import AlteredError
from covid_d.clinic.errors import NotFoundError


def of_unit(person: Person) -> ColumnElement[bool]:
    """Return the condition on ``Case`` that the person may see it; without a unit, none."""
    return false() if person.unit_id is None else Case.unit_id == person.unit_id


def case_of(session: Session, person: Person, case_id: int, *, lock: bool = False) -> Case:
    """Return a case that the person may see.

    Parameters
    ----------
    session
        A database session.
    person
        Who asks.
    case_id
        The case's number.
    lock
        Whether other writers of this case wait until the transaction ends (PostgreSQL; on SQLite
        there is one writer at a time anyway).

    Raises
    ------
    NotFoundError
        If there is none, or it is another unit's: which of both is not said.
    AlteredError
        If it was changed in the database.
    """
    query = select(Case).where(Case.id == case_id, of_unit(person))
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFoundError
    if found.altered:
        raise AlteredError
    return found
