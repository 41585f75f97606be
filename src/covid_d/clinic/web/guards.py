"""Middleware that every request passes: origin, size, headers. Pure ASGI, nothing is buffered."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from fastapi.responses import PlainTextResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# Everything comes from this server; no inline script or style anywhere.
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_YEAR: Final = 365 * 24 * 3600


class SecureHeaders:
    """Add security headers; pages with patients' data are never cached.

    Parameters
    ----------
    app
        What comes behind.
    https
        Whether the clinic is reached by HTTPS, so that browsers may insist on it.
    """

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, adding headers to the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
                if self._https:
                    headers.setdefault("strict-transport-security", f"max-age={_YEAR}")
            await send(message)

        await self.app(scope, receive, with_headers)


class SameOrigin:
    """Turn away forms and scripts of other sites (cross-site request forgery).

    Browsers say where a request comes from (``Sec-Fetch-Site``, else ``Origin``); programs with a
    token say neither. Source: Fetch Metadata Request Headers, W3C working draft.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on unless it changes something and comes from another site."""
        if scope["type"] == "http" and scope["method"] not in _SAFE and _is_foreign(scope):
            answer = PlainTextResponse("cross-site request refused", status_code=403)
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_foreign(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")
