"""The other cases of a case's patient, in the order they were entered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.access import of_unit
from covid_d.clinic.database.cases import Case, Film


@dataclass(frozen=True, slots=True)
class OtherCase:
    """Another case of one patient; it says nothing of answers, which may have to wait.

    Parameters
    ----------
    id, created_at
        Its number, and when it was entered.
    films
        How many it has.
    """

    id: int
    created_at: datetime
    films: int


def other_cases(session: Session, case: Case, person: Person) -> tuple[OtherCase, ...]:
    """Return a patient's other cases that a person may see, oldest first.

    They share the cédula, or the code within the unit. A sample film is nobody's.

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
    same = and_(Case.unit_id == case.unit_id, Case.patient_code == case.patient_code)
    if case.national_id_hash is not None:
        same = or_(same, Case.national_id_hash == case.national_id_hash)
    films = select(func.count()).where(Film.case_id == Case.id).scalar_subquery()
    rows = session.execute(
        select(Case.id, Case.created_at, films)
        .where(same, of_unit(person), Case.sample.is_(False), Case.id != case.id)
        .order_by(Case.created_at, Case.id)
    )
    return tuple(OtherCase(*row) for row in rows)
