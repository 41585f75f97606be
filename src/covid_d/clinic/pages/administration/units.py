"""Pages: administration of health units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.accounts import first_start, units
from covid_d.clinic.accounts.units import HIGHEST_PREVALENCE, LOWEST_PREVALENCE, UnitDetails
from covid_d.clinic.accounts.user_details import LONGEST_NAME
from covid_d.clinic.cases.value_sets import PROVINCES
from covid_d.clinic.errors import ClinicError
from covid_d.clinic.fields import Choice, Filled, Line, Percent
from covid_d.clinic.http.forms import sent
from covid_d.clinic.http.parameters import RowId
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.roles import Permission

router = APIRouter()
Manager = Annotated[Visitor, Depends(needs(Permission.MANAGE_UNITS))]


class UnitForm(BaseModel):
    """The form of a unit."""

    name: Annotated[str, Line(LONGEST_NAME, needed=True)]
    province: Annotated[str, Choice(PROVINCES)]
    prevalence: Annotated[
        float | None, Percent(100 * LOWEST_PREVALENCE, 100 * HIGHEST_PREVALENCE)
    ] = None
    blind_mode: bool = False
    active: bool = False

    def details(self) -> UnitDetails:
        """Return the unit's details."""
        return UnitDetails(**self.model_dump())


_Sent = Annotated[Filled[UnitForm], Depends(sent(UnitForm))]


@router.get("/units")
def show_units(request: Request, visitor: Manager) -> Response:
    """Show every unit."""
    return page(
        request, "pages/administration/units.html", units=units.every(installation(request))
    )


@router.get("/units/new")
def show_new(request: Request, visitor: Manager) -> Response:
    """Show the empty form."""
    typed = {"name": "", "province": "", "prevalence": "", "blind_mode": False, "active": True}
    return _form(request, typed, None)


@router.post("/units/new")
def create(request: Request, visitor: Manager, form: _Sent) -> Response:
    """Create a unit; a new installation goes on with its next step."""
    place = installation(request)
    try:
        units.create(place, visitor.actor, form.sound().details())
    except ClinicError as error:
        return _form(request, form.typed, None, error)
    return go_to("/units" if first_start.steps(place).done else "/set-up", notice="saved")


@router.get("/units/{unit_id}")
def show_unit(request: Request, visitor: Manager, unit_id: RowId) -> Response:
    """Show a unit's form."""
    unit = units.one(installation(request), unit_id)
    typed = {
        "name": unit.name,
        "province": unit.province,
        "prevalence": "" if unit.prevalence is None else f"{100 * unit.prevalence:g}",
        "blind_mode": unit.blind_mode,
        "active": unit.active,
    }
    return _form(request, typed, unit_id)


@router.post("/units/{unit_id}")
def edit(request: Request, visitor: Manager, unit_id: RowId, form: _Sent) -> Response:
    """Change a unit."""
    try:
        units.edit(installation(request), visitor.actor, unit_id, form.sound().details())
    except ClinicError as error:
        return _form(request, form.typed, unit_id, error)
    return go_to("/units", notice="saved")


def _form(
    request: Request,
    typed: Mapping[str, object],
    unit_id: int | None,
    error: ClinicError | None = None,
) -> Response:
    return page(
        request,
        "pages/administration/unit.html",
        typed=typed,
        unit_id=unit_id,
        error=error,
        provinces=list(PROVINCES.items()),
    )
