"""Pages: sign in and out, the language, one's own password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from covid_d.clinic.accounts import sessions, sign_in
from covid_d.clinic.errors import ClinicError
from covid_d.clinic.web.render import LANGUAGE_COOKIE, go_to, page
from covid_d.clinic.web.visitor import COOKIE, Anyone, address_of, installation

router = APIRouter()


@router.get("/sign-in")
def show_sign_in(request: Request, visitor: Anyone, next: str = "/") -> Response:
    """Show the form."""
    if visitor is not None:
        return go_to("/")
    return page(request, "sign_in.html", next=_inside(next), username="", error=None)


@router.post("/sign-in")
def take_sign_in(
    request: Request,
    visitor: Anyone,
    username: Annotated[str, Form(max_length=80)] = "",
    password: Annotated[str, Form(max_length=1024)] = "",
    next: Annotated[str, Form(max_length=300)] = "/",
) -> Response:
    """Check name and password; the session is always a new one (no fixation)."""
    place = installation(request)
    try:
        token = sign_in.sign_in(place, username, password, address_of(request))
    except ClinicError as error:
        return page(
            request,
            "sign_in.html",
            status=error.status,
            next=_inside(next),
            username=username,
            error=error,
        )
    response = go_to(_inside(next))
    response.set_cookie(
        COOKIE,
        token,
        httponly=True,
        samesite="lax",
        secure=place.settings.behind_https,
        max_age=place.settings.session_hours * 3600,
    )
    return response


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
    visitor: Anyone,
    language: Annotated[str, Form()] = "es",
    next: Annotated[str, Form(max_length=300)] = "/",
) -> Response:
    """Keep the reader's language in a cookie for a year."""
    response = go_to(_inside(next))
    chosen = "en" if language == "en" else "es"
    response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=365 * 24 * 3600, samesite="lax")
    return response


def _inside(path: str) -> str:
    """Return a path of ours: an address of another site would make a trap of our sign-in page."""
    sound = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if sound else "/"
