"""Pages: sign in and out, the language."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.accounts import sessions, sign_in
from covid_d.clinic.accounts.sign_in import HalfWay
from covid_d.clinic.errors import ClinicError
from covid_d.clinic.fields import Choice, Filled, Line, Secret
from covid_d.clinic.http.failures import headers_of
from covid_d.clinic.http.forms import sent
from covid_d.clinic.http.render import LANGUAGE_COOKIE, go_to, page
from covid_d.clinic.http.visitor import (
    COOKIE,
    Anyone,
    address_of,
    browser_of,
    installation,
    open_session,
)
from covid_d.clinic.http.way_back import inside
from covid_d.clinic.pages.sign_in import half_way
from covid_d.language import Language

router = APIRouter()


class _SignIn(BaseModel):
    """The form to sign in."""

    username: Annotated[str, Line(80)] = ""
    password: Annotated[str, Secret()] = ""
    next: str = "/"


class _Wanted(BaseModel):
    """The form of the language, on every page."""

    language: Annotated[Language, Choice()] = "es"
    next: str = "/"


@router.get("/sign-in")
def show_sign_in(request: Request, visitor: Anyone, next: str = "/") -> Response:
    """Show the form."""
    if visitor is not None:
        return go_to("/")
    return _sign_in_page(request, next, "")


@router.post("/sign-in")
def take_sign_in(
    request: Request,
    visitor: Anyone,
    form: Annotated[Filled[_SignIn], Depends(sent(_SignIn))],
) -> Response:
    """Check name and password; the session is always a new one (no fixation)."""
    try:
        given = form.sound()
        found_in = _checked(request, given.username, given.password)
    except ClinicError as error:
        return _sign_in_page(request, form.typed["next"], form.typed["username"], error)
    if isinstance(found_in, HalfWay):
        return half_way.ask(request, found_in, inside(given.next))
    return open_session(request, go_to(inside(given.next)), found_in)


@router.post("/sign-out")
def sign_out(request: Request, visitor: Anyone) -> Response:
    """End the session; the origin check keeps other sites from doing it."""
    token = request.cookies.get(COOKIE)
    if token:
        with installation(request).writing() as session:
            sessions.end(session, token)
    response = go_to("/sign-in", notice="signed_out")
    response.delete_cookie(COOKIE)
    return response


@router.post("/language")
def choose_language(
    visitor: Anyone, form: Annotated[Filled[_Wanted], Depends(sent(_Wanted))]
) -> Response:
    """Keep the reader's language in a cookie for a year."""
    wanted = form.value or _Wanted()
    response = go_to(inside(wanted.next))
    response.set_cookie(LANGUAGE_COOKIE, wanted.language, max_age=365 * 24 * 3600, samesite="lax")
    return response


def _sign_in_page(
    request: Request, next: str, username: str, error: ClinicError | None = None
) -> Response:
    wanted = inside(next)
    response = page(
        request,
        "pages/sign_in/sign_in.html",
        here=f"/sign-in?next={quote(wanted, safe='/')}" if error else None,
        next=wanted,
        username=username,
        error=error,
        openid=request.app.state.openid is not None,
    )
    response.headers.update(headers_of(error) if error else {})
    return response


def _checked(request: Request, username: str, password: str) -> str | HalfWay:
    """Return a new session's token, or who has yet to give a code."""
    return sign_in.sign_in(
        installation(request), username, password, address_of(request), browser_of(request)
    )
