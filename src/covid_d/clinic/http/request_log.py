"""See what the server does: a line and a figure for every request, none with patients' data."""

from __future__ import annotations

import logging
import time
import uuid

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from covid_d.clinic.operations.metrics import Metrics

_log = logging.getLogger("covid_d.clinic.requests")


class RequestLog:
    """Log and count requests, by the route's pattern; the query is never written down.

    Parameters
    ----------
    app
        What comes behind.
    metrics
        Where requests are counted.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; the answer carries an id that the log line has too."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        name, status, start = uuid.uuid4().hex, 500, time.perf_counter()
        scope.setdefault("state", {})["request_id"] = name  # an error's page shows it

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", name.encode())]
            await send(message)

        self._metrics.running.inc()
        try:
            await self.app(scope, receive, noting)
        finally:
            self._metrics.running.dec()
            self._note(scope, name, status, time.perf_counter() - start)

    def _note(self, scope: Scope, name: str, status: int, seconds: float) -> None:
        route = _route_of(scope)
        self._metrics.requests.labels(scope["method"], route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        visitor = scope.get("state", {}).get("visitor")
        _log.info(
            "request",
            extra={
                "request_id": name,
                "method": scope["method"],
                "route": route,
                "status": status,
                "milliseconds": round(1000 * seconds, 1),
                "user_id": visitor.person.id if visitor else None,
            },
        )


def _route_of(scope: Scope) -> str:
    """Return the pattern (``/cases/{id}``), never the address: an unknown one may hold anything."""
    found = getattr(scope.get("route"), "path", None)
    if found is not None:
        return str(found)
    return "/static" if scope["path"].startswith("/static/") else "unknown"
