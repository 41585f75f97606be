"""How long a connection may keep the node waiting, whoever called whom.

pynetdicom waits for the rest of a PDU for as long as the other side stays connected, and believes
any length that one states. A station that loses power in the middle of a film would hold its place
for ever, an archive that does would never be sent anything again.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pynetdicom.association import Association
    from pynetdicom.events import Event
    from pynetdicom.transport import AssociationSocket

_LONGEST_PDU: Final = 1 << 20
"""Bytes; for who sends more at once than was agreed, and for long requests for an association."""
_REST_S: Final = 0.002
_LIMIT_S: Final = 60.0  # where an association states none


def limit_line(event: Event) -> None:
    """Limit a connection that was opened (EVT_CONN_OPEN): each PDU comes whole in time, or it ends.

    The time is the association's network timeout.
    """
    association = event.assoc
    line = association.dul.socket
    if line is None or line.socket is None:  # it was closed again meanwhile
        return
    limit = association.network_timeout or _LIMIT_S

    def recv(nr_bytes: int) -> bytearray:
        return received(line, nr_bytes, limit)

    line.recv = recv  # type: ignore[method-assign]
    # It asks whether something came a thousand times a second, also while nothing does.
    association.dul._run_loop_delay = _REST_S
    # A request and its object are written apart; else the second waits for word of the first.
    line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.socket.settimeout(limit)  # of sending, too: to who reads nothing


def _acknowledge_at_once(opened: socket.socket) -> None:
    """Say that what came has come: else who writes in two parts waits for that, 40 ms (dcmtk)."""
    is_internet = opened.family in (socket.AF_INET, socket.AF_INET6)
    if is_internet and hasattr(socket, "TCP_QUICKACK"):  # Linux, which forgets it after a while
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


class Hold(threading.Event):
    """Keeps an association's own reactor away from the answers that its caller waits for.

    pynetdicom pauses it before each request, but believes that it rests a moment before it does:
    on a busy machine it now and then took the answer itself, and the caller waited for its timeout.
    """

    def __init__(self, association: Association) -> None:
        super().__init__()
        self._rests = threading.Event()
        association._reactor_checkpoint = self
        self._rests.wait(_LIMIT_S)

    def wait(self, timeout: float | None = None) -> bool:
        """Rest here, as the reactor does before each of its rounds."""
        self._rests.set()
        return super().wait(timeout)

    def set(self) -> None:
        """Go on resting, whatever request has come to its end."""

    def end(self) -> None:
        """Let the reactor find that the association is over."""
        super().set()


def received(line: AssociationSocket, count: int, limit_s: float) -> bytearray:
    """Return so many bytes; fewer if the other side hangs up.

    Raises
    ------
    OSError
        If they are more than anybody may send at once, or do not come in time.
    """
    if count > _LONGEST_PDU:
        raise OSError(f"a PDU of {count} bytes")
    end = time.monotonic() + limit_s
    opened = line.socket
    if opened is None:
        raise OSError("the connection was closed")
    kept, filled = bytearray(count), 0
    with memoryview(kept) as into:
        while filled < count:
            opened.settimeout(max(0.001, end - time.monotonic()))
            _acknowledge_at_once(opened)
            got = opened.recv_into(into[filled:])
            if not got:
                break
            filled += got
    opened.settimeout(limit_s)
    del kept[filled:]
    return kept


def received_whole(line: AssociationSocket, count: int, limit_s: float) -> bytearray:
    """Return so many bytes.

    Raises
    ------
    OSError
        If the other side hangs up before, and as :func:`received`.
    """
    whole = received(line, count, limit_s)
    if len(whole) < count:
        raise OSError("the other side hung up")
    return whole
