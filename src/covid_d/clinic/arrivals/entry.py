"""Films from the network are kept, and become cases: by themselves, or as somebody says."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from pydicom import Dataset
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from covid_d.clinic import sentences
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.arrivals.matching import Match, PatientQuestion, code_and_digits, holds, match
from covid_d.clinic.arrivals.network_patient import (
    NetworkPatient,
    kept_header,
    number_hash,
    study_hash,
)
from covid_d.clinic.arrivals.network_user import as_person, network_user
from covid_d.clinic.cases import network_films, staging
from covid_d.clinic.cases.intake import MAX_FILMS, GivenFilm, NewCase, create_case
from covid_d.clinic.cases.keeping import keep
from covid_d.clinic.cases.network_films import SET_ASIDE, WAITING
from covid_d.clinic.cases.new_case import AGES
from covid_d.clinic.cases.same_film import SameFilmError
from covid_d.clinic.cases.value_sets import SEXES
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.arrivals import Arrival
from covid_d.clinic.database.operations import StagedFilm
from covid_d.clinic.errors import InvalidInputError, NotFoundError
from covid_d.clinic.film_work import Examined
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import new_token
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_

QUIET: Final = timedelta(seconds=30)
"""Films of one study come one after the other; so long after the last it is taken for whole."""
LONGEST_REASON: Final = 300


def take(
    installation: Installation,
    unit_id: int,
    examined: Examined,
    content: bytes,
    *,
    fingerprint: str,
    header: Dataset,
    caller: str,
    received: datetime,
) -> bool:
    """Keep a film that came, as any film is kept; the same one again changes nothing.

    Parameters
    ----------
    installation, unit_id
        Where it is read.
    examined, content
        What was found, and the file as it came; what is kept of it names nobody.
    fingerprint, header, caller, received
        As the node knows it.

    Returns
    -------
    Whether its unit reads blind.

    Raises
    ------
    UnavailableError
        If it cannot be stored.
    """
    with installation.reading() as session:
        before = session.scalar(select(Arrival.blind).where(Arrival.fingerprint == fingerprint))
        blind = session.get_one(Unit, unit_id).blind_mode
    if before is not None:
        return before
    keys, user_id = installation.keys, network_user(installation)
    kept = keep(keys, content, examined.sight)
    staging.put(installation, kept)
    try:
        with installation.act(Actor(user_id)) as act:
            token = new_token()
            act.session.add(staging.row(kept, examined, token, user_id, act.now))
            arrival = Arrival(
                fingerprint=fingerprint,
                unit_id=unit_id,
                caller=caller,
                received_at=received,
                created_at=act.now,
                study_hash=study_hash(keys, header),
                number_hash=number_hash(keys, NetworkPatient.of(header).number),
                header_encrypted=kept_header(keys, header),
                sha256=kept.sha256,
                token=token,
                blind=blind,
                state=WAITING,
            )
            act.session.add(arrival)
            act.session.flush()
            act.record("arrival.receive", f"arrival:{arrival.id}", film=kept.sha256, caller=caller)
            staging.put(installation, kept)  # a sweep may have taken it since
    except IntegrityError:  # told twice at the same moment
        return blind
    return blind


def settle(installation: Installation, quiet: timedelta = QUIET) -> int:
    """Enter what is plain of studies that have come whole; return how many were looked at."""
    due = _due(installation, quiet)
    for unit_id, study in due:
        _settle(installation, unit_id, study)
    return len(due)


def _due(installation: Installation, quiet: timedelta) -> list[tuple[int, str]]:
    with installation.reading() as session:
        rows = session.execute(
            select(Arrival.unit_id, Arrival.study_hash)
            .where(Arrival.state == WAITING)
            .group_by(Arrival.unit_id, Arrival.study_hash)
            # One that nobody was asked about yet, and the last came a while ago.
            .having(func.count() > func.count(Arrival.question))
            .having(func.max(Arrival.created_at) <= now() - quiet)
        ).all()
    return [(row.unit_id, row.study_hash) for row in rows]


def _settle(installation: Installation, unit_id: int, study: str) -> None:
    actor = Actor(network_user(installation))
    with installation.reading() as session:
        arrivals = waiting_of(session, unit_id, study)
        if not arrivals:
            return
        found = match(session, installation, arrivals)
        there = {
            each.id: case
            for each in arrivals
            if found.patient.number
            and found.question is not PatientQuestion.MIXED
            and (case := holds(session, each, found.patient, installation)) is not None
        }
        unit = session.get_one(Unit, unit_id)
    if there:  # the same film under the same number: somebody had entered it by hand
        _note_duplicates(installation, actor, there)
        return
    question = found.question
    if question is None and len(arrivals) > MAX_FILMS:
        question = PatientQuestion.TOO_MANY
    if question is None:
        question = _entered(installation, actor, unit, arrivals, found)
    if question is not None:
        _ask(installation, actor, [each.id for each in arrivals], question)


def _entered(
    installation: Installation,
    actor: Actor,
    unit: Unit,
    arrivals: Sequence[Arrival],
    found: Match,
) -> PatientQuestion | None:
    """Enter a study as a case of a known patient; return what must be asked if that fails."""
    assert found.known is not None  # noqa: S101 - a match without a question has one
    person = as_person(actor.user_id or 0, unit)
    digest = hashlib.sha256("|".join(sorted(each.fingerprint for each in arrivals)).encode())
    case = case_for(installation, found, unit)
    try:
        create_case(
            installation,
            person,
            actor,
            case,
            [GivenFilm(token=each.token) for each in arrivals],
            submission=f"pacs-{digest.hexdigest()[:40]}",
        )
    except SameFilmError:
        return PatientQuestion.OTHER_PATIENT
    except InvalidInputError:  # a unit switched off, a code that is none: somebody must look
        return PatientQuestion.UNNAMED
    return None


def case_for(installation: Installation, found: Match, unit: Unit) -> NewCase:
    """Return what is known of a case from its films and from the patient's last one."""
    known, patient = found.known, found.patient
    code, digits = code_and_digits(installation, patient)
    age = patient.age_years
    return NewCase(
        patient_code=known.case.patient_code if known else code,
        unit_id=unit.id,
        province=known.case.province if known else unit.province,
        national_id=digits or None,
        age_years=age if age is not None and AGES[0] <= age <= AGES[1] else None,
        sex=patient.sex if patient.sex in SEXES else None,
    )


