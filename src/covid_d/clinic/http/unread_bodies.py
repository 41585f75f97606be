"""What is left of a body is read and thrown away before an answer that did not need it.

A proxy that passes bodies on as they come is still sending when an early refusal closes the
connection, and tells its browser 502 in place of our words. Reading on for a while gives it time.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS: Final = 30.0
"""For how long an answer may wait for the rest: whoever sends slowly holds no connection."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class UnreadBodies:
    """Middleware: reads a request's body to its end before the answer begins.

    Parameters
    ----------
    app
        What comes behind.
    most
        Bytes that are read in all; a larger body's connection is closed.
    seconds
        In which they must come.
    """

    def __init__(self, app: ASGIApp, most: int, seconds: float = SECONDS) -> None:
        self.app = app
        self._most = most
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["method"] in _SAFE:
            await self.app(scope, receive, send)
            return
        # Who waits to be told to go on has sent nothing, and is told our answer instead.
        ended, taken = "expect" in Headers(scope=scope), 0

        async def counted() -> Message:
            nonlocal ended, taken
            message = await receive()
            ended = not message.get("more_body", False)  # of a disconnect too
            taken += len(message.get("body", b""))
            return message

        async def after_the_rest(message: Message) -> None:
            if message["type"] == "http.response.start" and not ended:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._seconds):
                        while not ended and taken <= self._most:
                            await counted()
                if not ended:
                    MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await self.app(scope, counted, after_the_rest)
