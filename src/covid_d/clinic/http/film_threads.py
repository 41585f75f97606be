"""Threads of their own for requests that bring films: those that wait in line take no page's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Final, ParamSpec, TypeVar

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync

THREADS: Final = 40
"""As many as the server has for everything else; requests beyond them wait without a thread."""
_threads: Final[RunVar[CapacityLimiter]] = RunVar("covid_d_film_threads")

P = ParamSpec("P")
R = TypeVar("R")


def on_film_threads(endpoint: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """Have a route that takes films run on their threads."""

    @wraps(endpoint)
    async def waiting(*args: P.args, **kwargs: P.kwargs) -> R:
        return await run_sync(partial(endpoint, *args, **kwargs), limiter=_limiter())

    return waiting


def _limiter() -> CapacityLimiter:
    """Return the limit of the running event loop."""
    try:
        return _threads.get()
    except LookupError:
        limiter = CapacityLimiter(THREADS)
        _threads.set(limiter)
        return limiter