def _ask(
    installation: Installation, actor: Actor, numbers: Sequence[int], question: PatientQuestion
) -> None:
    with installation.act(actor) as act:
        for number in numbers:
            act.session.get_one(Arrival, number).question = question.value
            act.record("arrival.ask", f"arrival:{number}", question=question.value)


def _note_duplicates(installation: Installation, actor: Actor, there: dict[int, int]) -> None:
    with installation.act(actor) as act:
        for number, case in there.items():
            arrival = act.session.get_one(Arrival, number)
            if arrival.token is not None:
                network_films.enter(act, [arrival.token], case)


def waiting_of(session: Session, unit_id: int, study: str) -> list[Arrival]:
    """Return the films of a study that wait, the first one first."""
    return list(
        session.scalars(
            select(Arrival)
            .where(
                Arrival.unit_id == unit_id,
                Arrival.study_hash == study,
                Arrival.state == WAITING,
            )
            .order_by(Arrival.id)
        )
    )


def set_aside(
    installation: Installation, person: Person, actor: Actor, arrival_id: int, reason: str
) -> None:
    """Set a study's films aside: they become no case, and nothing of a blind unit's goes back.

    Raises
    ------
    NotFoundError
        If nothing waits under that number in the person's unit.
    InvalidInputError
        If no reason is given.
    """
    wanted = reason.strip()
    if not wanted:
        raise InvalidInputError({"reason": N_("Write why it becomes no case.")})
    if len(wanted) > LONGEST_REASON:
        raise InvalidInputError({"reason": sentences.too_long(LONGEST_REASON)})
    if not wanted.isprintable():
        raise InvalidInputError({"reason": sentences.UNREADABLE})
    with installation.act(actor) as act:
        first = act.session.get(Arrival, arrival_id)
        if first is None or first.unit_id != person.unit_id or first.state != WAITING:
            raise NotFoundError
        for arrival in waiting_of(act.session, first.unit_id, first.study_hash):
            act.session.execute(delete(StagedFilm).where(StagedFilm.token == arrival.token))
            arrival.state, arrival.token, arrival.reason = SET_ASIDE, None, wanted
            arrival.decided_by_id, arrival.decided_at = actor.user_id, act.now
            act.record("arrival.set_aside", f"arrival:{arrival.id}", reason=wanted)
