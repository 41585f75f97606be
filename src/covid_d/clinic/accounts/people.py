"""People as the rest of the clinic sees them: no password, no table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from covid_d.clinic.database.accounts import User
from covid_d.clinic.errors import ForbiddenError
from covid_d.clinic.roles import Permission, Role
from covid_d.language import N_, Language

NETWORK_USERNAME: Final = "(pacs)"
"""Of the account in whose name films come from the hospital's network; no form takes such a name,
and nobody can sign in with it."""


class PasswordChangeError(ForbiddenError):
    """Nothing but one's own account may be used before the password is one's own."""

    def __init__(self) -> None:
        super().__init__(
            N_("Choose a password of your own first, on your account page."),
            code="must_change_password",
        )


class SecondFactorNeededError(ForbiddenError):
    """Nothing but one's own account may be used before the second factor is set up."""

    def __init__(self) -> None:
        super().__init__(
            N_("Your role needs a second factor: set it up first, on your account page."),
            code="second_factor_needed",
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
    lacks_second_factor
        Whether their role needs a second factor and they have none.
    """

    id: int
    username: str
    full_name: str
    role: Role
    unit_id: int | None = None
    unit_name: str | None = None
    language: Language | None = None
    must_change_password: bool = False
    lacks_second_factor: bool = False

    @classmethod
    def of(cls, user: User, *, lacks_second_factor: bool = False) -> Person:
        """Return the person of an account."""
        return cls(
            id=user.id,
            username=user.username,
            full_name=user.full_name,
            # One that nobody knows is of a row that was altered: nobody signs in with it.
            role=Role(user.role) if user.role in set(Role) else Role.RESEARCHER,
            unit_id=user.unit_id,
            unit_name=user.unit.name if user.unit else None,
            language=cast("Language | None", user.language),
            must_change_password=user.must_change_password,
            lacks_second_factor=lacks_second_factor,
        )


def check_allowed(person: Person, permission: Permission) -> None:
    """Refuse what a person may not do: the one rule for pages and API.

    Raises
    ------
    PasswordChangeError
        If they must first choose a password of their own; the account page stays open to them.
    SecondFactorNeededError
        If they must first set up a second factor; there too.
    ForbiddenError
        If their role does not have ``permission``.
    """
    if permission not in person.role.permissions:
        raise ForbiddenError
    if person.must_change_password and permission is not Permission.USE_OWN_ACCOUNT:
        raise PasswordChangeError
    if person.lacks_second_factor and permission is not Permission.USE_OWN_ACCOUNT:
        raise SecondFactorNeededError
