"""Pages: sign in and out, the language."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.accounts import sessions, sign_in
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
from covid_d.language import Language

router = APIRouter()
_LONGEST = 4000  # of an address: a search with every filter, its words percent-encoded


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
        token = _checked(request, given.username, given.password)
    except ClinicError as error:
        return _sign_in_page(request, form.typed["next"], form.typed["username"], error)
    return open_session(request, go_to(_inside(given.next)), token)


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
    response = go_to(_inside(wanted.next))
    response.set_cookie(LANGUAGE_COOKIE, wanted.language, max_age=365 * 24 * 3600, samesite="lax")
    return response


def _sign_in_page(
    request: Request, next: str, username: str, error: ClinicError | None = None
) -> Response:
    wanted = _inside(next)
    response = page(
        request,
        "pages/sign_in/sign_in.html",
        status=error.status if error else 200,
        here=f"/sign-in?next={quote(wanted, safe='/')}" if error else None,
        next=wanted,
        username=username,
        error=error,
        openid=request.app.state.openid is not None,
    )
    response.headers.update(headers_of(error) if error else {})
    return response


def _checked(request: Request, username: str, password: str) -> str:
    """Return a new session's token."""
    return sign_in.sign_in(
        installation(request), username, password, address_of(request), browser_of(request)
    )


def _inside(path: str) -> str:
    """Return a path of ours: an address of another site would make a trap of our sign-in page."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if ours and path.isprintable() and len(path) <= _LONGEST else "/"
