"""Middleware that every request passes: origin, size, headers. Pure ASGI, nothing is buffered."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from covid_d.clinic.errors import (
    ClinicError,
    ForbiddenError,
    NotSignedInError,
    TooLargeError,
    UnknownHostError,
)
from covid_d.clinic.http import failures
from covid_d.clinic.http.visitor import is_known
from covid_d.language import N_

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
# Room for every form without a file: strangers need no more to sign in.
_FORM: Final = 64 * 1024
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


class LastResort:
    """Answer a fault of ours with a page of ours, inside the guards that add its headers.

    The fault is raised on: a test sees it, and the web server closes the connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer it when that failed before an answer had begun."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except Exception as error:
            response = await run_in_threadpool(failures.unexpected, Request(scope), error)
            if not begun:
                # Said, or a browser sends its next request into a connection that is closing.
                response.headers["connection"] = "close"
                await response(scope, receive, send)
            raise


class KnownHost:
    """Turn away requests under a name that is not the clinic's (DNS rebinding), in our own words.

    Starlette's guard decides; only its plain answer is not ours.

    Parameters
    ----------
    app
        What comes behind.
    names
        The names that are answered.
    """

    def __init__(self, app: ASGIApp, names: list[str]) -> None:
        self.app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if its ``Host`` is one of ours."""
        ours = False

        async def known(scope: Scope, receive: Receive, _: Send) -> None:
            nonlocal ours
            ours = True
            await self.app(scope, receive, send)

        async def nowhere(_: Message) -> None:
            """Take Starlette's own answer."""

        guard = TrustedHostMiddleware(known, allowed_hosts=self._names, www_redirect=False)
        await guard(scope, receive, nowhere)
        if not ours:
            await failures.answer(Request(scope), UnknownHostError())(scope, receive, send)


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
            error = ForbiddenError(N_("The request came from another site."), code="cross_site")
            await failures.answer(Request(scope), error)(scope, receive, send)
            return
        await self.app(scope, receive, send)


class BodySize:
    """Turn away bodies that are too large, and large ones of strangers, before they are read.

    Starlette's own limit, behind this one, counts bodies without a stated length while they are
    read; for a stated length its answer would not be one of ours.

    Parameters
    ----------
    app
        What comes behind.
    most
        Largest body in bytes.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on unless its body is too large for who sends it."""
        if scope["type"] != "http" or scope["method"] in _SAFE:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        length = _length(request)
        error: ClinicError | None = None
        if length is not None and length > self._most:
            error = TooLargeError()
        elif (length is None or length > _FORM) and not await run_in_threadpool(is_known, request):
            error = NotSignedInError()
        if error is not None:
            await failures.answer(request, error)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _length(request: Request) -> int | None:
    """Return a body's stated length; ``None`` when it is sent in chunks."""
    if "transfer-encoding" in request.headers:
        return None
    stated = request.headers.get("content-length", "0")
    return int(stated) if stated.isdecimal() else None


def _is_foreign(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")
