"""Brings each answer to each destination once, however often either side goes down."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import httpx
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from covid_d.language import N_
from covid_d.pacs.peer import Destination, Peer
from covid_d.pacs.queue import Delivery, Queue, QueuedFilm
from covid_d.pacs.send import CallOptions, Rejected, Sender, Torn, Transient
from covid_d.pacs.store import NodeStore
from covid_d.pacs.tables import ANSWER
from covid_d.pacs.web import check_address, client, post_fhir, stow

_log = logging.getLogger(__name__)
_BATCH: Final = 50
_ENTERED_AT_ONCE: Final = 8
"""Answers that arrived and are entered in one step; who is killed before sends them again, and
objects of the same name are one to whoever keeps them."""
_LINGER_S: Final = 0.1  # that a connection waits for the next answer
_WORD_S: Final = 1.0  # or for its node's word, which some give over this connection alone
UNCONFIRMED_S: Final = 3600.0
"""A node that took a request to confirm and says nothing for so long is sent the answer again."""


class Deliverer:
    """Delivers what is due at one destination.

    Parameters
    ----------
    destination
        Where to.
    queue, store
        Of the node.
    line
        How nodes are called.
    commitment
        Whether nodes are asked to confirm.
    token
        Bearer token of a web address.

    Raises
    ------
    CovidDError
        If the address cannot be used.
    """

    def __init__(
        self,
        destination: Destination,
        queue: Queue,
        store: NodeStore,
        line: CallOptions,
        *,
        commitment: bool = True,
        token: str | None = None,
    ) -> None:
        self.destination = destination
        self._queue, self._store, self._line = queue, store, line
        self._commitment, self._token = commitment, token
        self._stopping = threading.Event()
        if destination.kind == "dicom":
            self._peer = Peer.parse(destination.address)
        else:
            check_address(destination)

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping.set()

    def run_once(self) -> int:
        """Deliver what is due; return how many answers arrived."""
        due = self._due()
        if not due:
            return 0
        try:
            if self.destination.kind == "dicom":
                return self._to_node(due)
            with client(self._line.timeout_s, self._token) as over:
                return len(self._each(due, lambda files: self._over_web(files, over)))
        except Transient as fault:
            self._wait(due, fault)
        except Rejected as rejection:
            for each in due:
                self._give_up(each, rejection)
        return 0

    def _due(self) -> list[Delivery]:
        return self._queue.due(self.destination.name, _BATCH)

    def _to_node(self, due: Sequence[Delivery]) -> int:
        count = 0
        with Sender(self._peer, self._line, self._on_report) as sender:
            while due:
                arrived = self._round(due, sender)
                count += len(arrived)
                if len(arrived) < len(due) or self._stopping.is_set():
                    break
                due = self._next(sender)
        return count

    def _round(self, due: Sequence[Delivery], sender: Sender) -> list[Delivery]:
        objects: list[tuple[str, str]] = []
        asks = self._commitment and sender.offers_commitment
        # Entered with each answer as it arrives: who is killed before the request is sent
        # knows afterwards what nobody was asked to confirm.
        transaction = str(generate_uid(prefix=None)) if asks else None
        arrived = self._each(
            due,
            lambda files: objects.extend(sender.store(files)),
            transaction=transaction,
            at_once=_ENTERED_AT_ONCE,
        )
        if arrived and transaction is not None:
            self._confirm(sender, transaction, arrived, objects)
        return arrived

    def _next(self, sender: Sender) -> Sequence[Delivery]:
        """Return what is due next, while the connection is there; nothing once it may end."""
        asked = self._commitment and sender.offers_commitment
        end = time.monotonic() + (_WORD_S if asked else _LINGER_S)
        while not (due := self._due()) and not self._stopping.is_set():
            left = end - time.monotonic()
            if left <= 0:
                break
            try:
                sender.listen(min(left, _LINGER_S))
            except Transient:  # it hung up; what is due next takes another connection
                return []
        return due

    def _on_report(self, report: Dataset) -> int:
        enter_confirmation(self._queue, self._store, report)
        return 0x0000

    def _confirm(
        self,
        sender: Sender,
        transaction: str,
        arrived: Sequence[Delivery],
        objects: Sequence[tuple[str, str]],
    ) -> None:
        try:
            sender.ask_commitment(transaction, objects)
        except Transient as fault:
            self._queue.sent(arrived, transaction=None)
            _log.warning("%s confirms nothing: %s", self.destination.name, fault.reason)

    def _over_web(self, files: Sequence[Path], over: httpx.Client) -> None:
        if self.destination.kind == "stow":
            stow(self.destination.address, files, over)
        else:
            post_fhir(self.destination.address, files[0], over)

    def _each(
        self,
        due: Sequence[Delivery],
        carry: Callable[[Sequence[Path]], object],
        *,
        transaction: str | None = None,
        at_once: int = 1,
    ) -> list[Delivery]:
        """Carry one after the other; return what arrived. A rejected one harms no other."""
        films = self._queue.films({each.film for each in due})
        arrived: list[Delivery] = []
        entered = 0
        for place, each in enumerate(due):
            try:
                carry(self._files(each, films[each.film]))
            except Rejected as rejection:
                self._give_up(each, rejection)
            except (Torn, OSError):
                self._make_again(each, films[each.film])
            except Transient as fault:
                self._wait(due[place:], fault)
                break
            else:
                arrived.append(each)
                if len(arrived) - entered >= at_once:
                    self._queue.sent(arrived[entered:], transaction=transaction)
                    entered = len(arrived)
        if entered < len(arrived):
            self._queue.sent(arrived[entered:], transaction=transaction)
        return arrived

    def _files(self, delivery: Delivery, film: QueuedFilm) -> list[Path]:
        found = _objects(self._store, film, delivery.what, outside=self.destination.outside)
        wanted = ".json" if self.destination.kind == "fhir" else ".dcm"
        files = [file for file in found if file.suffix == wanted]
        first = "bundle" if self.destination.kind == "fhir" else "report"  # written last
        if first not in {file.stem for file in files} or not all(map(_is_whole, files)):
            raise Torn
        return files

    def _make_again(self, delivery: Delivery, film: QueuedFilm) -> None:
        """Have an answer made again whose files are gone or torn, as after a power failure."""
        if delivery.what != ANSWER or not film.file:
            self._give_up(delivery, Rejected(N_("Its files are gone.")))
            return
        self._queue.again(delivery, N_("Its files were gone; it is made again."))
        self._queue.answer_again(film)
        _log.error("%s: files of film %d are gone", self.destination.name, delivery.film)

    def _wait(self, due: Sequence[Delivery], fault: Transient) -> None:
        for each in due:
            self._queue.again(each, fault.reason)
        _log.warning("%s waits: %s", self.destination.name, fault.reason)

    def _give_up(self, delivery: Delivery, rejection: Rejected) -> None:
        self._queue.failed(delivery, rejection.reason)
        _log.error("%s: %s", self.destination.name, rejection.reason)


def _is_whole(file: Path) -> bool:
    """Return whether a file begins as one of its kind does; it is written whole or not at all."""
    try:
        with file.open("rb") as stream:
            head = stream.read(132)
    except OSError:
        return False
    return head[128:] == b"DICM" if file.suffix == ".dcm" else head[:1] == b"{"


def enter_confirmation(queue: Queue, store: NodeStore, report: Dataset) -> int:
    """Enter a node's word on what it keeps (PS3.4 J.3.3); return how many answers it confirmed.

    Parameters
    ----------
    queue, store
        Of the node.
    report
        The event's data set.
    """
    transaction = str(report.get("TransactionUID", ""))
    failed, kept = _named(report, "FailedSOPSequence"), _named(report, "ReferencedSOPSequence")
    lost, unsaid = [], []
    for delivery in queue.of_transaction(transaction):
        film = queue.film(delivery.film)
        sets = [uids_of(store, film, delivery.what, outside=side) for side in (False, True)]
        if any(failed & each for each in sets):
            lost.append(delivery.id)
        elif not any(each and each <= kept for each in sets):
            unsaid.append(delivery.id)  # not every object of it is named: it waits for its own word
    return queue.committed(transaction, lost, unsaid)


def _named(report: Dataset, sequence: str) -> set[str]:
    return {str(item.get("ReferencedSOPInstanceUID", "")) for item in report.get(sequence) or []}


def uids_of(store: NodeStore, film: QueuedFilm, what: str, *, outside: bool) -> set[str]:
    """Return the UIDs of what goes back about a film, to its own hospital or outside it."""
    return {
        str(dcmread(file, specific_tags=["SOPInstanceUID"], stop_before_pixels=True).SOPInstanceUID)
        for file in _objects(store, film, what, outside=outside)
        if file.suffix == ".dcm"
    }


def _objects(store: NodeStore, film: QueuedFilm, what: str, *, outside: bool) -> list[Path]:
    """Return the files of what goes back about a film."""
    part = (film.bundle or "") if what == ANSWER else what
    return store.answers(film.fingerprint, part, outside=outside)
