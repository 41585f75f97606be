"""People as the rest of the clinic sees them: no password, no table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from covid_d.clinic.database.accounts import User
from covid_d.clinic.roles import Role
from covid_d.language import Language


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account.

    Parameters
    ----------
    id, username, full_name
        Who it is.
    role
        What they may do.
    unit_id, unit_name
        Their health unit, if any.
    language
        Their own, if they chose one.
    must_change_password
        Whether the password was set by somebody else.
    """

    id: int
    username: str
    full_name: str
    role: Role
    unit_id: int | None = None
    unit_name: str | None = None
    language: Language | None = None
    must_change_password: bool = False

    @classmethod
    def of(cls, user: User) -> Person:
        """Return the person of an account."""
        return cls(
            id=user.id,
            username=user.username,
            full_name=user.full_name,
            role=Role(user.role),
            unit_id=user.unit_id,
            unit_name=user.unit.name if user.unit else None,
            language=cast("Language | None", user.language),
            must_change_password=user.must_change_password,
        )
