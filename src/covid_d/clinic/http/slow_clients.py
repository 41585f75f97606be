"""How the server treats its connections: answers leave at once, half-sent requests are hung up on.

A server's own time-outs begin after the first answer; a request's first line, sent a letter a
minute, would hold its connection for ever.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEAD_SECONDS: Final = 20.0
"""In which a request's first line and headers must be there."""
BODY_SECONDS: Final = 30.0
"""In which the next piece of a body must come."""
KEPT_SECONDS: Final = 65
"""For which a connection stays open between requests: longer than a proxy keeps its own (nginx 60
s), and than a doctor thinks. A request that crosses with the hanging up would be lost."""


class PatientProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """The server's protocol with a limit on how long a request's head may take."""

    head_seconds: float = HEAD_SECONDS
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Give a new connection its time."""
        super().connection_made(transport)
        # asyncio does so only for sockets that name their protocol, and ours, opened before the
        # server, do not. Else an answer's body waits for its head to be acknowledged: 40 ms a page.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Stop the clock once a head is whole, start it where the next one begins."""
        super().data_received(data)
        if self._is_between():
            self._wait()
        elif self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clock."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _is_between(self) -> bool:
        """Return whether no request is being answered."""
        return self.cycle is None or bool(self.cycle.response_complete)

    def _wait(self) -> None:
        # A clock that runs is not wound up again: a letter a second would win any race.
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.head_seconds, self._hang_up)

    def _hang_up(self) -> None:
        self._deadline = None
        if self._is_between() and not self.transport.is_closing():
            self.transport.close()


class BodyDeadline:
    """Middleware: a body whose next piece does not come is taken for a client that has gone.

    Parameters
    ----------
    app
        What comes behind.
    seconds
        In which the next piece must come.
    """

    def __init__(self, app: ASGIApp, seconds: float = BODY_SECONDS) -> None:
        self.app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        whole = False

        async def next_piece() -> Message:
            nonlocal whole
            if whole:  # what waits now waits for the client to go, and may wait
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), self._seconds)
            except TimeoutError:
                whole = True
                return {"type": "http.disconnect"}
            whole = not message.get("more_body", False)
            return message

        await self.app(scope, next_piece, send)
