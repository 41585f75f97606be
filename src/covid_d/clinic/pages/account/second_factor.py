"""Pages: setting up one's own second factor, new recovery codes, switching it off."""

from __future__ import annotations

from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.accounts import second_factor
from covid_d.clinic.accounts.second_factor import Enrolment
from covid_d.clinic.errors import ClinicError
from covid_d.clinic.fields import Filled, Line, Secret
from covid_d.clinic.http.forms import sent
from covid_d.clinic.http.rate_limits import PASSWORD, rate_limits
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import COOKIE, installation
from covid_d.clinic.pages.account.routes import Owner

router = APIRouter(prefix="/account/second-factor")
_LONGEST = 40
_GROUP = 4


class _Begin(BaseModel):
    """The form that begins."""

    password: Annotated[str, Secret()] = ""


class _Confirm(BaseModel):
    """The form with the first code of the app."""

    enrolment: Annotated[str, Line(400)] = ""
    code: Annotated[str, Line(_LONGEST)] = ""


class _AppCode(BaseModel):
    """The form of new recovery codes."""

    code: Annotated[str, Line(_LONGEST)] = ""


class _Off(BaseModel):
    """The form that switches it off."""

    password: Annotated[str, Secret()] = ""
    code: Annotated[str, Line(_LONGEST)] = ""


@router.get("")
def show(request: Request, visitor: Owner) -> Response:
    """Show whether it is on, and what can be done."""
    return _page(request, visitor)


@router.post("/begin")
def begin(
    request: Request, visitor: Owner, form: Annotated[Filled[_Begin], Depends(sent(_Begin))]
) -> Response:
    """Show a new secret, as a QR code and to type."""
    _count(request, visitor)
    try:
        given = form.sound()
        enrolment = second_factor.begin(installation(request), visitor.person, given.password)
    except ClinicError as error:
        return _page(request, visitor, error)
    return _enrolment_page(request, enrolment)


@router.post("/confirm")
def confirm(
    request: Request, visitor: Owner, form: Annotated[Filled[_Confirm], Depends(sent(_Confirm))]
) -> Response:
    """Switch it on by the app's first code, and show the recovery codes, once."""
    _count(request, visitor)
    place, given = installation(request), form.sound()
    enrolment = second_factor.opened(place, visitor.person, given.enrolment)
    if enrolment is None:
        return go_to("/account/second-factor")
    try:
        codes = second_factor.confirm(
            place,
            visitor.actor,
            visitor.person,
            enrolment,
            given.code,
            keep=request.cookies[COOKIE],
        )
    except ClinicError as error:
        return _enrolment_page(request, enrolment, error)
    return _codes_page(request, codes)


@router.post("/codes")
def renew_codes(
    request: Request, visitor: Owner, form: Annotated[Filled[_AppCode], Depends(sent(_AppCode))]
) -> Response:
    """Show new recovery codes, once."""
    _count(request, visitor)
    try:
        codes = second_factor.renew_codes(
            installation(request), visitor.actor, visitor.person, form.sound().code
        )
    except ClinicError as error:
        return _page(request, visitor, error, of="codes")
    return _codes_page(request, codes)


@router.post("/off")
def switch_off(
    request: Request, visitor: Owner, form: Annotated[Filled[_Off], Depends(sent(_Off))]
) -> Response:
    """Switch it off."""
    _count(request, visitor)
    try:
        given = form.sound()
        second_factor.switch_off(
            installation(request),
            visitor.actor,
            visitor.person,
            password=given.password,
            code=given.code,
        )
    except ClinicError as error:
        return _page(request, visitor, error, of="off")
    return go_to("/account", notice="second_factor_off")


def _count(request: Request, visitor: Owner) -> None:
    # Each form apart: five tries of each, and whoever sets it up needs two forms.
    rate_limits(request).hit(PASSWORD, f"{request.url.path} {visitor.person.id}")


def _page(
    request: Request, visitor: Owner, error: ClinicError | None = None, *, of: str = "begin"
) -> Response:
    place = installation(request)
    return page(
        request,
        "pages/account/second_factor.html",
        here="/account/second-factor",
        error=error,
        of=of,
        factor=second_factor.state(place, visitor.person),
        needed=place.settings.needs_second_factor(visitor.person.role.value),
    )


def _enrolment_page(
    request: Request, enrolment: Enrolment, error: ClinicError | None = None
) -> Response:
    secret = enrolment.secret
    return page(
        request,
        "pages/account/enrolment.html",
        here="/account/second-factor",
        error=error,
        enrolment=enrolment,
        # Grouped for the eye; apps take it with the gaps.
        secret=" ".join(secret[at : at + _GROUP] for at in range(0, len(secret), _GROUP)),
        picture=segno.make(enrolment.uri, error="m", micro=False).svg_data_uri(
            scale=5, border=4, light="#fff"
        ),
    )


def _codes_page(request: Request, codes: tuple[str, ...]) -> Response:
    return page(
        request, "pages/account/recovery_codes.html", here="/account/second-factor", codes=codes
    )
