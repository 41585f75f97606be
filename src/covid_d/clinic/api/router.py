"""Every route of the API, under ``/api/v1``."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter

from covid_d.clinic.api import (
    assessments,
    cases,
    documentation,
    follow_ups,
    identity,
    readings,
)
from covid_d.clinic.api.answers import Problem
from covid_d.clinic.api.words import _

# What any route may answer; `Problem` also takes the place of FastAPI's own shape of a 422.
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem, "description": description}
    for status, description in {
        400: _("The request cannot be read."),
        401: _("No token, or none that works."),
        403: _("The role, or the unit's blind mode, does not allow it."),
        404: _("There is no such thing, or it is another unit's."),
        409: _("It is recorded already, was changed meanwhile, or your own reading comes first."),
        413: _("The request is too large."),
        422: _("Some fields cannot be accepted; the answer names them."),
        429: _("Too many requests; the header Retry-After says how many seconds to wait."),
        503: _("The server cannot do it now."),
    }.items()
}

router = APIRouter(
    prefix="/api/v1",
    responses=_ERRORS,
    generate_unique_id_function=lambda route: route.name,
)
for _group in (identity, cases, assessments, readings, follow_ups, documentation):
    router.include_router(_group.router)
