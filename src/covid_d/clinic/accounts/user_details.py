"""What is asked of an account's details, whoever enters them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from covid_d.clinic import sentences
from covid_d.clinic.database.accounts import Unit, User
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.roles import Permission, Role
from covid_d.language import N_, Text

LONGEST_NAME: Final = 120
_USERNAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{2,79}")


@dataclass(frozen=True, slots=True)
class UserDetails:
    """What an administrator enters about a person.

    Parameters
    ----------
    username
        To sign in with; may be the e-mail address.
    full_name
        As shown on reports.
    role
        What they may do.
    unit_id
        Their health unit; needed by those who see patients.
    """

    username: str
    full_name: str
    role: Role
    unit_id: int | None = None

    def check(self, session: Session, *, but: int | None = None) -> None:
        """Refuse details that cannot be accepted.

        Parameters
        ----------
        session
            To find who else has the name.
        but
            The account that is being edited.

        Raises
        ------
        InvalidInputError
            Under ``username``, ``full_name`` or ``unit_id``.
        """
        wrong: dict[str, Text] = {}
        if not _USERNAME.fullmatch(self.username):
            wrong["username"] = N_(
                "Use 3 to 80 letters without accents, digits or . _ @ + -, and no spaces."
            )
        elif _is_taken(session, self.username, but):
            wrong["username"] = N_("Somebody else has this user name.")
        if (fault := fault_of_name(self.full_name)) is not None:
            wrong["full_name"] = fault
        if self.unit_id is None and Permission.READ_CASE in self.role.permissions:
            wrong["unit_id"] = N_("Who sees patients needs a health unit.")
        elif self.unit_id is not None and session.get(Unit, self.unit_id) is None:
            wrong["unit_id"] = sentences.NOT_OFFERED
        if wrong:
            raise InvalidInputError(wrong)


def fault_of_name(name: str) -> Text | None:
    """Return what is wrong with the name of a person or a unit; ``None`` when nothing is."""
    if not name:
        return sentences.MISSING
    if len(name) > LONGEST_NAME:
        return sentences.too_long(LONGEST_NAME)
    return None if name.isprintable() else sentences.UNREADABLE


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return what differs, as ``{name: [before, after]}``, for the audit trail."""
    return {name: [before[name], value] for name, value in after.items() if before[name] != value}


def _is_taken(session: Session, username: str, but: int | None) -> bool:
    found = session.scalar(
        select(User.id).where(func.lower(User.username) == username.lower(), User.id != (but or 0))
    )
    return found is not None
