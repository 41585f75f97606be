"""Pages: the first administrator, and the first steps of a new installation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.accounts import first_start
from covid_d.clinic.accounts.user_details import LONGEST_NAME
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.fields import Filled, Line, Secret
from covid_d.clinic.http.forms import sent
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


class _Administrator(BaseModel):
    """The form of the first administrator."""

    username: Annotated[str, Line(LONGEST_NAME, needed=True)]
    full_name: Annotated[str, Line(LONGEST_NAME, needed=True)]
    password: Annotated[str, Secret()] = ""


@router.get("/first-start/{token}")
def show(request: Request, visitor: Anyone, token: str) -> Response:
    """Show the form; only the latest link of the console has one."""
    first_start.check(installation(request), token)
    return page(
        request,
        "pages/sign_in/first_start.html",
        typed={"username": "", "full_name": ""},
    )


@router.post("/first-start/{token}")
def create(
    request: Request,
    visitor: Anyone,
    token: str,
    form: Annotated[Filled[_Administrator], Depends(sent(_Administrator))],
) -> Response:
    """Create the first administrator and sign them in."""
    try:
        given = form.sound()
        session_token = first_start.create_administrator(
            installation(request),
            token,
            username=given.username,
            full_name=given.full_name,
            password=given.password,
            address=address_of(request),
            browser=browser_of(request),
        )
    except InvalidInputError as error:
        return page(
            request,
            "pages/sign_in/first_start.html",
            typed=form.typed,
            error=error,
        )
    return open_session(request, go_to("/set-up", notice="welcome"), session_token)


@router.get("/set-up")
def set_up(
    request: Request, visitor: Annotated[Visitor, Depends(needs(Permission.MANAGE_UNITS))]
) -> Response:
    """Lead the administrator from an empty installation to the first doctor."""
    steps = first_start.steps(installation(request))
    return page(request, "pages/sign_in/set_up.html", steps=steps)
