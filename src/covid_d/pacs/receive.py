"""The door: what other nodes send is acknowledged when it is safe on the disk, and not before."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Final, cast

from pydicom import Dataset, dcmread
from sqlalchemy.exc import SQLAlchemyError

from covid_d.errors import CovidDError
from covid_d.language import Message
from covid_d.pacs.door import Overflow
from covid_d.pacs.intake import SentObject
from covid_d.pacs.parse import swells
from covid_d.pacs.peer import AllowedCaller
from covid_d.pacs.queue import Queue
from covid_d.pacs.results.identity import fingerprint
from covid_d.pacs.store import NodeStore
from covid_d.pacs.triage import CAPTURES, FILMS, Triage, triage

if TYPE_CHECKING:
    from pynetdicom.dimse_primitives import C_STORE
    from pynetdicom.events import Event

_log = logging.getLogger(__name__)

# PS3.7 C and PS3.4 B.2.3: what a C-STORE is answered with.
SUCCESS: Final = 0x0000
NOT_AUTHORIZED: Final = 0x0124
OUT_OF_RESOURCES: Final = 0xA700
DOES_NOT_MATCH: Final = 0xA900
CANNOT_UNDERSTAND: Final = 0xC000
TOO_LARGE: Final = 0xC001
STATUSES: Final = {
    SUCCESS: Message(
        "En el disco y en la cola; o no es una radiografía para el nodo: contado y borrado",
        "On the disk and in the queue; or no film for the node: counted and deleted",
    ),
    NOT_AUTHORIZED: Message("Quien llama no está en la lista", "The caller is not on the list"),
    OUT_OF_RESOURCES: Message(
        "El disco está lleno o la cola no se puede escribir: envíe de nuevo más tarde",
        "The disk is full or the queue cannot be written: send again later",
    ),
    DOES_NOT_MATCH: Message(
        "El UID o la clase del objeto difieren de lo que dice la solicitud",
        "UID or class of the object differ from what the request says",
    ),
    CANNOT_UNDERSTAND: Message("El objeto no se puede interpretar", "The object cannot be parsed"),
    TOO_LARGE: Message(
        "El objeto es mayor de lo que el nodo acepta, o lo sería en la memoria",
        "The object is larger than the node takes, or would be in memory",
    ),
}


class Receiver:
    """Takes in what is sent.

    Parameters
    ----------
    queue, store
        Where films go.
    callers
        Who may send; without any, only this machine.
    largest
        Bytes of the largest object taken.
    """

    def __init__(
        self, queue: Queue, store: NodeStore, callers: Sequence[AllowedCaller], largest: int
    ) -> None:
        self._queue, self._store = queue, store
        self._callers, self.largest = tuple(callers), largest

    def may(self, aet: str, host: str) -> bool:
        """Return whether somebody may send films."""
        if not self._callers:
            return host in {"127.0.0.1", "::1"}
        return any(caller.is_allowed(aet, host) for caller in self._callers)

    def on_store(self, event: Event) -> int:
        """Answer a C-STORE request that pynetdicom read with its status."""
        requestor, request = event.assoc.requestor, cast("C_STORE", event.request)
        sent = request.DataSet
        if sent is None:
            return CANNOT_UNDERSTAND
        is_kept = not isinstance(sent, Overflow) and sent.getbuffer().nbytes <= self.largest
        return self.answer(
            SentObject(
                requestor.ae_title,
                requestor.address,
                str(request.AffectedSOPClassUID),
                str(request.AffectedSOPInstanceUID),
                event.encoded_dataset() if is_kept else None,
            )
        )

    def answer(self, sent: SentObject) -> int:
        """Return the status that an object is answered with, once that is true."""
        if not self.may(sent.caller, sent.host):
            return NOT_AUTHORIZED
        try:
            if sent.content is None or swells(sent.content):
                if sent.sop_class in FILMS | CAPTURES:
                    return TOO_LARGE
                # A film of the heart, a stack of slices: the study that it is of goes on.
                self._queue.count_let_go(Triage.OTHER_CLASS, _storable(sent.sop_class))
                return SUCCESS
            return self.take(
                sent.content,
                sent.caller,
                sop_class=sent.sop_class,
                sop_instance=sent.sop_instance,
            )
        except (CovidDError, OSError, SQLAlchemyError) as error:
            _log.error("a film could not be kept: %s", error)
            return OUT_OF_RESOURCES

    def take(self, content: bytes, caller: str, *, sop_class: str, sop_instance: str) -> int:
        """Keep an object if it is a film for us; return the status to answer with.

        Parameters
        ----------
        content
            The object as a file (PS3.10).
        caller
            Title of who sent it.
        sop_class, sop_instance
            What the request says that it is.

        Raises
        ------
        CovidDError, OSError, SQLAlchemyError
            If it cannot be kept now.
        """
        try:
            dataset = dcmread(BytesIO(content))
            kind = triage(dataset)
            key = fingerprint(dataset) if kind is Triage.FILM else ""
            study = str(dataset.get("StudyInstanceUID", ""))
        except Exception as error:  # noqa: BLE001 - a hostile object raises anything
            _log.warning("an object of %s cannot be parsed: %s", caller, error)
            return CANNOT_UNDERSTAND
        if not _matches(dataset, sop_class, sop_instance):
            return DOES_NOT_MATCH
        if kind is not Triage.FILM:
            self._queue.count_let_go(kind, _storable(sop_class))
            return SUCCESS
        name = self._store.keep(key, content)
        new = self._queue.receive(
            fingerprint=key,
            sop_instance=_storable(sop_instance),
            study=_storable(study),
            caller=caller,
            file=name,
        )
        if new:
            _log.info("film %s from %s", sop_instance, caller)
        elif self._is_over(key):
            self._store.forget_film(name)  # sent again long after it was answered, or erased
        return SUCCESS

    def _is_over(self, key: str) -> bool:
        known = self._queue.known(key)
        return known is not None and not known.file


def _storable(uid: str) -> str:
    """Return a UID as a column takes it, whatever a station took for one."""
    return "".join(sign for sign in uid if sign.isprintable())[:64]


def _matches(dataset: Dataset, sop_class: str, sop_instance: str) -> bool:
    """Return whether an object is what the request says (PS3.4 B.2.3, A9xx)."""
    return (
        str(dataset.get("SOPInstanceUID", "")) == sop_instance
        and str(dataset.get("SOPClassUID", "")) == sop_class
    )
