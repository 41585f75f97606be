"""Pages: administration of users."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from covid_d.clinic.accounts import units, users
from covid_d.clinic.accounts.links import HOURS
from covid_d.clinic.accounts.user_details import Details, role_of
from covid_d.clinic.accounts.users import Account
from covid_d.clinic.errors import ClinicError
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import Visitor, installation, needs, outside_address
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Permission, Role
from covid_d.clinic.texts import Text

router = APIRouter()
Manager = Annotated[Visitor, Depends(needs(Permission.MANAGE_USERS))]
_ROLES: list[tuple[str, Text]] = [(role.value, role.text) for role in Role]


class UserForm:
    """What the form of a user holds, as typed."""

    def __init__(
        self,
        username: Annotated[str, Form(max_length=200)] = "",
        full_name: Annotated[str, Form(max_length=200)] = "",
        role: Annotated[str, Form(max_length=20)] = "",
        unit_id: Annotated[str, Form(max_length=12)] = "",
    ) -> None:
        self.typed = {
            "username": username.strip(),
            "full_name": full_name.strip(),
            "role": role,
            "unit_id": unit_id,
        }

    def details(self) -> Details:
        """Return what was typed as details; which unit exists is checked later."""
        unit = self.typed["unit_id"]
        return Details(
            self.typed["username"],
            self.typed["full_name"],
            role_of(self.typed["role"]),
            int(unit) if unit.isdecimal() else None,
        )


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
def create(request: Request, visitor: Manager, form: Annotated[UserForm, Depends()]) -> Response:
    """Create an account and show, once, the link to set its password."""
    place = installation(request)
    try:
        user_id, path = users.create(place, visitor.actor, form.details())
    except ClinicError as error:
        return _form(request, form.typed, None, error)
    return _link(request, users.one(place, user_id), path)


@router.get("/users/{user_id}")
def show_user(request: Request, visitor: Manager, user_id: int) -> Response:
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
def edit(
    request: Request, visitor: Manager, user_id: int, form: Annotated[UserForm, Depends()]
) -> Response:
    """Change an account's details."""
    place = installation(request)
    account = users.one(place, user_id)
    try:
        users.edit(place, visitor.actor, user_id, form.details())
    except ClinicError as error:
        return _form(request, form.typed, account, error)
    return go_to("/users", notice="saved")


@router.post("/users/{user_id}/active")
def switch(
    request: Request, visitor: Manager, user_id: int, active: Annotated[bool, Form()]
) -> Response:
    """Switch an account on or off."""
    users.set_active(installation(request), visitor.actor, user_id, active)
    return go_to(f"/users/{user_id}", notice="user_on" if active else "user_off")


@router.post("/users/{user_id}/password")
def reset_password(request: Request, visitor: Manager, user_id: int) -> Response:
    """Take the password away and show, once, the link to set a new one."""
    place = installation(request)
    path = users.reset_password(place, visitor.actor, user_id)
    return _link(request, users.one(place, user_id), path)


@router.post("/users/{user_id}/unlock")
def unlock(request: Request, visitor: Manager, user_id: int) -> Response:
    """Let somebody try again who gave too many wrong passwords."""
    users.unlock(installation(request), visitor.actor, user_id)
    return go_to(f"/users/{user_id}", notice="user_unlocked")


def _form(
    request: Request,
    typed: dict[str, str],
    account: Account | None,
    error: ClinicError | None = None,
) -> Response:
    return page(
        request,
        "pages/administration/user.html",
        status=error.status if error else 200,
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
