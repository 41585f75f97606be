"""API tokens: keys for programs that act for their owner; shown once, kept as a hash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from covid_d.clinic import sentences
from covid_d.clinic.accounts import sessions
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import ApiToken, User
from covid_d.clinic.errors import ForbiddenError, InvalidInputError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import new_token, token_hash
from covid_d.clinic.roles import Permission
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import Text

PREFIX: Final = "covidd_"  # so that people and secret scanners recognise one that leaked
LONGEST_DAYS: Final = 365
LONGEST_NAME: Final = 80
# How often a token's last use is written: once a request would write on every call.
_TOUCH: Final = timedelta(minutes=1)


def create(
    installation: Installation, person: Person, name: str, days: int, *, address: str = ""
) -> str:
    """Make a token and return it; it cannot be shown again.

    Parameters
    ----------
    installation
        Where.
    person
        Its owner, whose role and unit it has.
    name
        What the owner calls it.
    days
        How long it works, 1 to ``LONGEST_DAYS``.
    address
        Network address of who asks, for the audit trail.

    Raises
    ------
    ForbiddenError
        If the owner's role may not use the API.
    InvalidInputError
        Under ``name`` or ``days``.
    """
    if Permission.USE_API not in person.role.permissions:
        raise ForbiddenError
    name = name.strip()
    wrong: dict[str, Text] = {}
    if not name:
        wrong["name"] = sentences.MISSING
    elif len(name) > LONGEST_NAME:
        wrong["name"] = sentences.too_long(LONGEST_NAME)
    if not 1 <= days <= LONGEST_DAYS:
        wrong["days"] = sentences.no_whole_number(1, LONGEST_DAYS)
    if wrong:
        raise InvalidInputError(wrong)
    token, moment = PREFIX + new_token(), now()
    with installation.act(Actor(person.id, address)) as act:
        row = ApiToken(
            user_id=person.id,
            name=name,
            token_sha256=token_hash(token),
            created_at=moment,
            expires_at=moment + timedelta(days=days),
        )
        act.session.add(row)
        act.record("token.create", row, days=days)
    return token


def revoke(installation: Installation, person: Person, token_id: int, *, address: str = "") -> None:
    """Stop one of a person's own tokens at once; stopping it twice changes nothing.

    Raises
    ------
    NotFoundError
        If the person has no such token.
    """
    with installation.act(Actor(person.id, address)) as act:
        row = act.session.get(ApiToken, token_id)
        if row is None or row.user_id != person.id:
            raise NotFoundError
        if row.revoked_at is None:
            row.revoked_at = act.now
            act.record("token.revoke", row)


def end_all(session: Session, user_id: int, moment: datetime) -> None:
    """Revoke all of a person's tokens: whoever knew the old password may have made one."""
    session.execute(
        update(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=moment)
    )


def of_person(installation: Installation, person: Person) -> Sequence[ApiToken]:
    """Return a person's tokens that are not revoked, the newest first; expired ones included."""
    with installation.reading() as session:
        return session.scalars(
            select(ApiToken)
            .where(ApiToken.user_id == person.id, ApiToken.revoked_at.is_(None))
            .order_by(ApiToken.id.desc())
        ).all()


def verify(installation: Installation, token: str) -> Person | None:
    """Return whom a token acts for, or ``None`` if it is unknown, expired, revoked or switched off.

    The caller checks what the person may do
    (:func:`~covid_d.clinic.accounts.people.check_allowed`).
    """
    moment = now()
    with installation.reading() as session:
        found = session.scalar(
            select(ApiToken)
            .options(joinedload(ApiToken.user).joinedload(User.unit))
            .where(ApiToken.token_sha256 == token_hash(token))
        )
        if found is None or found.revoked_at is not None or found.expires_at <= moment:
            return None
        if found.altered or found.user.altered or not found.user.active:
            return None
        # No program types a code: its owner passed the second factor before making the token.
        lacks = sessions.lacks_second_factor(installation.settings, found.user)
        person = Person.of(found.user, lacks_second_factor=lacks)
    if found.last_used_at is None or moment - found.last_used_at > _TOUCH:
        with installation.writing() as session:
            session.execute(
                update(ApiToken).where(ApiToken.id == found.id).values(last_used_at=moment)
            )
    return person
