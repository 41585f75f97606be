"""Pages: the start page, which leads everybody to their work."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from covid_d.clinic.accounts import first_start
from covid_d.clinic.http.navigation import entries_for
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import Anyone, installation
from covid_d.clinic.roles import Permission

router = APIRouter()


@router.get("/")
def home(request: Request, visitor: Anyone) -> Response:
    """Go to the sign-in page, or to the first page of the visitor's menu.

    A new installation says how to get the first administrator, and leads them on.
    """
    place = installation(request)
    if visitor is None:
        if first_start.is_pending(place):
            return page(request, "pages/home/nobody_yet.html")
        return go_to("/sign-in")
    if visitor.may(Permission.MANAGE_UNITS) and not first_start.steps(place).done:
        return go_to("/set-up")
    paths = [entry.path for entry in entries_for(visitor)]
    return go_to("/cases" if "/cases" in paths else paths[0])
