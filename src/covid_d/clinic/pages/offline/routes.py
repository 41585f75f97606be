"""Pages: the page that answers on the reader's own device, handed out by the clinic."""

from __future__ import annotations

from threading import Lock
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, Response

from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.roles import Permission
from covid_d.detector import Detector
from covid_d.errors import BundleError
from covid_d.offline.site import HEADERS, INDEX, Site, make_site, type_of

router = APIRouter(prefix="/offline")
_Visitor = Annotated[Visitor, Depends(needs(Permission.CREATE_CASE))]
_MAKING: Final = Lock()


@router.get("")
def show(request: Request, visitor: _Visitor) -> Response:
    """Say what the page is, or why the active model gives none."""
    site, fault = None, None
    detector = installation(request).active_detector.detector
    try:
        site = _site(request, detector)
    except BundleError as error:
        fault = error.sentences[0]
    return page(
        request,
        "pages/offline/offline.html",
        size=None if site is None else round(site.size / 1e6),
        fault=fault,
    )


@router.get("/device")
def lead_on(visitor: _Visitor) -> Response:
    """Lead to the page: its own addresses are reckoned from there."""
    return go_to("/offline/device/")


@router.get("/device/{path:path}")
def give(request: Request, visitor: _Visitor, path: str) -> Response:
    """Give a file of the page, with the page's own strict policy."""
    detector = installation(request).active_detector.detector
    try:
        site = _site(request, detector)
    except BundleError as error:  # said by the page that leads here
        raise NotFoundError from error
    address = path or INDEX
    held = site.files.get(address)
    if held is None:
        raise NotFoundError
    kind = type_of(address)
    if isinstance(held, bytes):
        return Response(held, media_type=kind, headers=dict(HEADERS))
    return FileResponse(held, media_type=kind, headers=dict(HEADERS))


def _site(request: Request, detector: Detector) -> Site:
    """Return the active model's page with the table in use, made once for each."""
    kept: tuple[Detector, Site] | None = getattr(request.app.state, "offline", None)
    with _MAKING:
        if kept is None or kept[0] is not detector:
            kept = (detector, make_site(detector.bundle, detector.ratios))
            request.app.state.offline = kept
        return kept[1]
