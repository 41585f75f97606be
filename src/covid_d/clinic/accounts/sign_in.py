"""Signing in with name and password: one answer for every failure, in the same time.

Whoever has a second factor is half way in then: :func:`finish` takes the code. Wrong codes count
like wrong passwords.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts import attempts, passwords, second_factor, sessions
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


class WrongCodeError(ClinicError):
    """The code is not the app's present one, and no recovery code."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            second_factor.WRONG_CODE,
            N_("Wait for the next code; the phone's clock must be right."),
            code="wrong_code",
        )


class HalfWayError(ClinicError):
    """Nobody is half way in, or they waited too long, or their account changed meanwhile."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            N_("This sign-in took too long."),
            N_("Begin again with your password."),
            code="too_late",
        )


class RestingError(TooManyError):
    """The account rests after too many wrong tries."""

    def __init__(self) -> None:
        super().__init__(
            N_("Too many wrong tries: this account rests for 15 minutes."),
            N_("Wait, or ask an administrator to set a new password."),
            retry_after=int(LOCK.total_seconds()),
        )


@dataclass(frozen=True, slots=True)
class HalfWay:
    """Somebody whose password was right and whose code is awaited.

    Parameters
    ----------
    user_id
        Who.
    proof
        Of the account as it was; none of another password or another second factor.
    """

    user_id: int
    proof: str


def sign_in(
    installation: Installation,
    username: str,
    password: str,
    address: str,
    browser: str | None = None,
) -> str | HalfWay:
    """Check a name and password and return a new session's token, or who is half way in.

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
        token, half_way = None, None
        if right and not resting and user is not None:
            if user.password_hash and passwords.is_dated(user.password_hash):
                user.password_hash = passwords.hash_of(password)
            if user.totp_encrypted is not None:
                half_way = HalfWay(user.id, _proof(installation, user))
            else:
                token = _let_in(act.session, user, browser)
        if user is not None:
            act.known_as(user.id)
        if token is not None:
            act.record("sign_in", subject)
        elif half_way is not None:
            act.record("sign_in.password", subject)
        elif resting:
            act.record("sign_in.resting", subject)
        else:
            act.record("sign_in.failed", subject)
            if attempts.rests(act.session, subject, address) and user is not None:
                user.locked_until = now() + LOCK  # for the administrator's page
    if found_in := token or half_way:
        return found_in
    if resting:
        raise RestingError
    raise WrongPasswordError


def finish(
    installation: Installation,
    half_way: HalfWay,
    code: str,
    address: str,
    browser: str | None = None,
) -> tuple[str, str]:
    """Check a code and return a new session's token, and by what it was let in.

    Parameters
    ----------
    installation
        Where.
    half_way
        From :func:`sign_in`, kept where nobody could change it.
    code
        As typed: the app's, or a recovery code.
    address, browser
        As in :func:`sign_in`.

    Raises
    ------
    WrongCodeError
        If it is none of theirs, or was used already.
    HalfWayError
        If their account changed since.
    RestingError
        If the account rests after too many wrong tries.
    """
    with installation.act(Actor(half_way.user_id, address)) as act:
        user = act.session.get(User, half_way.user_id, with_for_update=True)
        able = user is not None and _may_use_password(installation, user)
        if user is None or not able or _proof(installation, user) != half_way.proof:
            raise HalfWayError
        token, way = None, None
        resting = attempts.rests(act.session, f"user:{user.id}", address)
        if not resting:
            way = second_factor.accept(installation.keys, user, code)
        if way is not None:
            token = _let_in(act.session, user, browser, way)
            act.record("sign_in", user, by=way)
        elif resting:
            act.record("sign_in.resting", user)
        else:
            act.record("sign_in.failed", user, by=second_factor.CODE)
            if attempts.rests(act.session, f"user:{user.id}", address):
                user.locked_until = now() + LOCK
    if token is not None and way is not None:
        return token, way
    if resting:
        raise RestingError
    raise WrongCodeError


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
    able = user.active and not user.altered
    return able and (not elsewhere or user.role == Role.ADMINISTRATOR.value)


def _let_in(session: Session, user: User, browser: str | None, way: str | None = None) -> str:
    user.failed_sign_ins, user.locked_until = 0, None
    return sessions.start(session, user, browser, way=way)


def _proof(installation: Installation, user: User) -> str:
    """Return what only this account as it is now gives; codes used meanwhile change nothing."""
    state = f"{user.id} {user.password_hash} {user.totp_since}"
    return installation.keys.digest("half way in", state)[:32]
