"""People as the rest of the clinic sees them: no password, no table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from covid_d.clinic.database.accounts import User
from covid_d.clinic.errors import ForbiddenError
from covid_d.clinic.roles import Permission, Role
from covid_d.language import N_, Language


class PasswordChangeError(ForbiddenError):
    """Nothing but one's own account may be used before the password is one's own."""

    def __init__(self) -> None:
        super().__init__(
            N_("Choose a password of your own first, on your account page."),
            code="must_change_password",
        )


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


def check_allowed(person: Person, permission: Permission) -> None:
    """Refuse what a person may not do: the one rule for pages and API.

    Raises
    ------
    PasswordChangeError
        If they must first choose a password of their own; the account page stays open to them.
    ForbiddenError
        If their role does not have ``permission``.
    """
    if permission not in person.role.permissions:
        raise ForbiddenError
    if person.must_change_password and permission is not Permission.USE_OWN_ACCOUNT:
        raise PasswordChangeError
