"""Pages: the code of the second factor, after the password."""

from __future__ import annotations

import base64
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from itsdangerous import BadSignature, URLSafeTimedSerializer
from pydantic import BaseModel

from covid_d.clinic.accounts import second_factor, sign_in
from covid_d.clinic.accounts.sign_in import HalfWay, HalfWayError
from covid_d.clinic.errors import ClinicError
from covid_d.clinic.fields import Filled, Line
from covid_d.clinic.http.failures import headers_of
from covid_d.clinic.http.forms import sent
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import (
    Anyone,
    address_of,
    browser_of,
    installation,
    open_session,
)
from covid_d.clinic.http.way_back import inside
from covid_d.clinic.installation import Installation

router = APIRouter()
_COOKIE: Final = "covid_d_half_way"
_PATH: Final = "/sign-in/code"
_SECONDS: Final = 300
_LONGEST: Final = 40


class _Code(BaseModel):
    """The form of the code."""

    code: Annotated[str, Line(_LONGEST)] = ""
    recovery: bool = False


def ask(request: Request, found: HalfWay, wanted: str) -> Response:
    """Send the browser to the code's page; who is half way in goes into a signed cookie.

    Parameters
    ----------
    request
        Of the form with the right password.
    found
        Who gave it.
    wanted
        The page of ours to go to once they are in.
    """
    place = installation(request)
    response = go_to(_PATH)
    response.set_cookie(
        _COOKIE,
        _signer(place).dumps([found.user_id, found.proof, wanted]),
        max_age=_SECONDS,
        path=_PATH,
        httponly=True,
        samesite="strict",
        secure=place.settings.behind_https,
    )
    return response


@router.get("/sign-in/code")
def show(request: Request, visitor: Anyone, recovery: bool = False) -> Response:
    """Ask for the app's code, or for a recovery code."""
    try:
        _remembered(request)
    except HalfWayError:
        return go_to("/sign-in")
    return _page(request, recovery=recovery)


@router.post("/sign-in/code")
def take(
    request: Request, visitor: Anyone, form: Annotated[Filled[_Code], Depends(sent(_Code))]
) -> Response:
    """Check the code; the session is always a new one."""
    recovery = form.typed["recovery"] == "yes"
    try:
        found, wanted = _remembered(request)
        token, way = sign_in.finish(
            installation(request),
            found,
            form.sound().code,
            address_of(request),
            browser_of(request),
        )
    except ClinicError as error:
        return _page(request, error, recovery=recovery)
    notice = "recovery_used" if way == second_factor.RECOVERY else None
    response = open_session(request, go_to(inside(wanted), notice=notice), token)
    response.delete_cookie(_COOKIE, path=_PATH)
    return response


def _page(request: Request, error: ClinicError | None = None, *, recovery: bool) -> Response:
    response = page(
        request,
        "pages/sign_in/code.html",
        error=error,
        recovery=recovery,
        over=isinstance(error, HalfWayError),
    )
    response.headers.update(headers_of(error) if error else {})
    return response


def _remembered(request: Request) -> tuple[HalfWay, str]:
    try:
        remembered = _signer(installation(request)).loads(
            request.cookies.get(_COOKIE, ""), max_age=_SECONDS
        )
    except BadSignature as error:
        raise HalfWayError from error
    user_id, proof, wanted = remembered
    return HalfWay(user_id, proof), wanted


def _signer(place: Installation) -> URLSafeTimedSerializer:
    secret = base64.b64encode(place.keys.digest("half way in", "cookie").encode())
    return URLSafeTimedSerializer(secret, salt="covid-d half way")
