"""For machines that watch the clinic: alive, ready, figures."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.http.proxies import came_through_a_proxy
from covid_d.clinic.http.visitor import Anyone, address_of, installation
from covid_d.clinic.operations.health import checks

router = APIRouter()


@router.get("/healthz")
def alive(visitor: Anyone) -> PlainTextResponse:
    """Say that the process answers."""
    return PlainTextResponse("ok")


@router.get("/readyz")
def ready(request: Request, visitor: Anyone) -> JSONResponse:
    """Say whether every part works; 503 names those that do not."""
    found = checks(installation(request))
    return JSONResponse(found, status_code=200 if all(found.values()) else 503)


@router.get("/metrics")
def metrics(request: Request, visitor: Anyone) -> Response:
    """Give Prometheus its figures: to this machine, or to whoever has ``COVID_D_METRICS_TOKEN``."""
    if not _may_see(request):
        raise NotFoundError
    return Response(
        request.app.state.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8"
    )


def _may_see(request: Request) -> bool:
    settings = installation(request).settings
    token = settings.metrics_token
    if token is not None:
        sent = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(sent.encode(), token.get_secret_value().encode())
    # Through a proxy on this machine, everybody comes from this machine.
    if settings.behind_https or came_through_a_proxy(request.headers):
        return False
    try:
        return ip_address(address_of(request)).is_loopback
    except ValueError:
        return False
