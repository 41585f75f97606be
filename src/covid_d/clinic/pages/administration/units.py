"""Pages: administration of health units."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from covid_d.clinic.accounts import first_start, units
from covid_d.clinic.accounts.units import UnitDetails
from covid_d.clinic.cases.value_sets import PROVINCES
from covid_d.clinic.errors import ClinicError
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.roles import Permission

router = APIRouter()
Manager = Annotated[Visitor, Depends(needs(Permission.MANAGE_UNITS))]


class UnitForm:
    """What the form of a unit holds, as typed."""

    def __init__(
        self,
        name: Annotated[str, Form(max_length=200)] = "",
        province: Annotated[str, Form(max_length=80)] = "",
        prevalence: Annotated[str, Form(max_length=20)] = "",
        blind_mode: Annotated[bool, Form()] = False,
        active: Annotated[bool, Form()] = False,
    ) -> None:
        self.typed: dict[str, Any] = {
            "name": name.strip(),
            "province": province,
            "prevalence": prevalence,
            "blind_mode": blind_mode,
            "active": active,
        }

    def details(self) -> UnitDetails:
        """Return what was typed as details."""
        share = units.prevalence_of(self.typed["prevalence"])
        return UnitDetails(**{**self.typed, "prevalence": share})


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
def create(request: Request, visitor: Manager, form: Annotated[UnitForm, Depends()]) -> Response:
    """Create a unit; a new installation goes on with its next step."""
    place = installation(request)
    try:
        units.create(place, visitor.actor, form.details())
    except ClinicError as error:
        return _form(request, form.typed, None, error)
    return go_to("/units" if first_start.steps(place).done else "/set-up", notice="saved")


@router.get("/units/{unit_id}")
def show_unit(request: Request, visitor: Manager, unit_id: int) -> Response:
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
def edit(
    request: Request, visitor: Manager, unit_id: int, form: Annotated[UnitForm, Depends()]
) -> Response:
    """Change a unit."""
    try:
        units.edit(installation(request), visitor.actor, unit_id, form.details())
    except ClinicError as error:
        return _form(request, form.typed, unit_id, error)
    return go_to("/units", notice="saved")


def _form(
    request: Request,
    typed: dict[str, Any],
    unit_id: int | None,
    error: ClinicError | None = None,
) -> Response:
    return page(
        request,
        "pages/administration/unit.html",
        status=error.status if error else 200,
        typed=typed,
        unit_id=unit_id,
        error=error,
        provinces=list(PROVINCES.items()),
    )
