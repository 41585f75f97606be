"""Pages: one's own account, and setting a password through a link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.accounts import own_account, second_factor, tokens
from covid_d.clinic.errors import ClinicError, InvalidInputError
from covid_d.clinic.fields import Choice, Filled, Line, Secret, Whole
from covid_d.clinic.http.forms import sent
from covid_d.clinic.http.parameters import RowId
from covid_d.clinic.http.rate_limits import PASSWORD, rate_limits
from covid_d.clinic.http.render import LANGUAGE_COOKIE, go_to, page
from covid_d.clinic.http.visitor import COOKIE, Anyone, Visitor, address_of, installation, needs
from covid_d.clinic.roles import Permission
from covid_d.language import Language

router = APIRouter()
Owner = Annotated[Visitor, Depends(needs(Permission.USE_OWN_ACCOUNT))]
ApiUser = Annotated[Visitor, Depends(needs(Permission.USE_API))]
_YEAR = 365 * 24 * 3600
_NEW_TOKEN: Final = {"name": "", "days": "90"}


class _Passwords(BaseModel):
    """The form to change the password."""

    old_password: Annotated[str, Secret()] = ""
    new_password: Annotated[str, Secret()] = ""


class _ChosenLanguage(BaseModel):
    """The form of the language."""

    language: Annotated[Language, Choice()]


class _ChosenSession(BaseModel):
    """The form that ends one of one's own sessions."""

    session_id: Annotated[str, Line(64, needed=True)]


class _NewToken(BaseModel):
    """The form of a new API token."""

    name: Annotated[str, Line(tokens.LONGEST_NAME, needed=True)]
    days: Annotated[int, Whole(1, tokens.LONGEST_DAYS)]


class _NewPassword(BaseModel):
    """The form of a link to set a password."""

    password: Annotated[str, Secret()] = ""


@router.get("/account")
def show(request: Request, visitor: Owner) -> Response:
    """Show one's own account."""
    return _account(request, visitor)


@router.post("/account/password")
def change_password(
    request: Request,
    visitor: Owner,
    form: Annotated[Filled[_Passwords], Depends(sent(_Passwords))],
) -> Response:
    """Change the password; other sessions end."""
    rate_limits(request).hit(PASSWORD, str(visitor.person.id))
    try:
        given = form.sound()
        own_account.change_password(
            installation(request),
            visitor.actor,
            visitor.person,
            old=given.old_password,
            new=given.new_password,
            keep=request.cookies[COOKIE],
        )
    except InvalidInputError as error:
        return _account(request, visitor, error)
    return go_to("/account", notice="password_changed")


@router.post("/account/language")
def choose_language(
    request: Request,
    visitor: Owner,
    form: Annotated[Filled[_ChosenLanguage], Depends(sent(_ChosenLanguage))],
) -> Response:
    """Keep the language with the account, and in this browser."""
    language = form.sound().language
    own_account.choose_language(installation(request), visitor.person, language)
    response = go_to("/account", notice="saved")
    response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR, samesite="lax")
    return response


@router.post("/account/sessions/end")
def end_session(
    request: Request,
    visitor: Owner,
    form: Annotated[Filled[_ChosenSession], Depends(sent(_ChosenSession))],
) -> Response:
    """End one of one's own sessions."""
    chosen = form.sound().session_id
    own_account.end_session(installation(request), visitor.actor, visitor.person, chosen)
    return go_to("/account", notice="session_ended_there")


@router.post("/account/tokens")
def create_token(
    request: Request,
    visitor: ApiUser,
    form: Annotated[Filled[_NewToken], Depends(sent(_NewToken))],
) -> Response:
    """Create an API token and show it, once."""
    try:
        new = form.sound()
        token = tokens.create(
            installation(request), visitor.person, new.name, new.days, address=visitor.address
        )
    except InvalidInputError as error:
        return _account(request, visitor, error, form.typed)
    return page(request, "pages/account/token.html", name=new.name, token=token)


@router.post("/account/tokens/{token_id}/revoke")
def revoke_token(request: Request, visitor: ApiUser, token_id: RowId) -> Response:
    """Stop an API token at once."""
    tokens.revoke(installation(request), visitor.person, token_id, address=visitor.address)
    return go_to("/account", notice="token_revoked")


@router.get("/password/{token}")
def show_set_password(request: Request, visitor: Anyone, token: str) -> Response:
    """Show the form of a link that an administrator passed on."""
    person = own_account.person_of_link(installation(request), token)
    return page(request, "pages/account/password.html", person=person)


@router.post("/password/{token}")
def set_password(
    request: Request,
    visitor: Anyone,
    token: str,
    form: Annotated[Filled[_NewPassword], Depends(sent(_NewPassword))],
) -> Response:
    """Set the password; then its owner signs in with it."""
    place = installation(request)
    try:
        own_account.set_password(place, token, form.sound().password, address_of(request))
    except InvalidInputError as error:
        person = own_account.person_of_link(place, token)
        return page(request, "pages/account/password.html", person=person, error=error)
    return go_to("/sign-in", notice="password_set")


def _account(
    request: Request,
    visitor: Visitor,
    error: ClinicError | None = None,
    typed: Mapping[str, str] = _NEW_TOKEN,
) -> Response:
    place, person = installation(request), visitor.person
    may_use_api = visitor.may(Permission.USE_API)
    return page(
        request,
        "pages/account/account.html",
        error=error,
        typed=typed,
        factor=second_factor.state(place, person),
        sessions=own_account.open_sessions(place, person, request.cookies[COOKIE]),
        tokens=tokens.of_person(place, person) if may_use_api else [],
        may_use_api=may_use_api,
        longest_days=tokens.LONGEST_DAYS,
    )
