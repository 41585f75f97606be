"""Signing in with name and password: one answer for every failure, in the same time."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts import attempts, passwords, sessions
from covid_d.clinic.accounts.attempts import LOCK
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import User
from covid_d.clinic.errors import ClinicError, TooManyError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_


class WrongPasswordError(ClinicError):
    """The name or the password is wrong; which one is not said."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            N_("The user name or the password is wrong."),
            N_("Check both; after five wrong tries the account rests for 15 minutes."),
            code="wrong_password",
        )


class RestingError(TooManyError):
    """The account rests after too many wrong tries."""

    def __init__(self) -> None:
        super().__init__(
            N_("Too many wrong tries: this account rests for 15 minutes."),
            N_("Wait, or ask an administrator to set a new password."),
            retry_after=int(LOCK.total_seconds()),
        )


def sign_in(
    installation: Installation,
    username: str,
    password: str,
    address: str,
    browser: str | None = None,
) -> str:
    """Check a name and password and return a new session's token.

    Parameters
    ----------
    installation
        Where.
    username, password
        As typed.
    address
        The network address, for the audit trail.
    browser
        Its coarse name, for the session's owner.

    Raises
    ------
    WrongPasswordError
        If they do not belong together, or the account is switched off.
    RestingError
        If the account rests after too many wrong tries.
    """
    with installation.reading() as session:
        found = _by_name(session, username)
        stored = found.password_hash if found and _may_use_password(installation, found) else None
        subject = _subject(installation, found, username)
        resting = attempts.rests(session, subject, address)
    right = passwords.matches(password, stored)  # also while resting: time must not tell
    with installation.act(Actor(None, address)) as act:
        sessions.forget_ended(act.session, installation.settings)
        user = _by_name(act.session, username)
        # Again, where one comes after the other: many at once are not more tries than one by one.
        resting = resting or attempts.rests(act.session, subject, address)
        token = None
        if right and not resting and user is not None:
            token = _let_in(act.session, user, password, browser)
        if user is not None:
            act.known_as(user.id)
        if token is not None:
            act.record("sign_in", subject)
        elif resting:
            act.record("sign_in.resting", subject)
        else:
            act.record("sign_in.failed", subject)
            if attempts.rests(act.session, subject, address) and user is not None:
                user.locked_until = now() + LOCK  # for the administrator's page
    if token is not None:
        return token
    if resting:
        raise RestingError
    raise WrongPasswordError


def _subject(installation: Installation, user: User | None, username: str) -> str:
    """Return whom a try is counted for; a name that nobody has is counted like any other."""
    if user is not None:
        return f"user:{user.id}"
    name = username.strip().lower()
    return f"name:{installation.keys.digest('user name', name)[:32]}"


def _by_name(session: Session, username: str) -> User | None:
    return session.scalar(select(User).where(func.lower(User.username) == username.strip().lower()))


def _may_use_password(installation: Installation, user: User) -> bool:
    """Return whether a name and password are enough; administrators are never locked out."""
    settings = installation.settings
    elsewhere = settings.oidc_only and settings.oidc_issuer is not None
    return user.active and (not elsewhere or user.role == Role.ADMINISTRATOR.value)


def _let_in(session: Session, user: User, password: str, browser: str | None) -> str:
    user.failed_sign_ins, user.locked_until = 0, None
    if user.password_hash and passwords.is_dated(user.password_hash):
        user.password_hash = passwords.hash_of(password)
    return sessions.start(session, user, browser)
