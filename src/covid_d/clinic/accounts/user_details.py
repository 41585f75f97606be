"""What is asked of an account's details, whoever enters them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from covid_d.clinic.database.accounts import Unit, User
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.roles import Permission, Role
from covid_d.clinic.texts import N_, Text

LONGEST_NAME: Final = 120
_USERNAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{2,79}")


@dataclass(frozen=True, slots=True)
class Details:
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
        if not 1 <= len(self.full_name) <= LONGEST_NAME or not self.full_name.isprintable():
            wrong["full_name"] = N_("Write between 1 and %(n)d characters.", n=LONGEST_NAME)
        if self.unit_id is None and Permission.READ_CASE in self.role.permissions:
            wrong["unit_id"] = N_("Who sees patients needs a health unit.")
        elif self.unit_id is not None and session.get(Unit, self.unit_id) is None:
            wrong["unit_id"] = N_("Choose one of the list.")
        if wrong:
            raise InvalidInputError(wrong)


def role_of(value: str) -> Role:
    """Return the role that a form names.

    Raises
    ------
    InvalidInputError
        Under ``role``.
    """
    try:
        return Role(value)
    except ValueError as error:
        raise InvalidInputError({"role": N_("Choose one of the list.")}) from error


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return what differs, as ``{name: [before, after]}``, for the audit trail."""
    return {name: [before[name], value] for name, value in after.items() if before[name] != value}


def _is_taken(session: Session, username: str, but: int | None) -> bool:
    found = session.scalar(
        select(User.id).where(func.lower(User.username) == username.lower(), User.id != (but or 0))
    )
    return found is not None
