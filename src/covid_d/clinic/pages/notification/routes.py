"""Page: the epidemiological notification of a unit's cases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.errors import ClinicError, InvalidInputError
from covid_d.clinic.fields import Choice, Day, Filled
from covid_d.clinic.http.forms import sent
from covid_d.clinic.http.render import page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.notification.export import Which, notify
from covid_d.clinic.notification.form import read_form
from covid_d.clinic.roles import Permission

router = APIRouter(prefix="/notification")
_Clinician = Annotated[Visitor, Depends(needs(Permission.READ_CASE))]


class _Days(BaseModel):
    """The form."""

    since: Annotated[date, Day()]
    until: Annotated[date, Day()]
    which: Annotated[Which, Choice()] = Which.EVERY


@router.get("")
def show(request: Request, visitor: _Clinician) -> Response:
    """Show the form for the last seven days."""
    today = installation(request).clock.today()
    typed = {
        "since": (today - timedelta(days=6)).isoformat(),
        "until": today.isoformat(),
        "which": Which.EVERY.value,
    }
    return _page(request, typed)


@router.post("")
def download(
    request: Request, visitor: _Clinician, form: Annotated[Filled[_Days], Depends(sent(_Days))]
) -> Response:
    """Give the file."""
    place = installation(request)
    try:
        days = form.sound()
        made = notify(place, visitor.person, visitor.actor, days.since, days.until, days.which)
    except InvalidInputError as error:
        return _page(request, form.typed, error)
    name = f"notificacion-{days.since.isoformat()}-{days.until.isoformat()}.csv"
    return Response(
        made.content,
        media_type="text/csv",
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "x-cases": str(made.cases),
            "x-cases-to-read": str(made.to_read),
        },
    )


def _page(request: Request, typed: Mapping[str, str], error: ClinicError | None = None) -> Response:
    place = installation(request)
    return page(
        request,
        "pages/notification/notification.html",
        here="/notification",
        typed=typed,
        error=error,
        choices=[(entry.value, entry.text) for entry in Which],
        columns=read_form(place.settings.notification).column,
    )
