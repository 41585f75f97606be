"""Pages: the models that can answer films here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, File, Request, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.errors import ClinicError, InvalidInputError, NotFoundError
from covid_d.clinic.fields import Filled, Line
from covid_d.clinic.http.forms import asked, sent
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.operations import bundles
from covid_d.clinic.roles import Permission
from covid_d.language import N_

router = APIRouter(prefix="/bundles")


class _Switch(BaseModel):
    """Which bundle, and that whoever switches it on has read what that changes."""

    sha256: Annotated[str, Line(64)] = ""
    confirmed: Annotated[str, Line(3)] = ""


class _Bundle(BaseModel):
    """Which bundle; none is the one that came with the program."""

    sha256: Annotated[str, Line(64)] = ""


Manager = Annotated[Visitor, Depends(needs(Permission.MANAGE_BUNDLES))]


@router.get("")
def show(request: Request, visitor: Manager) -> Response:
    """List the bundles."""
    return _list(request)


@router.post("")
def install(
    request: Request, visitor: Manager, bundle: Annotated[UploadFile | None, File()] = None
) -> Response:
    """Install an uploaded bundle."""
    content = bundle.file.read() if bundle is not None else b""
    try:
        if not content:
            raise InvalidInputError({"bundle": N_("Choose a bundle (zip file).")})
        bundles.install(installation(request), visitor.actor, content)
    except InvalidInputError as error:
        return _list(request, error)
    return go_to("/bundles", notice="bundle_installed")


@router.get("/switch")
def ask(
    request: Request, visitor: Manager, form: Annotated[Filled[_Bundle], Depends(asked(_Bundle))]
) -> Response:
    """Say what switching a bundle on changes, and ask."""
    sha256 = form.sound().sha256 or None
    found = bundles.choices(installation(request))
    wanted = next((choice for choice in found if choice.sha256 == sha256), None)
    if wanted is None or wanted.problem:
        raise NotFoundError
    before = next((choice for choice in found if choice.active), None)
    return page(request, "pages/administration/switch.html", wanted=wanted, before=before)


@router.post("/switch")
def switch(
    request: Request, visitor: Manager, form: Annotated[Filled[_Switch], Depends(sent(_Switch))]
) -> Response:
    """Switch a bundle on; without the word that it was asked for, ask first."""
    wanted = form.sound()
    if wanted.confirmed != "yes":
        return go_to(f"/bundles/switch?sha256={wanted.sha256}")
    bundles.switch(installation(request), visitor.actor, wanted.sha256 or None)
    return go_to("/bundles", notice="bundle_switched")


@router.get("/card")
def card(
    request: Request, visitor: Manager, form: Annotated[Filled[_Bundle], Depends(asked(_Bundle))]
) -> Response:
    """Show a bundle's model card."""
    found = bundles.card(installation(request), form.sound().sha256 or None)
    return page(request, "pages/administration/bundle.html", card=found)


def _list(request: Request, error: ClinicError | None = None) -> Response:
    found = bundles.choices(installation(request))
    return page(request, "pages/administration/bundles.html", choices=found, error=error)
