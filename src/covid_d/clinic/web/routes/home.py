"""Pages: the start page, which leads everybody to their work."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from covid_d.clinic.web.navigation import entries_for
from covid_d.clinic.web.render import go_to
from covid_d.clinic.web.visitor import Anyone

router = APIRouter()


@router.get("/")
def home(request: Request, visitor: Anyone) -> Response:
    """Go to the sign-in page, or to the first page of the visitor's menu."""
    if visitor is None:
        return go_to("/sign-in")
    paths = [entry.path for entry in entries_for(visitor)]
    return go_to("/cases" if "/cases" in paths else paths[0])
