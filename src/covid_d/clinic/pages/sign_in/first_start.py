"""Pages: the first administrator, and the first steps of a new installation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from covid_d.clinic.accounts import first_start
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import (
    Anyone,
    Visitor,
    address_of,
    browser_of,
    installation,
    needs,
    open_session,
)
from covid_d.clinic.roles import Permission

router = APIRouter()


@router.get("/first-start/{token}")
def show(request: Request, visitor: Anyone, token: str) -> Response:
    """Show the form; only the latest link of the console has one."""
    first_start.check(installation(request), token)
    return page(
        request,
        "pages/sign_in/first_start.html",
        typed={"username": "", "full_name": ""},
        error=None,
    )


@router.post("/first-start/{token}")
def create(
    request: Request,
    visitor: Anyone,
    token: str,
    username: Annotated[str, Form(max_length=200)] = "",
    full_name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1024)] = "",
) -> Response:
    """Create the first administrator and sign them in."""
    try:
        session_token = first_start.create_administrator(
            installation(request),
            token,
            username=username,
            full_name=full_name,
            password=password,
            address=address_of(request),
            browser=browser_of(request),
        )
    except InvalidInputError as error:
        typed = {"username": username, "full_name": full_name}
        return page(
            request, "pages/sign_in/first_start.html", status=error.status, typed=typed, error=error
        )
    return open_session(request, go_to("/set-up", notice="welcome"), session_token)


@router.get("/set-up")
def set_up(
    request: Request, visitor: Annotated[Visitor, Depends(needs(Permission.MANAGE_UNITS))]
) -> Response:
    """Lead the administrator from an empty installation to the first doctor."""
    steps = first_start.steps(installation(request))
    return page(request, "pages/sign_in/set_up.html", steps=steps)
