"""Who is asking, and whether they may: every route says which permission it needs, or that none."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.responses import Response
from starlette.routing import BaseRoute

from covid_d.clinic.accounts import browsers, sessions, tokens
from covid_d.clinic.accounts.people import Person, check_allowed
from covid_d.clinic.errors import ForbiddenError, NotSignedInError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Permission
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_

COOKIE: Final = "covid_d_session"
CSRF_FIELD: Final = "csrf_token"
CSRF_HEADER: Final = "x-csrf-token"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_ACCESS: Final = "covid_d_access"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in person at a browser.

    Parameters
    ----------
    person
        Who it is.
    csrf_token
        What every form of theirs must carry.
    address
        The network address, for the audit trail.
    """

    person: Person
    csrf_token: str
    address: str

    @property
    def actor(self) -> Actor:
        """The visitor, as the audit trail names them."""
        return Actor(self.person.id, self.address)

    def may(self, permission: Permission) -> bool:
        """Return whether the visitor has a permission."""
        return permission in self.person.role.permissions


def installation(request: Request) -> Installation:
    """Return the installation that the application serves."""
    found: Installation = request.app.state.installation
    return found


def is_form(request: Request) -> bool:
    """Return whether a request's body is a form's."""
    return request.headers.get("content-type", "").partition(";")[0] in _FORMS


async def _sent_token(request: Request) -> str:
    if request.method in _SAFE:
        return ""
    header = request.headers.get(CSRF_HEADER)
    if header is not None:
        return header
    if is_form(request):
        value = (await request.form()).get(CSRF_FIELD, "")
        return value if isinstance(value, str) else ""
    return ""


def current_visitor(request: Request) -> Visitor | None:
    """Return who is signed in at this browser, or ``None``."""
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    found = sessions.resume(installation(request), token)
    if found is None:
        return None
    person, csrf_token = found
    return Visitor(person, csrf_token, address_of(request))


def is_known(request: Request) -> bool:
    """Return whether somebody signed in, or a program with a sound token, sends this."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return tokens.verify(installation(request), token.strip()) is not None
    return current_visitor(request) is not None


def address_of(request: Request) -> str:
    """Return the client's network address."""
    return request.client.host if request.client else ""


def browser_of(request: Request) -> str | None:
    """Return the coarse name of the client's browser, before any transaction needs it."""
    return browsers.name_of(request.headers.get("user-agent", ""))


def outside_address(request: Request, path: str) -> str:
    """Return the whole address of a page of ours, as others can open it."""
    # The host was checked against the allowed ones; a proxy's HTTPS is known from the settings.
    scheme = "https" if installation(request).settings.behind_https else request.url.scheme
    return f"{scheme}://{request.url.netloc}{path}"


def open_session(request: Request, response: Response, token: str) -> Response:
    """Give the browser the cookie of its new session."""
    settings = installation(request).settings
    response.set_cookie(
        COOKIE,
        token,
        httponly=True,
        samesite="lax",
        secure=settings.behind_https,
        max_age=settings.session_hours * 3600,
    )
    return response


def needs(permission: Permission) -> Callable[..., Visitor]:
    """Return the dependency that lets in whoever has ``permission``, with a sound form token."""

    def visitor(request: Request, sent: Annotated[str, Depends(_sent_token)]) -> Visitor:
        found = current_visitor(request)
        if found is None:
            raise NotSignedInError
        request.state.visitor = found
        if request.method not in _SAFE and not hmac.compare_digest(
            sent.encode(), found.csrf_token.encode()
        ):
            raise ForbiddenError(
                N_("The form was out of date, or did not come from this site."), code="csrf"
            )
        check_allowed(found.person, permission)
        return found

    return grants(permission, visitor)


def grants(permission: Permission, dependency: Callable[..., Visitor]) -> Callable[..., Visitor]:
    """Say of a dependency that it lets in whoever has ``permission`` and nobody else."""
    setattr(dependency, _ACCESS, permission.value)
    return dependency


def anyone(request: Request) -> Visitor | None:
    """Let everybody in; gives the visitor where one is signed in.

    Forms of such routes carry no token: they hold only what needs no session, and the origin
    check of the middleware still applies.
    """
    found = current_visitor(request)
    request.state.visitor = found
    return found


setattr(anyone, _ACCESS, "anyone")
Anyone = Annotated[Visitor | None, Depends(anyone)]


def access_of(route: BaseRoute) -> str | None:
    """Return what a route demands: a permission's value, ``"anyone"``, or ``None`` if unsaid."""
    dependant = getattr(route, "dependant", None)
    pending: list[Any] = list(dependant.dependencies) if dependant else []
    while pending:
        found = pending.pop()
        access = getattr(found.call, _ACCESS, None)
        if access is not None:
            return str(access)
        pending.extend(found.dependencies)
    return None
