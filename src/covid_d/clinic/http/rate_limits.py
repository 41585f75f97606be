"""Rate limits: what one address, name or token may ask in a time.

Several servers on one PostgreSQL count as one there; a server of its own counts in its memory.
"""

from __future__ import annotations

import hashlib
import logging
import math
import time
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from covid_d.clinic.accounts.attempts import LOCK, TRIES
from covid_d.clinic.errors import TooManyError
from covid_d.clinic.http import failures
from covid_d.clinic.http.shared_counts import SharedCounts
from covid_d.language import N_, NN_


@dataclass(frozen=True, slots=True)
class Rule:
    """At most ``amount`` in ``seconds``.

    Parameters
    ----------
    name
        Under which it is counted.
    amount
        How many.
    seconds
        In which time.
    """

    name: str
    amount: int
    seconds: int


# A hospital's people often share one address: these stop programs, not a busy morning.
GENERAL: Final = Rule("general", 3000, 60)
UPLOAD: Final = Rule("upload", 600, 60)
API: Final = Rule("api", 600, 60)
SIGN_IN: Final = Rule("sign_in", 60, 60)
PASSWORD: Final = Rule("password", TRIES, int(LOCK.total_seconds()))
_log = logging.getLogger(__name__)
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_DOORS: Final = ("/sign-in", "/first-start/", "/password/", "/openid/")


class RateLimits:
    """Counts what is asked.

    Parameters
    ----------
    factor
        Multiplies every amount; 0 switches the limits off.
    shared
        Where all servers of the clinic count; by default this process counts alone, as it does
        for as long as the shared counts are away.
    """

    def __init__(self, factor: float = 1.0, shared: SharedCounts | None = None) -> None:
        self._factor = factor
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._shared = MovingWindowRateLimiter(shared) if shared is not None else None

    @property
    def waits(self) -> bool:
        """Whether counting asks a database, so that nothing else may wait for it."""
        return self._factor > 0 and self._shared is not None

    def hit(self, rule: Rule, who: str) -> None:
        """Count one for ``who``.

        Raises
        ------
        TooManyError
            If there were too many; says when to come back.
        """
        self._ask(rule, who, counting=True)

    def check(self, rule: Rule, who: str) -> None:
        """Refuse ``who`` if there were too many, without counting.

        Raises
        ------
        TooManyError
            As :meth:`hit`.
        """
        self._ask(rule, who, counting=False)

    def _ask(self, rule: Rule, who: str, *, counting: bool) -> None:
        if self._factor <= 0:
            return
        if self._shared is not None:
            try:
                self._ask_one(self._shared, rule, who, counting=counting)
            except StorageError:
                # The database is away: what needs it says so itself, and nobody is let loose.
                _log.warning("requests are counted by this server alone: the database is away")
            else:
                return
        self._ask_one(self._own, rule, who, counting=counting)

    def _ask_one(
        self, counter: MovingWindowRateLimiter, rule: Rule, who: str, *, counting: bool
    ) -> None:
        item, asked = self._item(rule), (rule.name, _short(who))
        if not (counter.hit(item, *asked) if counting else counter.test(item, *asked)):
            raise _refusal(counter.get_window_stats(item, *asked).reset_time)

    def _item(self, rule: Rule) -> RateLimitItemPerSecond:
        return RateLimitItemPerSecond(max(1, round(rule.amount * self._factor)), rule.seconds)


def _refusal(reset_time: float) -> TooManyError:
    seconds = max(1, math.ceil(reset_time - time.time()))
    return TooManyError(
        N_("Too many requests in a short time."),
        NN_(
            "Wait %(num)d second and try again.",
            "Wait %(num)d seconds and try again.",
            seconds,
        ),
        retry_after=seconds,
    )


class Limited:
    """Middleware: turns away who asks too much, before anything is read.

    Parameters
    ----------
    app
        What comes behind.
    limits
        The counts.
    """

    def __init__(self, app: ASGIApp, limits: RateLimits) -> None:
        self.app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with 429."""
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            await self.app(scope, receive, send)
            return
        try:
            if self._limits.waits:
                await run_in_threadpool(self._count, scope)
            else:
                self._count(scope)
        except TooManyError as error:
            await failures.answer(Request(scope), error)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _count(self, scope: Scope) -> None:
        for rule, who in _counted(scope):
            self._limits.hit(rule, who)


def rate_limits(request: Request) -> RateLimits:
    """Return the counts of the application."""
    found: RateLimits = request.app.state.rate_limits
    return found


def _counted(scope: Scope) -> list[tuple[Rule, str]]:
    """Return the rules under which a request counts, and for whom."""
    headers, path = Headers(scope=scope), scope["path"]
    address = scope["client"][0] if scope.get("client") else ""
    found = [(GENERAL, address)]
    if path.startswith("/api/"):
        found.append((API, headers.get("authorization") or address))
    if scope["method"] not in _SAFE:
        if path.startswith(_DOORS):
            found.append((SIGN_IN, address))
        if headers.get("content-type", "").startswith("multipart/"):
            found.append((UPLOAD, address))
    return found


def _short(who: str) -> str:
    """Return a key of bounded length that holds no token and no name."""
    return hashlib.sha256(who.encode()).hexdigest()
