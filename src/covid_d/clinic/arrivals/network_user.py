"""The account in whose name films from the network come in; nobody can sign in with it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from covid_d.clinic.accounts.people import NETWORK_USERNAME, Person
from covid_d.clinic.database.accounts import Unit, User
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

FULL_NAME: Final = "PACS"


def network_user(installation: Installation) -> int:
    """Return the number of the network's account; made when missing, switched off for good."""
    with installation.reading() as session:
        found = session.scalar(select(User.id).where(User.username == NETWORK_USERNAME))
    if found is not None:
        return found
    with installation.act(Actor(None)) as act:
        user = User(
            username=NETWORK_USERNAME,
            full_name=FULL_NAME,
            role=Role.DOCTOR.value,
            active=False,
            created_at=act.now,
        )
        act.session.add(user)
        act.record("user.create", user, role=Role.DOCTOR.value, network=True)
        return user.id


def as_person(user_id: int, unit: Unit) -> Person:
    """Return the network as somebody of a unit, for what cases are entered by."""
    return Person(
        user_id, NETWORK_USERNAME, FULL_NAME, Role.DOCTOR, unit_id=unit.id, unit_name=unit.name
    )
