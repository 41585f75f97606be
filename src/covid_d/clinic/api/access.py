"""Who a program acts for, by its bearer token; the same permissions as on the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from covid_d.clinic.accounts import tokens
from covid_d.clinic.accounts.people import check_allowed
from covid_d.clinic.errors import ClinicError, NotSignedInError
from covid_d.clinic.http.visitor import Visitor, address_of, grants, installation
from covid_d.clinic.roles import Permission
from covid_d.language import N_

# `auto_error` would answer in FastAPI's own error shape.
_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="An API token, made on the page of one's own account.",
)


class TokenError(NotSignedInError):
    """The request brings no token, or one that does not work (any more)."""

    def __init__(self) -> None:
        ClinicError.__init__(
            self,
            N_("The request brings no API token that works."),
            N_("Send the header Authorization: Bearer with a token made on your account's page."),
            code="token_required",
        )


def caller(permission: Permission) -> Callable[..., Visitor]:
    """Return the dependency that lets in programs of whoever has ``permission``.

    A browser's session does not count here, so a page of another site cannot use it.
    """

    def visitor(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Visitor:
        person = (
            tokens.verify(installation(request), credentials.credentials) if credentials else None
        )
        if person is None:
            raise TokenError
        check_allowed(person, Permission.USE_API)
        check_allowed(person, permission)
        return Visitor(person, csrf_token="", address=address_of(request))

    return grants(permission, visitor)


Caller = Annotated[Visitor, Depends(caller(Permission.USE_API))]
Reader = Annotated[Visitor, Depends(caller(Permission.READ_CASE))]
Creator = Annotated[Visitor, Depends(caller(Permission.CREATE_CASE))]
Author = Annotated[Visitor, Depends(caller(Permission.ADD_FOLLOW_UP))]
