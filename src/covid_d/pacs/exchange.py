"""Requests to another node and its answers, in the caller's own thread (PS3.7 6.3, PS3.8 9.3).

pynetdicom negotiates an association well, and hands each message through three threads and two
queues: beside a busy detector an object took 25 ms on its way for 1 ms of work. Once there is an
association, what goes over it is written and read here, and its threads rest.
"""

from __future__ import annotations

import logging
import select
import threading
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Final

from pydicom import Dataset
from pynetdicom.dsutils import decode

from covid_d.pacs.line import received_whole
from covid_d.pacs.messages import (
    ANSWERED_ID,
    ANSWERS,
    COMMAND,
    DATA_PDU,
    DATA_SET,
    EVENT,
    EVENT_TYPE,
    HEAD,
    ID,
    KIND,
    LAST,
    PART,
    SOP_CLASS,
    SOP_INSTANCE,
    STATUS,
    WITH_DATA,
    WITHOUT_DATA,
    Fields,
    PduPart,
    number,
    parts_of,
    pdus,
    read,
    text,
    written,
)
from covid_d.radiograph.readers.items import require_few_elements

if TYPE_CHECKING:
    from pynetdicom.association import Association

_log = logging.getLogger(__name__)

_OURS_AT_MOST: Final = 1 << 17
"""Bytes of a PDU to who takes any number."""
_FAILED: Final = 0x0110
_REPORTS_AT_ONCE: Final = 100  # before the answer that is waited for
_THEIRS_AT_MOST: Final = 1 << 24
"""Bytes of a message to us: a word on some thousand objects is far smaller."""

TakesReport = Callable[[Dataset], int]
"""What takes an N-EVENT-REPORT's data set and returns the status to answer with."""


class Exchange:
    """Requests over an association that was made; one at a time, from one thread.

    Parameters
    ----------
    association
        Established; its own threads rest until :meth:`end`.
    limit_s
        Seconds that the other side may be silent.
    on_report
        Takes what the other side reports over this very association, as its word on what it keeps.

    Raises
    ------
    OSError
        If the association has ended already.
    """

    def __init__(self, association: Association, limit_s: float, on_report: TakesReport) -> None:
        self._association, self._limit, self._on_report = association, limit_s, on_report
        self._number, self._waiting = 0, list[PduPart]()
        self._rests, self._goes_on = threading.Event(), threading.Event()
        line = association.dul.socket
        association.dul._is_transport_event = self._rest  # type: ignore[method-assign]
        while not self._rests.wait(0.05):
            if not association.dul.is_alive():
                break
        if line is None or line.socket is None or not association.is_established:
            self.end()
            raise OSError("the other side ended the association")
        self._line, self._socket = line, line.socket
        most = association.acceptor.maximum_length or _OURS_AT_MOST
        self._most = min(most, _OURS_AT_MOST) - PART.size

    def end(self) -> None:
        """Give the association back to its own threads, to release or abort it."""
        if not self._goes_on.is_set():
            association = self._association
            del association.dul._is_transport_event
            association.dul._idle_timer.restart()
            self._goes_on.set()

    def _rest(self) -> bool:
        """Keep the association's reader here: what comes is for whoever asked."""
        self._rests.set()
        self._goes_on.wait()
        return False

    def ask(self, context: int, kind: int, fields: Fields, data: bytes) -> int | None:
        """Send a request with its data set; return the status of the answer.

        Parameters
        ----------
        context
            Number of the presentation context.
        kind
            ``STORE`` or ``ACTION``.
        fields
            Other elements of the command.
        data
            The data set, as the context's transfer syntax writes it.

        Returns
        -------
        ``None`` for an answer without one.

        Raises
        ------
        OSError
            If the connection breaks, or the answer does not come in time.
        """
        self._number = self._number % 0xFFFF + 1
        command = {**fields, KIND: kind, ID: self._number, DATA_SET: WITH_DATA}
        self._send(context, command, data)
        for _ in range(_REPORTS_AT_ONCE):
            answer = self._next()
            if answer is None:
                continue
            found = number(answer, KIND), number(answer, ANSWERED_ID)
            if found == (kind | ANSWERS, self._number):
                return number(answer, STATUS)
            break
        raise OSError("a message that answers nothing")

    def listen(self, seconds: float) -> bool:
        """Take a report if one comes within a time; return whether one did.

        Raises
        ------
        OSError
            If the other side ends the association.
        """
        pending = getattr(self._socket, "pending", None)  # of TLS: what select does not know of
        if not (pending and pending()) and not select.select([self._socket], [], [], seconds)[0]:
            return False
        if self._next() is not None:
            raise OSError("a message that answers nothing")
        return True

    def _send(self, context: int, command: Fields, data: bytes | None = None) -> None:
        told = written(command)
        sent = pdus(context, told, len(told), COMMAND)
        if data is not None:
            sent += pdus(context, data, self._most, 0)
        self._socket.settimeout(self._limit)
        self._socket.sendall(b"".join(sent))

    def _next(self) -> dict[int, bytes] | None:
        """Return the next message's command; ``None`` for a report, which is answered."""
        context, command = self._message(COMMAND)
        found = read(command)
        data = b""
        if number(found, DATA_SET) not in (None, WITHOUT_DATA):
            _, data = self._message(0)
        if number(found, KIND) != EVENT:
            return found
        self._answer(context, found, data)
        return None

    def _message(self, wanted: int) -> tuple[int, bytes]:
        """Return command or data set (0) of a message, put together, and its context."""
        whole = bytearray()
        while True:
            while not self._waiting:
                self._waiting = self._parts()
            context, flags, part = self._waiting.pop(0)
            if flags & COMMAND != wanted or context not in self._association._accepted_cx:
                raise OSError("a message out of order")
            whole += part
            if len(whole) > _THEIRS_AT_MOST:
                raise OSError(f"a message of {len(whole)} bytes")
            if flags & LAST:
                return context, bytes(whole)

    def _parts(self) -> list[PduPart]:
        """Return the parts in the next PDU."""
        head = received_whole(self._line, HEAD.size, self._limit)
        kind, length = HEAD.unpack(head)
        if kind != DATA_PDU:  # a release or an abort, or another protocol
            raise OSError("the other side ended the association")
        return parts_of(received_whole(self._line, length, self._limit))

    def _answer(self, context: int, command: Mapping[int, bytes], data: bytes) -> None:
        """Answer an N-EVENT-REPORT (PS3.7 10.1.1)."""
        try:
            syntax = self._association._accepted_cx[context].transfer_syntax[0]
            require_few_elements(data, syntax)
            told = decode(BytesIO(data), syntax.is_implicit_VR, syntax.is_little_endian)
            status = self._on_report(told)
        except Exception as error:  # noqa: BLE001 - a broken data set raises anything
            _log.error("a report cannot be read: %s", type(error).__name__)
            status = _FAILED
        self._send(
            context,
            {
                SOP_CLASS: text(command, SOP_CLASS),
                KIND: EVENT | ANSWERS,
                ANSWERED_ID: number(command, ID) or 0,
                DATA_SET: WITHOUT_DATA,
                STATUS: status,
                SOP_INSTANCE: text(command, SOP_INSTANCE),
                EVENT_TYPE: number(command, EVENT_TYPE) or 0,
            },
        )
