"""Films that come: read and acknowledged in their association's own thread (PS3.7 9.1.1).

pynetdicom negotiates an association well. What then comes goes through two threads that look
several hundred times a second whether there is anything, and through a data set for each command:
beside a busy detector that took more than keeping the film. Here C-STORE is read as every station
sends it. Whatever else comes, and whatever is odd about it, is given back unread: pynetdicom
goes on from there, for the rest of the association.
"""

from __future__ import annotations

import logging
import re
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from covid_d.pacs.line import received_whole
from covid_d.pacs.messages import (
    ANSWERED_ID,
    ANSWERS,
    COMMAND,
    DATA_PDU,
    DATA_SET,
    HEAD,
    ID,
    KIND,
    LAST,
    PRIORITY,
    SOP_CLASS,
    SOP_INSTANCE,
    STATUS,
    STORE,
    WITHOUT_DATA,
    PduPart,
    number,
    packed,
    parts_of,
    pdus,
    read,
    text,
    written,
)
from covid_d.pacs.results.encode import file_head

if TYPE_CHECKING:
    from pynetdicom.association import Association

_log = logging.getLogger(__name__)

FAULT: Final = 0xC211
"""A fault that nobody foresaw; what pynetdicom answers too."""
_UID: Final = re.compile(r"[0-9.]{1,64}")
_PRIORITIES: Final = (0, 1, 2)  # PS3.7 9.3.1
_TRANSFER: Final = "Sta6"  # PS3.8 9.2: the association is there, and nobody ends it
_LOOK_S: Final = 0.25  # between looks whether the node ends the association


@dataclass(frozen=True, slots=True)
class SentObject:
    """An object that another node sends.

    Parameters
    ----------
    caller, host
        Title and address of who sends it.
    sop_class, sop_instance
        What the request says that it is.
    content
        The object as a file (PS3.10); ``None`` for one that is larger than is kept.
    """

    caller: str
    host: str
    sop_class: str
    sop_instance: str
    content: bytes | None


TakesObject = Callable[[SentObject], int]
"""What takes an object and returns the status to answer with."""


