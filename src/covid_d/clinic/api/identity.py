"""API: whom a token acts for, and which bundle answers."""

from __future__ import annotations

from fastapi import APIRouter, Request

from covid_d.clinic.api.access import Caller
from covid_d.clinic.api.answers import ActiveBundle, TokenHolder
from covid_d.clinic.api.words import _
from covid_d.clinic.http.visitor import installation

router = APIRouter(tags=["about"])


@router.get(
    "/me",
    summary=_("Who am I"),
    description=_("Whom the token acts for, and what they may do."),
)
def get_me(caller: Caller) -> TokenHolder:
    """Return whom the token acts for, and what they may do."""
    return TokenHolder.of(caller.person)


@router.get(
    "/bundle",
    summary=_("Which model answers"),
    description=_("The active bundle and its verdict."),
)
def get_bundle(request: Request, caller: Caller) -> ActiveBundle:
    """Return the active bundle and its verdict."""
    return ActiveBundle.of(installation(request).active_detector.detector.bundle)
