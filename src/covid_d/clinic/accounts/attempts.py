"""Wrong passwords: counted by name and address, so that nobody is kept out by others.

The audit trail holds every try, so every process counts the same. Names that nobody has are counted
like those that somebody has.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from covid_d.clinic.clock import now
from covid_d.clinic.database.operations import AuditEntry

TRIES: Final = 5
"""Wrong ones for a name from one address, after which it rests there."""
TRIES_EVERYWHERE: Final = 50
"""Wrong ones for a name from all addresses, after which it rests where it never signed in."""
LOCK: Final = timedelta(minutes=15)
_FAMILIAR: Final = timedelta(days=30)
_PARDONS: Final = (
    "user.unlock",
    "user.reset_password",
    "user.reset_second_factor",
    "password.set",
)


def rests(session: Session, subject: str, address: str) -> bool:
    """Return whether a name may not be tried from an address now.

    Parameters
    ----------
    session
        To read the trail in.
    subject
        Whom the trail names.
    address
        Where the try comes from.
    """
    moment = now()
    mine = AuditEntry.subject == subject
    right_here = and_(AuditEntry.action == "sign_in", AuditEntry.address == address)
    pardoned = or_(AuditEntry.action.in_(_PARDONS), right_here)
    since = session.scalar(
        select(func.max(AuditEntry.sequence)).where(mine, AuditEntry.at > moment - LOCK, pardoned)
    )
    wrong = select(func.count()).where(
        mine,
        AuditEntry.action == "sign_in.failed",
        AuditEntry.at > moment - LOCK,
        AuditEntry.sequence > (since or 0),
    )
    here = session.scalar(wrong.where(AuditEntry.address == address)) or 0
    everywhere = session.scalar(wrong) or 0
    familiar = session.scalar(
        select(func.count()).where(mine, right_here, AuditEntry.at > moment - _FAMILIAR)
    )
    return here >= TRIES or (everywhere >= TRIES_EVERYWHERE and not familiar)
