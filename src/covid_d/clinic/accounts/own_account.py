"""One's own account: the password, the language, the sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from covid_d.clinic.accounts import links, passwords, sessions, tokens
from covid_d.clinic.accounts.links import Purpose, SpentLinkError
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.accounts import SignInSession, User
from covid_d.clinic.errors import InvalidInputError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import token_hash
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_, Language


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser that is signed in.

    Parameters
    ----------
    id
        To end it by; not its token.
    browser
        Its name and system, coarsely; ``None`` when not known.
    started_at, last_seen_at
        When it began, and its last request (to the minute).
    current
        Whether it is the one that asks.
    """

    id: str
    browser: str | None
    started_at: datetime
    last_seen_at: datetime
    current: bool


def person_of_link(installation: Installation, token: str) -> Person:
    """Return whose password a link sets.

    Raises
    ------
    SpentLinkError
        If the link does not work.
    """
    with installation.reading() as session:
        link = links.check(session, Purpose.PASSWORD, token)
        user = session.get(User, link.user_id) if link.user_id else None
        if user is None or user.altered or not user.active:
            raise SpentLinkError
        return Person.of(user)


def set_password(installation: Installation, token: str, password: str, address: str) -> None:
    """Set the password of a link's owner; the link never works again; sessions and tokens end.

    Raises
    ------
    SpentLinkError
        If the link does not work.
    InvalidInputError
        Under ``password``.
    """
    person = person_of_link(installation, token)
    passwords.check_new(password, person.username)
    password_hash = passwords.hash_of(password)  # slow: not while the database is locked
    with installation.act(Actor(person.id, address)) as act:
        links.use(act.session, Purpose.PASSWORD, token)
        user = act.session.get_one(User, person.id)
        user.password_hash, user.must_change_password = password_hash, False
        user.failed_sign_ins, user.locked_until = 0, None
        sessions.end_all(act.session, user.id)
        tokens.end_all(act.session, user.id, act.now)
        act.record("password.set", user)


def change_password(
    installation: Installation, actor: Actor, person: Person, *, old: str, new: str, keep: str
) -> None:
    """Change one's own password; every other session ends, and every API token.

    Parameters
    ----------
    installation, actor, person
        Where and who.
    old, new
        The passwords.
    keep
        The token of the session that goes on.

    Raises
    ------
    InvalidInputError
        Under ``old_password`` or ``new_password``.
    """
    with installation.reading() as session:
        stored = session.get_one(User, person.id).password_hash
    if not passwords.matches(old, stored):
        raise InvalidInputError({"old_password": N_("This is not your present password.")})
    if new == old:
        raise InvalidInputError({"new_password": N_("Choose another one than the present.")})
    passwords.check_new(new, person.username, field="new_password")
    password_hash = passwords.hash_of(new)
    with installation.act(actor) as act:
        user = act.session.get_one(User, person.id)
        user.password_hash, user.must_change_password = password_hash, False
        sessions.end_all(act.session, user.id, but=keep)
        tokens.end_all(act.session, user.id, act.now)
        links.void(act.session, Purpose.PASSWORD, user.id)
        act.record("password.change", user)


def choose_language(installation: Installation, person: Person, language: Language) -> None:
    """Keep a person's language with the account."""
    with installation.writing() as session:
        session.get_one(User, person.id).language = language


def open_sessions(
    installation: Installation, person: Person, current: str
) -> Sequence[OpenSession]:
    """Return a person's running sessions, the latest used first.

    Parameters
    ----------
    installation, person
        Where and whose.
    current
        The token of the session that asks.
    """
    with installation.reading() as session:
        found = session.scalars(
            select(SignInSession)
            .where(SignInSession.user_id == person.id, sessions.is_running(installation.settings))
            .order_by(SignInSession.last_seen_at.desc())
        )
        here = token_hash(current)
        return [
            OpenSession(
                row.token_sha256,
                row.browser,
                row.created_at,
                row.last_seen_at,
                row.token_sha256 == here,
            )
            for row in found
        ]


def end_session(installation: Installation, actor: Actor, person: Person, session_id: str) -> None:
    """End one of a person's own sessions.

    Raises
    ------
    NotFoundError
        If it is not theirs.
    """
    with installation.act(actor) as act:
        row = act.session.get(SignInSession, session_id)
        if row is None or row.user_id != person.id:
            raise NotFoundError
        act.session.execute(delete(SignInSession).where(SignInSession.token_sha256 == session_id))
        act.record("session.end", f"user:{person.id}")