class Intake:
    """Reads what comes over an association, from where it is accepted.

    Parameters
    ----------
    association
        Just connected (EVT_CONN_OPEN), its line limited (``line.py``).
    takes
        Takes each object; what it is answered with is sent when it returns.
    largest
        Bytes of an object that are kept.
    """

    def __init__(self, association: Association, takes: TakesObject, largest: int) -> None:
        self._association, self._takes, self._largest = association, takes, largest
        self._limit = float(association.network_timeout or 60.0)
        self._parts, self._unread = deque[PduPart](), b""
        self._rests, self._over = threading.Event(), threading.Event()
        self._look_by_itself = association.dul._is_transport_event
        self._go_on = association._run_reactor
        association.dul._is_transport_event = self._look  # type: ignore[method-assign]
        association._run_reactor = self._run  # type: ignore[method-assign]

    def _look(self) -> bool:
        """Keep the association's reader here while its films are read; in the reader's thread."""
        dul = self._association.dul
        if not self._over.is_set() and dul.state_machine.current_state == _TRANSFER:
            self._rests.set()
            while not self._over.wait(1.0) and self._association.is_alive():
                pass
        if self._over.is_set() and self._unread:
            dul._read_pdu_data()
            return True
        return self._look_by_itself()

    def _run(self) -> None:
        """Take objects for as long as nothing else comes; in the association's thread."""
        association = self._association
        line: Any = association.dul.socket
        ends = False
        try:
            while not self._rests.wait(0.05) and association.dul.is_alive():
                pass
            if self._rests.is_set() and association.dul.event_queue.empty():
                while self._something_comes(line.socket):
                    self._take(line)
        except _NotForUsError:
            pass
        except OSError as error:
            _log.warning("%s: %s", association.requestor.address, error)
            line.close()
        except Exception as error:  # noqa: BLE001 - what nobody foresaw ends this one alone
            _log.error("%s is hung up on: %s", association.requestor.address, error)
            ends = True
        finally:
            self._give_back(line)
        if ends:
            association.abort(block=False)
        self._go_on()

    def _something_comes(self, opened: Any) -> bool:
        """Wait for the next message; return whether there is one to be read here."""
        association, end = self._association, time.monotonic() + self._limit
        pending = getattr(opened, "pending", None)  # of TLS: what select does not know of
        while not (association._kill or association.dul.to_provider_queue.queue):
            if self._parts or (pending and pending()):
                return True
            left = end - time.monotonic()
            if left <= 0:  # pynetdicom, too, knows by now that it is silent
                break
            if select.select([opened], [], [], min(left, _LOOK_S))[0]:
                return True
        return False

    def _take(self, line: Any) -> None:
        """Take one object and answer."""
        first = self._next(line)
        context, flags, content = first
        command = read(content)
        if flags & LAST and number(command, KIND) is None:  # pynetdicom trips over it
            raise ValueError("a command that says not what it is")
        if not self._is_plain(first, command):
            self._parts.appendleft(first)
            raise _NotForUsError
        content_of = self._data_set(line, context)
        status = self._status(context, command, content_of)
        told = written(
            {
                SOP_CLASS: text(command, SOP_CLASS),
                KIND: STORE | ANSWERS,
                ANSWERED_ID: number(command, ID) or 0,
                DATA_SET: WITHOUT_DATA,
                STATUS: status,
                SOP_INSTANCE: text(command, SOP_INSTANCE),
            }
        )
        line.socket.settimeout(self._limit)
        line.socket.sendall(b"".join(pdus(context, told, len(told), COMMAND)))
        self._association.dul._idle_timer.restart()

    def _is_plain(self, part: PduPart, command: Mapping[int, bytes]) -> bool:
        """Return whether a part is a whole request to store, as every station makes one."""
        context, flags, content = part
        accepted = self._association._accepted_cx.get(context)
        return (
            flags & (COMMAND | LAST) == COMMAND | LAST
            and accepted is not None
            and bool(accepted.as_scp)
            and accepted.abstract_syntax == text(command, SOP_CLASS)
            and number(command, KIND) == STORE
            and number(command, ID) is not None
            and number(command, PRIORITY) in _PRIORITIES
            and number(command, DATA_SET) not in (None, WITHOUT_DATA)
            and all(_UID.fullmatch(text(command, each)) for each in (SOP_CLASS, SOP_INSTANCE))
            and len(content) == _length(command)
        )

    def _data_set(self, line: Any, context: int) -> bytearray | None:
        """Return an object's data set; ``None`` where it is larger than is kept."""
        # Not its parts: of a byte each they would cost two hundred times as much.
        kept = bytearray()
        size = 0
        while True:
            of, flags, content = self._next(line)
            if of != context or flags & COMMAND:
                raise ValueError("a message out of order")
            size += len(content)
            kept += content
            if size > self._largest:
                kept.clear()
            if flags & LAST:
                return None if size > self._largest else kept

    def _next(self, line: Any) -> PduPart:
        """Return the next part of a message.

        Raises
        ------
        _NotForUsError
            If something else comes.
        """
        while not self._parts:
            head = received_whole(line, HEAD.size, self._limit)
            kind, length = HEAD.unpack(head)
            if kind != DATA_PDU:
                self._unread = bytes(head)
                raise _NotForUsError
            body = received_whole(line, length, self._limit)
            try:
                self._parts.extend(parts_of(body))
            except OSError as error:
                raise ValueError(str(error)) from error
        return self._parts.popleft()

    def _status(self, context: int, command: Mapping[int, bytes], content: bytearray | None) -> int:
        requestor = self._association.requestor
        named = text(command, SOP_CLASS), text(command, SOP_INSTANCE)
        file = None
        if content is not None:
            syntax = str(self._association._accepted_cx[context].transfer_syntax[0])
            file = b"".join((file_head(*named, syntax), content))
        try:
            return self._takes(SentObject(requestor.ae_title, requestor.address, *named, file))
        except Exception as error:  # noqa: BLE001 - one object's fault must not end the study
            _log.error("an object cannot be taken: %s", type(error).__name__)
            return FAULT

    def _give_back(self, line: Any) -> None:
        """Let the association's own threads read on, from the first byte not understood."""
        unread = b"".join(map(packed, self._parts)) + self._unread
        self._parts.clear()
        self._unread = b"" if line.socket is None else unread
        if self._unread:
            self._association.dul._idle_timer.restart()
            read_on = line.recv

            def recv(count: int) -> bytearray:
                got, self._unread = self._unread[:count], self._unread[count:]
                return bytearray(got) + (read_on(count - len(got)) if len(got) < count else b"")

            line.recv = recv
        self._over.set()


class _NotForUsError(Exception):
    """Something else than a plain request to store comes."""


def _length(command: Mapping[int, bytes]) -> int:
    """Return how long a command is by its own elements: one that is cut off is longer."""
    return sum(8 + len(value) for value in command.values())
