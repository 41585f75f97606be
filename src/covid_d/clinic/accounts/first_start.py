"""The first administrator: made through a link that only the server's console shows."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts import links, passwords, sessions
from covid_d.clinic.accounts.links import Purpose
from covid_d.clinic.accounts.user_details import UserDetails
from covid_d.clinic.database.accounts import Unit, User
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Permission, Role
from covid_d.clinic.trail.audit_trail import Actor

_CLINICAL = [role.value for role in Role if Permission.CREATE_CASE in role.permissions]


@dataclass(frozen=True, slots=True)
class Steps:
    """What a new installation has already.

    Parameters
    ----------
    unit
        A health unit.
    clinician
        Somebody who may enter cases.
    """

    unit: bool
    clinician: bool

    @property
    def done(self) -> bool:
        """Whether cases can be entered."""
        return self.unit and self.clinician


def is_pending(installation: Installation) -> bool:
    """Return whether nobody is administrator yet."""
    with installation.reading() as session:
        return not _has_administrator(session)


def steps(installation: Installation) -> Steps:
    """Return how far the installation is set up."""
    with installation.reading() as session:
        unit = session.scalar(select(Unit.id).where(Unit.active.is_(True)).limit(1))
        clinician = session.scalar(
            select(User.id).where(User.role.in_(_CLINICAL), User.active.is_(True)).limit(1)
        )
    return Steps(unit is not None, clinician is not None)


def new_link(installation: Installation) -> str | None:
    """Return the path of a link to create the first administrator; ``None`` if there is one.

    Every earlier link stops working. It is kept nowhere but in what the caller shows.
    """
    with installation.act(Actor(None)) as act:
        if _has_administrator(act.session):
            return None
        token = links.issue(act.session, Purpose.FIRST_ADMINISTRATOR)
        act.record("first_start.link", "installation")
    return f"/first-start/{token}"


def check(installation: Installation, token: str) -> None:
    """Refuse a link that does not work.

    Raises
    ------
    NotFoundError
        If there is an administrator: then nothing is here.
    SpentLinkError
        If the link is not the latest one, or too old.
    """
    with installation.reading() as session:
        if _has_administrator(session):
            raise NotFoundError
        links.check(session, Purpose.FIRST_ADMINISTRATOR, token)


def create_administrator(
    installation: Installation,
    token: str,
    *,
    username: str,
    full_name: str,
    password: str,
    address: str,
    browser: str | None = None,
) -> str:
    """Create the first administrator and return the token of their session.

    Parameters
    ----------
    installation, token
        Where, and the link's.
    username, full_name, password
        As typed.
    address
        The network address, for the audit trail.
    browser
        Its coarse name, for the session's owner.

    Raises
    ------
    NotFoundError, SpentLinkError
        As :func:`check`.
    InvalidInputError
        Under ``username``, ``full_name`` or ``password``.
    """
    details = UserDetails(username.strip(), full_name.strip(), Role.ADMINISTRATOR)
    check(installation, token)
    passwords.check_new(password, details.username)
    password_hash = passwords.hash_of(password)  # slow: not while the database is locked
    with installation.act(Actor(None, address)) as act:
        if _has_administrator(act.session):
            raise NotFoundError
        details.check(act.session)
        links.use(act.session, Purpose.FIRST_ADMINISTRATOR, token)
        user = User(
            username=details.username,
            full_name=details.full_name,
            password_hash=password_hash,
            role=details.role.value,
            created_at=act.now,
        )
        act.session.add(user)
        act.session.flush()
        act.known_as(user.id)
        act.record("first_start.administrator", user)
        return sessions.start(act.session, user, browser)


def _has_administrator(session: Session) -> bool:
    found = session.scalar(select(User.id).where(User.role == Role.ADMINISTRATOR.value).limit(1))
    return found is not None
