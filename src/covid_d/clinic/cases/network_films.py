"""Films that wait from the hospital's network: whoever enters cases of their unit may use them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.arrivals import Arrival
from covid_d.clinic.database.operations import StagedFilm
from covid_d.clinic.trail.act import Act

WAITING = "waiting"
ENTERED = "entered"
SET_ASIDE = "set_aside"


def waits() -> ColumnElement[bool]:
    """Return the condition on ``StagedFilm`` that it came over the network and still waits."""
    return StagedFilm.token.in_(select(Arrival.token).where(Arrival.token.is_not(None)))


def is_for(session: Session, token: str, person: Person) -> bool:
    """Return whether a film came to a person's unit and still waits there."""
    arrival = session.scalar(select(Arrival).where(Arrival.token == token))
    return arrival is not None and arrival.unit_id == person.unit_id


def enter(act: Act, tokens: Collection[str], case_id: int) -> None:
    """Enter that films which waited are of a case now, whoever said so.

    What waits of the same patients is asked about anew: who it is may be known now.
    """
    session = act.session
    came = session.scalars(select(Arrival).where(Arrival.token.in_(tokens))).all()
    if not came:
        return
    session.execute(delete(StagedFilm).where(StagedFilm.token.in_({each.token for each in came})))
    for arrival in came:
        arrival.state, arrival.case_id, arrival.token = ENTERED, case_id, None
        arrival.decided_by_id, arrival.decided_at = act.actor.user_id, act.now
        act.record("arrival.enter", f"arrival:{arrival.id}", case=case_id)
    numbers = {each.number_hash for each in came} - {None}
    session.execute(
        update(Arrival)
        .where(Arrival.state == WAITING, Arrival.number_hash.in_(numbers))
        .values(question=None)
    )
