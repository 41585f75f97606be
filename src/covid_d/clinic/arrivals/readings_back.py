"""Readings that go back to the PACS: which, of which films, in what words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, joinedload

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.arrivals.network_patient import header_of_row
from covid_d.clinic.cases.film_terms import SIGNS
from covid_d.clinic.cases.readings import FINDINGS
from covid_d.clinic.cases.structured import Structured
from covid_d.clinic.database.arrivals import Arrival, ReadingOrder
from covid_d.clinic.database.cases import Case, Reading
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.act import Act
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import Outcome
from covid_d.language import Language
from covid_d.pacs.ward import ConfirmedReading, NamedSign

_AT_ONCE: Final = 50


def came_over_network(session: Session, case_id: int) -> bool:
    """Return whether a film of a case came from the PACS, so that a reading can go back."""
    return bool(session.scalar(select(exists().where(Arrival.case_id == case_id))))


def order_of(session: Session, reading: Reading | None) -> ReadingOrder | None:
    """Return the order to send a reading back; ``None`` where nobody gave one."""
    return None if reading is None else session.get(ReadingOrder, reading.id)


def send_back(act: Act, case: Case, person: Person, reading_id: int) -> None:
    """Order one's own reading to be sent back; ordered twice it is sent once.

    Raises
    ------
    NotFoundError
        If it is not the person's, not of this case, or no film of the case came from the PACS.
    """
    reading = act.session.get(Reading, reading_id)
    if reading is None or reading.case_id != case.id or reading.user_id != person.id:
        raise NotFoundError
    if reading.altered or not came_over_network(act.session, case.id):
        raise NotFoundError
    if order_of(act.session, reading) is None:
        act.session.add(
            ReadingOrder(reading_id=reading.id, ordered_at=act.now, ordered_by_id=person.id)
        )
        act.record("reading.send", case, reading=reading.id)


def order_all(installation: Installation, network: int) -> int:
    """Order every reading of films from the PACS that none was given for; return how many."""
    wanted = (
        select(Reading)
        .where(
            exists().where(Arrival.case_id == Reading.case_id),
            ~exists().where(ReadingOrder.reading_id == Reading.id),
        )
        .order_by(Reading.id)
        .limit(_AT_ONCE)
    )
    with installation.reading() as session:
        if session.scalar(wanted.with_only_columns(Reading.id)) is None:
            return 0
    with installation.act(Actor(network)) as act:
        found = act.session.scalars(wanted).all()
        for reading in found:
            act.session.add(
                ReadingOrder(reading_id=reading.id, ordered_at=act.now, ordered_by_id=None)
            )
            act.record("reading.send", f"case:{reading.case_id}", reading=reading.id)
    return len(found)


def due(installation: Installation, language: Language) -> list[ConfirmedReading]:
    """Return ordered readings that the node has not taken, one a film of their case."""
    with installation.reading() as session:
        rows = session.scalars(
            select(Reading)
            .join(ReadingOrder, ReadingOrder.reading_id == Reading.id)
            .options(joinedload(Reading.user), joinedload(Reading.case).joinedload(Case.unit))
            .where(ReadingOrder.taken_at.is_(None))
            .order_by(Reading.id)
            .limit(_AT_ONCE)
        ).all()
        # What was changed in the database is nobody's word.
        return [
            confirmed
            for reading in rows
            if not reading.altered
            for confirmed in _of(session, installation, reading, language)
        ]


def taken(installation: Installation, network: int, reading_id: int) -> None:
    """Enter that the node has a reading in its queue."""
    with installation.act(Actor(network)) as act:
        order = act.session.get(ReadingOrder, reading_id)
        if order is not None and order.taken_at is None:
            order.taken_at = act.now
            case_id = act.session.get_one(Reading, reading_id).case_id
            act.record("reading.queued", f"case:{case_id}", reading=reading_id)


def _of(
    session: Session, installation: Installation, reading: Reading, language: Language
) -> Iterator[ConfirmedReading]:
    arrivals = session.scalars(
        select(Arrival).where(Arrival.case_id == reading.case_id).order_by(Arrival.id)
    ).all()
    said = Structured.of(reading)
    for arrival in arrivals:
        yield ConfirmedReading(
            number=reading.id,
            fingerprint=arrival.fingerprint,
            header=header_of_row(installation.keys, arrival.header_encrypted),
            reader=reading.user.full_name,
            organization=reading.case.unit.name,
            at=installation.clock.local(reading.created_at).replace(microsecond=0),
            finding=Outcome(reading.finding),
            appearance=said.appearance,
            signs=_signs(said),
            extent=said.extent or (),
            sentences=_sentences(reading, said, language),
        )


def _signs(said: Structured) -> Sequence[NamedSign]:
    found = []
    for sign in said.signs:
        places = [part.text.in_language("en") for part in (sign.side, *sign.heights) if part]
        found.append(
            NamedSign(sign.code, SIGNS[sign.code].text.in_language("en"), ", ".join(places))
        )
    return found


def _sentences(reading: Reading, said: Structured, language: Language) -> list[str]:
    lines = [FINDINGS[reading.finding].in_language(language), *said.lines(language)]
    return [*lines, *filter(None, (line.strip() for line in reading.notes.splitlines()))]
