"""Connections that come in: none holds a place or memory by saying nothing, half, or too much.

pynetdicom shakes hands for TLS before it takes the next call, and collects an object whole, however
large. How long a connection may say nothing: ``line.py``.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from io import BytesIO
from socket import socket
from typing import TYPE_CHECKING, Any, Final

from pynetdicom import evt
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from covid_d.pacs.intake import Intake, TakesObject
from covid_d.pacs.line import limit_line

if TYPE_CHECKING:
    from ssl import SSLContext

    from pynetdicom import AE
    from pynetdicom.association import Association
    from pynetdicom.events import Event

_log = logging.getLogger(__name__)

PDU_BYTES: Final = 1 << 17
"""What senders are told to send at once: as much as dcmtk ever does."""
_LONGEST_COMMAND: Final = 1 << 16
_MOST_WAITING: Final = 4  # requests sent without waiting for the answer, which nobody may
_CONNECTIONS: Final = 4  # a place for an association; most say nothing, or shake hands


class Overflow(BytesIO):
    """Stands for an object of which more came than is kept: what else comes is let go."""

    def write(self, data: Any, /) -> int:
        """Let bytes go."""
        return len(data)


def open_door(
    entity: AE,
    address: tuple[str, int],
    tls: SSLContext | None,
    handlers: list[tuple[Any, Callable[..., Any]]],
    takes: TakesObject,
    *,
    largest: int,
) -> Door:
    """Listen for connections, in a thread of its own.

    Parameters
    ----------
    entity
        That listens; its network timeout is the longest silence, and the longest that one PDU
        takes.
    address
        Host and port.
    tls
        For encrypted connections.
    handlers
        Of what is asked.
    takes
        Takes what is sent, but for requests that only pynetdicom reads: those go to its handler.
    largest
        Bytes of an object that are kept; of a larger one comes no content, or to the handler an
        :class:`Overflow`.

    Raises
    ------
    OSError
        If the port cannot be opened.
    """

    def enter(event: Event) -> None:
        limit_line(event)
        Intake(event.assoc, takes, largest)

    def watch(event: Event) -> None:
        _watch(event.assoc, largest)

    door: Door = entity.make_server(
        address,
        ssl_context=tls,
        evt_handlers=[*handlers, (evt.EVT_CONN_OPEN, enter), (evt.EVT_PDU_RECV, watch)],
        server_class=Door,  # type: ignore[assignment]
        request_handler=_Call,
    )
    threading.Thread(target=door.serve_forever, name="door", daemon=True).start()
    entity._servers.append(door)
    return door


class Door(ThreadedAssociationServer):
    """Takes calls; each shakes hands in a thread of its own."""

    def get_request(self) -> tuple[socket, Any]:
        """Return the next call, not yet encrypted."""
        assert self.socket is not None  # noqa: S101 - it listens
        return self.socket.accept()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Return whether there is room for one more connection."""
        del request
        room = len(self.active_associations) < _CONNECTIONS * self.ae.maximum_associations
        if not room:
            _log.error("too many connections: %s is turned away", client_address[0])
        return room

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of a call that came to nothing, as one that does not encrypt."""
        del request
        _log.warning("a call of %s came to nothing", client_address[0], exc_info=_is_debugging())

    def close(self) -> None:
        """Take no more calls, and end those under way: who was not answered sends again."""
        self.shutdown()
        for association in self.active_associations:
            association.abort(block=False)


class _Call(RequestHandler):
    """One call, from its first byte on under a time limit."""

    def setup(self) -> None:
        self.request.settimeout(self.ae.network_timeout)
        if self.server.ssl_context is not None:
            self.request = self.server.ssl_context.wrap_socket(self.request, server_side=True)


def _watch(association: Association, largest: int) -> None:
    """End, or relieve, an association of which too much has come."""
    coming = association.dimse.message
    waiting = association.dimse.msg_queue.qsize()
    if coming is None:
        ends = waiting > _MOST_WAITING
    else:
        ends = coming.encoded_command_set.tell() > _LONGEST_COMMAND
        if isinstance(coming.data_set, BytesIO) and coming.data_set.tell() > largest:
            coming.data_set = Overflow()
    if ends:
        _log.error("%s sends too much at once", association.requestor.address)
        association.abort(block=False)


def _is_debugging() -> bool:
    return _log.isEnabledFor(logging.DEBUG)
