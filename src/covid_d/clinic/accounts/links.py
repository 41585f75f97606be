"""Links that work once: for the first administrator, and to set one's password."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import OneTimeLink
from covid_d.clinic.errors import ClinicError
from covid_d.clinic.keys import new_token, token_hash
from covid_d.language import N_

HOURS: Final = 24
_LIFETIME: Final = timedelta(hours=HOURS)


class Purpose(StrEnum):
    """What a link is for."""

    FIRST_ADMINISTRATOR = "first_administrator"
    PASSWORD = "password"  # noqa: S105 - a name, no secret


class SpentLinkError(ClinicError):
    """The link was used, replaced by a newer one, or is too old."""

    status = 410

    def __init__(self) -> None:
        super().__init__(
            N_("This link was used already, was replaced by a newer one, or is too old."),
            N_(
                "Ask an administrator for a new one. For the first administrator: "
                "stop the server and start it again."
            ),
            code="link_spent",
        )


def issue(session: Session, purpose: Purpose, user_id: int | None = None) -> str:
    """Make a link's token; every older link of the same purpose and person stops working.

    Parameters
    ----------
    session
        A writing session.
    purpose
        What it is for.
    user_id
        Whose it is, if anybody's yet.
    """
    void(session, purpose, user_id)
    token, moment = new_token(), now()
    session.add(
        OneTimeLink(
            token_sha256=token_hash(token),
            purpose=purpose.value,
            user_id=user_id,
            created_at=moment,
            expires_at=moment + _LIFETIME,
        )
    )
    return token


def void(session: Session, purpose: Purpose, user_id: int | None = None) -> None:
    """Take back every unused link of a purpose and person."""
    session.execute(
        delete(OneTimeLink).where(
            OneTimeLink.purpose == purpose.value,
            OneTimeLink.user_id == user_id,
            OneTimeLink.used_at.is_(None),
        )
    )


def check(session: Session, purpose: Purpose, token: str) -> OneTimeLink:
    """Return a link that still works.

    Raises
    ------
    SpentLinkError
        If it does not.
    """
    found = session.scalar(
        select(OneTimeLink).where(
            OneTimeLink.token_sha256 == token_hash(token),
            OneTimeLink.purpose == purpose.value,
            OneTimeLink.used_at.is_(None),
            OneTimeLink.expires_at > now(),
        )
    )
    if found is None or found.altered:
        raise SpentLinkError
    return found


def use(session: Session, purpose: Purpose, token: str) -> OneTimeLink:
    """Return a link that still works and let it never work again.

    Raises
    ------
    SpentLinkError
        If it does not work, or somebody else used it at the same moment.
    """
    link = check(session, purpose, token)
    # In the statement, so that of two requests at once only one passes.
    taken = session.execute(
        update(OneTimeLink)
        .where(OneTimeLink.token_sha256 == link.token_sha256, OneTimeLink.used_at.is_(None))
        .values(used_at=now())
    )
    assert isinstance(taken, CursorResult)  # noqa: S101 - what an UPDATE gives
    if taken.rowcount != 1:
        raise SpentLinkError
    return link
