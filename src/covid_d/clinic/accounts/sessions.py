"""Sessions: a random token in the browser's cookie, its hash in the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, not_, select, update
from sqlalchemy.orm import Session, joinedload

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import SignInSession, User
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import new_token, token_hash
from covid_d.clinic.settings import ClinicSettings

OPENID: Final = "openid"
"""The way of those whom an identity provider sent."""
# How often a session's last use is written: once a request would write on every page.
_TOUCH: Final = timedelta(minutes=1)


def start(
    session: Session, user: User, browser: str | None = None, *, way: str | None = None
) -> str:
    """Start a session and return its token for the cookie; an older cookie is never taken over.

    Parameters
    ----------
    session
        A writing database session.
    user
        Who signed in.
    browser
        Its coarse name, for its owner: see :func:`~covid_d.clinic.accounts.browsers.name_of`.
    way
        How they came in; ``None`` by the password alone.
    """
    token = new_token()
    moment = now()
    session.add(
        SignInSession(
            token_sha256=token_hash(token),
            user_id=user.id,
            csrf_token=new_token(),
            created_at=moment,
            last_seen_at=moment,
            browser=browser,
            way=way,
        )
    )
    return token


def resume(installation: Installation, token: str) -> tuple[Person, str] | None:
    """Return the person and the form token of a running session, or ``None``.

    A session ends after ``idle_minutes`` without a request, after ``session_hours`` in any case,
    and at once when its person is switched off, or either was changed in the database.
    """
    moment = now()
    with installation.reading() as session:
        found = session.scalar(
            select(SignInSession)
            .options(joinedload(SignInSession.user).joinedload(User.unit))
            .where(
                SignInSession.token_sha256 == token_hash(token), is_running(installation.settings)
            )
        )
        if found is None or found.altered or found.user.altered or not found.user.active:
            return None
        # Who came from an identity provider was asked there for whatever it asks for.
        lacks = found.way != OPENID and lacks_second_factor(installation.settings, found.user)
        person = Person.of(found.user, lacks_second_factor=lacks)
        csrf_token = found.csrf_token
    if moment - found.last_seen_at > _TOUCH:
        with installation.writing() as session:
            session.execute(
                update(SignInSession)
                .where(SignInSession.token_sha256 == found.token_sha256)
                .values(last_seen_at=moment)
            )
    return person, csrf_token


def lacks_second_factor(settings: ClinicSettings, user: User) -> bool:
    """Return whether a person's role needs a second factor and the person has none."""
    return user.totp_encrypted is None and settings.needs_second_factor(user.role)


def is_running(settings: ClinicSettings) -> ColumnElement[bool]:
    """Return the condition that a session is neither idle for too long nor too old."""
    moment = now()
    return and_(
        SignInSession.last_seen_at >= moment - timedelta(minutes=settings.idle_minutes),
        SignInSession.created_at >= moment - timedelta(hours=settings.session_hours),
    )


def forget_ended(session: Session, settings: ClinicSettings) -> None:
    """Remove sessions that ended by themselves."""
    session.execute(delete(SignInSession).where(not_(is_running(settings))))


def end(session: Session, token: str) -> None:
    """End the session of a cookie."""
    session.execute(delete(SignInSession).where(SignInSession.token_sha256 == token_hash(token)))


def end_all(session: Session, user_id: int, *, but: str | None = None) -> None:
    """End a person's sessions, except the one with the token ``but``."""
    condition = SignInSession.user_id == user_id
    if but is not None:
        condition &= SignInSession.token_sha256 != token_hash(but)
    session.execute(delete(SignInSession).where(condition))
