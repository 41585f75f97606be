"""Pages: administration of users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.accounts import units, users
from covid_d.clinic.accounts.links import HOURS
from covid_d.clinic.accounts.user_details import LONGEST_NAME, UserDetails
from covid_d.clinic.accounts.users import Account
from covid_d.clinic.errors import ClinicError
from covid_d.clinic.fields import LARGEST, Choice, Filled, Line, Whole
from covid_d.clinic.http.forms import sent
from covid_d.clinic.http.parameters import RowId
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import Visitor, installation, needs, outside_address
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Permission, Role
from covid_d.language import Text

router = APIRouter()
Manager = Annotated[Visitor, Depends(needs(Permission.MANAGE_USERS))]
_ROLES: list[tuple[str, Text]] = [(role.value, role.text) for role in Role]


class UserForm(BaseModel):
    """The form of a user."""

    username: Annotated[str, Line(LONGEST_NAME, needed=True)]
    full_name: Annotated[str, Line(LONGEST_NAME, needed=True)]
    role: Annotated[Role, Choice()]
    unit_id: Annotated[int | None, Whole(1, LARGEST)] = None

    def details(self) -> UserDetails:
        """Return the details; which unit exists is checked where they are entered."""
        return UserDetails(self.username, self.full_name, self.role, self.unit_id)


class _Switch(BaseModel):
    """The form that switches an account on or off."""

    active: bool


_Sent = Annotated[Filled[UserForm], Depends(sent(UserForm))]


@router.get("/users")
def show_users(request: Request, visitor: Manager) -> Response:
    """Show every account."""
    found = users.every(installation(request))
    return page(request, "pages/administration/users.html", accounts=found)


@router.get("/users/new")
def show_new(request: Request, visitor: Manager) -> Response:
    """Show the empty form."""
    typed = {"username": "", "full_name": "", "role": Role.DOCTOR.value, "unit_id": ""}
    return _form(request, typed, None)


@router.post("/users/new")
def create(request: Request, visitor: Manager, form: _Sent) -> Response:
    """Create an account and show, once, the link to set its password."""
    place = installation(request)
    try:
        user_id, path = users.create(place, visitor.actor, form.sound().details())
    except ClinicError as error:
        return _form(request, form.typed, None, error)
    return _link(request, users.one(place, user_id), path)


@router.get("/users/{user_id}")
def show_user(request: Request, visitor: Manager, user_id: RowId) -> Response:
    """Show an account's form and what else can be done with it."""
    account = users.one(installation(request), user_id)
    person = account.person
    typed = {
        "username": person.username,
        "full_name": person.full_name,
        "role": person.role.value,
        "unit_id": str(person.unit_id or ""),
    }
    return _form(request, typed, account)


@router.post("/users/{user_id}")
def edit(request: Request, visitor: Manager, user_id: RowId, form: _Sent) -> Response:
    """Change an account's details."""
    place = installation(request)
    account = users.one(place, user_id)
    try:
        users.edit(place, visitor.actor, user_id, form.sound().details())
    except ClinicError as error:
        return _form(request, form.typed, account, error)
    return go_to("/users", notice="saved")


@router.post("/users/{user_id}/active")
def switch(
    request: Request,
    visitor: Manager,
    user_id: RowId,
    form: Annotated[Filled[_Switch], Depends(sent(_Switch))],
) -> Response:
    """Switch an account on or off."""
    active = form.sound().active
    users.set_active(installation(request), visitor.actor, user_id, active)
    return go_to(f"/users/{user_id}", notice="user_on" if active else "user_off")


@router.post("/users/{user_id}/password")
def reset_password(request: Request, visitor: Manager, user_id: RowId) -> Response:
    """Take the password away and show, once, the link to set a new one."""
    place = installation(request)
    path = users.reset_password(place, visitor.actor, user_id)
    return _link(request, users.one(place, user_id), path)


@router.post("/users/{user_id}/unlock")
def unlock(request: Request, visitor: Manager, user_id: RowId) -> Response:
    """Let somebody try again who gave too many wrong passwords."""
    users.unlock(installation(request), visitor.actor, user_id)
    return go_to(f"/users/{user_id}", notice="user_unlocked")


@router.post("/users/{user_id}/second-factor")
def reset_second_factor(request: Request, visitor: Manager, user_id: RowId) -> Response:
    """Take the second factor off the account of somebody who lost the phone."""
    users.reset_second_factor(installation(request), visitor.actor, user_id)
    return go_to(f"/users/{user_id}", notice="user_second_factor_off")


def _form(
    request: Request,
    typed: Mapping[str, str],
    account: Account | None,
    error: ClinicError | None = None,
) -> Response:
    return page(
        request,
        "pages/administration/user.html",
        typed=typed,
        account=account,
        error=error,
        roles=_ROLES,
        units=_unit_options(installation(request), typed["unit_id"]),
    )


def _unit_options(place: Installation, chosen: str) -> list[tuple[Any, str]]:
    """Return the active units, and the one that is chosen already."""
    found = units.every(place)
    return [(unit.id, unit.name) for unit in found if unit.active or str(unit.id) == chosen]


def _link(request: Request, account: Account, path: str) -> Response:
    return page(
        request,
        "pages/administration/link.html",
        account=account,
        link=outside_address(request, path),
        hours=HOURS,
    )
