"""What came to a unit over the network: what waits for somebody's word, and what came of the rest.

Nothing here says what the model answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.arrivals.entry import case_for, waiting_of
from covid_d.clinic.arrivals.matching import Match, PatientQuestion, match
from covid_d.clinic.arrivals.network_patient import NetworkPatient, header_of_row
from covid_d.clinic.cases.network_films import WAITING
from covid_d.clinic.cases.new_case import NewCase
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.arrivals import Arrival
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.installation import Installation

MOST: Final = 100


@dataclass(frozen=True, slots=True)
class WaitingStudy:
    """A study whose patient somebody must name.

    Parameters
    ----------
    number
        Of its first film: the study's address.
    received
        When that came.
    caller
        Title of who sent it.
    tokens
        Of its films, as a case takes them.
    match
        Whose they seem to be.
    question
        What is asked; ``None`` while the study may still be coming.
    """

    number: int
    received: datetime
    caller: str
    tokens: tuple[str, ...]
    match: Match
    question: PatientQuestion | None


@dataclass(frozen=True, slots=True)
class PastArrival:
    """A film that came and was decided upon.

    Parameters
    ----------
    fingerprint
        What the node knows it by.
    received
        When it came.
    number
        The patient's, as the film states it.
    state
        ``entered`` or ``set_aside``.
    case_id
        The case it is of.
    reason
        Why it was set aside.
    """

    fingerprint: str
    received: datetime
    number: str
    state: str
    case_id: int | None
    reason: str


def waiting_studies(
    session: Session, installation: Installation, person: Person
) -> list[WaitingStudy]:
    """Return what waits in a person's unit, the oldest first."""
    rows = session.scalars(
        select(Arrival)
        .where(Arrival.unit_id == person.unit_id, Arrival.state == WAITING)
        .order_by(Arrival.study_hash, Arrival.id)
    ).all()
    studies = [list(films) for _, films in groupby(rows, key=lambda each: each.study_hash)]
    studies.sort(key=lambda films: films[0].id)
    return [_study(session, installation, films) for films in studies[:MOST]]


def how_many_wait(session: Session, person: Person) -> int:
    """Return of how many studies somebody of a person's unit must say whose they are."""
    found = session.scalars(
        select(Arrival.study_hash)
        .where(
            Arrival.unit_id == person.unit_id,
            Arrival.state == WAITING,
            Arrival.question.is_not(None),
        )
        .distinct()
    )
    return len(found.all())


def study_of(
    session: Session, installation: Installation, person: Person, number: int
) -> WaitingStudy:
    """Return a study that waits in a person's unit.

    Raises
    ------
    NotFoundError
        If there is none, it waits no longer, or it is another unit's: which is not said.
    """
    first = session.get(Arrival, number)
    if first is None or first.unit_id != person.unit_id or first.state != WAITING:
        raise NotFoundError
    return _study(session, installation, waiting_of(session, first.unit_id, first.study_hash))


def form_of(
    session: Session, installation: Installation, person: Person, study: WaitingStudy, *, same: bool
) -> NewCase:
    """Return what a study fills into the form of a new case.

    Parameters
    ----------
    session, installation, person
        Where, and who enters it.
    study
        Whose films.
    same
        Whether somebody says that it is the known patient; else the number may not be theirs.
    """
    found = study.match
    unit = session.get_one(Unit, person.unit_id)
    if same and found.known is not None:
        return case_for(installation, found, unit)
    case = case_for(installation, Match(found.patient, None, None), unit)
    if found.known is None:
        return case
    # Another patient than the one who has this number here: it cannot be theirs too.
    return NewCase("", case.unit_id, case.province, age_years=case.age_years, sex=case.sex)


def past_arrivals(
    session: Session, installation: Installation, person: Person
) -> list[PastArrival]:
    """Return what came to a person's unit and was decided upon, the newest first."""
    rows = session.scalars(
        select(Arrival)
        .where(Arrival.unit_id == person.unit_id, Arrival.state != WAITING)
        .order_by(Arrival.id.desc())
        .limit(MOST)
    )
    return [
        PastArrival(
            row.fingerprint,
            row.received_at,
            NetworkPatient.of(header_of_row(installation.keys, row.header_encrypted)).number,
            row.state,
            row.case_id,
            row.reason,
        )
        for row in rows
    ]


def _study(session: Session, installation: Installation, films: Sequence[Arrival]) -> WaitingStudy:
    first = films[0]
    asked = next((each.question for each in films if each.question), None)
    return WaitingStudy(
        first.id,
        first.received_at,
        first.caller,
        tuple(each.token for each in films if each.token),
        match(session, installation, films),
        PatientQuestion(asked) if asked else None,
    )
