"""The node: a door, a desk and messengers, each in threads of its own, over one durable queue."""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from zoneinfo import ZoneInfo

from pydicom.uid import UID
from pynetdicom import AE, _config, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification  # type: ignore[attr-defined]

from covid_d.detector import Detector
from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.pacs import tls
from covid_d.pacs.assess import Assessor
from covid_d.pacs.deliver import UNCONFIRMED_S, Deliverer, enter_confirmation
from covid_d.pacs.door import PDU_BYTES, Door, open_door
from covid_d.pacs.queue import Queue
from covid_d.pacs.receive import Receiver
from covid_d.pacs.rounds import Rounds
from covid_d.pacs.send import CallOptions
from covid_d.pacs.settings import PacsSettings
from covid_d.pacs.store import NodeStore
from covid_d.pacs.ward import Ward
from covid_d.radiograph.readers.items import require_few_elements
from covid_d.settings import settings as library_settings

if TYPE_CHECKING:
    from pynetdicom.dimse_primitives import N_EVENT_REPORT
    from pynetdicom.events import Event

_log = logging.getLogger(__name__)
_IDLE_S: Final = 0.5  # between looks at a queue in which nothing is due
_ROUNDS_S: Final = 1.0  # between looks at the ward
_HOUSEKEEPING_S: Final = 60.0
_DAY_S: Final = 86400.0
_FAULT_S: Final = 10.0  # after what nobody foresaw, as a disk on which the queue has no room
_UNCONFIRMED: Final = N_("The destination never confirmed it.")


class Node:
    """A node on the hospital's network.

    Parameters
    ----------
    settings
        Of the node.
    detector
        That answers; by default the one of the library's settings.
    ward
        Where the films are read; its own detector then answers.

    Raises
    ------
    CovidDError
        If the settings contradict each other, or another node uses the folder.
    """

    def __init__(
        self, settings: PacsSettings, detector: Detector | None = None, ward: Ward | None = None
    ) -> None:
        self.settings = settings
        self.folder = settings.data.expanduser()
        callers, destinations = settings.callers, settings.destinations
        if not callers and not settings.is_loopback:
            raise CovidDError(
                N_(
                    "The node would take films from anybody who reaches %(host)s.",
                    host=settings.host,
                ),
                N_("Name who may send with --allow or COVID_D_PACS_ALLOW."),
            )
        self._tls = _contexts(settings)
        self.store = NodeStore(self.folder)
        self._lock = _only_one(self.folder)
        url = settings.database_url
        self.queue = Queue.open(self.folder, None if url is None else url.get_secret_value())
        try:
            self.queue.claim()
        except CovidDError:
            self.queue.close()
            self._lock.close()
            raise
        self._receiver = Receiver(
            self.queue, self.store, callers, settings.max_film_mb * 1024 * 1024
        )
        secret = bytes.fromhex(self.queue.setting("secret", secrets.token_hex(32)))
        self._assessor = Assessor(
            self.queue,
            self.store,
            detector or (Detector.load() if ward is None else ward.detector()),
            destinations,
            secret=secret,
            time_zone=ZoneInfo(settings.time_zone),
            prevalence=settings.prevalence,
            language=library_settings().language,
            ward=ward,
            pdf=settings.pdf,
        )
        language = library_settings().language
        self._rounds = (
            None if ward is None else Rounds(ward, self.queue, self.store, destinations, language)
        )
        line = CallOptions(settings.aet, settings.timeout_s, self._tls[1])
        self._deliverers = [
            Deliverer(
                each,
                self.queue,
                self.store,
                line,
                commitment=settings.commitment,
                token=_secret(settings.stow_token if each.kind == "stow" else settings.fhir_token),
            )
            for each in destinations
        ]
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._door: Door | None = None

    @property
    def port(self) -> int:
        """The port it listens on; 0 before it does."""
        return 0 if self._door is None else int(self._door.server_address[1])

    def start(self) -> None:
        """Open the door and begin to work.

        Raises
        ------
        CovidDError
            If the port cannot be opened.
        """
        self._take_up()
        # A forwarded study holds anything; who refuses one class ends the whole transfer.
        _config.UNRESTRICTED_STORAGE_SERVICE = True
        # Else every PDU is put into words for a log that nobody reads.
        _config.LOG_HANDLER_LEVEL = "none"
        entity = AE(self.settings.aet)
        entity.require_called_aet = True
        entity.require_calling_aet = [caller.aet for caller in self.settings.callers]
        entity.maximum_associations = self.settings.max_associations
        entity.acse_timeout = entity.dimse_timeout = self.settings.timeout_s
        entity.network_timeout = self.settings.timeout_s
        entity.maximum_pdu_size = PDU_BYTES
        entity.add_supported_context(Verification)
        entity.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        try:
            self._door = open_door(
                entity,
                (self.settings.host, self.settings.port),
                self._tls[0],
                [
                    (evt.EVT_C_STORE, self._receiver.on_store),
                    (evt.EVT_C_ECHO, self._on_echo),
                    (evt.EVT_N_EVENT_REPORT, self._on_report),
                ],
                self._receiver.answer,
                largest=self._receiver.largest,
            )
        except OSError as error:
            raise CovidDError(
                N_(
                    "Cannot listen on %(host)s, port %(port)s: %(reason)s.",
                    host=self.settings.host,
                    port=self.settings.port,
                    reason=error.strerror or error,
                ),
                N_("Choose another --port or --host."),
            ) from error
        # Whatever a destination said while the node was down, nobody heard.
        for delivery in self.queue.unconfirmed(0.0):
            self.queue.again(delivery, _UNCONFIRMED)
        self._work("assess", self._assessor.run_once)
        for deliverer in self._deliverers:
            self._work(f"deliver {deliverer.destination.name}", deliverer.run_once)
        if self._rounds is not None:
            self._work("rounds", self._rounds.run_once, every=_ROUNDS_S)
        self._work("keep house", self._keep_house, every=_HOUSEKEEPING_S)

    def _take_up(self) -> None:
        """Put in order what an earlier run left; before the door opens."""
        self.store.tidy(self.queue.has_file)
        named = [each.name for each in self.settings.destinations]
        given_up = self.queue.only_to(named, N_("Nothing is sent to this destination any more."))
        if given_up:
            _log.error("%d answers wait for destinations that are not named any more", given_up)

    def stop(self) -> None:
        """Close the door, finish what is under way and let go of everything."""
        if self._lock.closed:
            return
        self._stopping.set()
        if self._door is not None:
            self._door.close()
        for deliverer in self._deliverers:
            deliverer.stop()
        for thread in self._threads:
            thread.join()
        self._assessor.close()
        self.queue.close()
        self._lock.close()

    def wait(self) -> None:
        """Wait until :meth:`stop` is called."""
        while not self._stopping.wait(1.0):
            pass

    def stop_soon(self) -> None:
        """Make :meth:`wait` return; safe in a signal handler."""
        self._stopping.set()

    def _work(self, name: str, once: Callable[[], int], every: float = _IDLE_S) -> None:
        def loop() -> None:
            while not self._stopping.is_set():
                try:
                    busy = once()
                except Exception:  # noqa: BLE001 - one fault must not stop the work for good
                    _log.exception("%s failed; it goes on", name)
                    self._stopping.wait(_FAULT_S)
                else:
                    if not busy:
                        self._stopping.wait(every)

        thread = threading.Thread(target=loop, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _on_echo(self, event: Event) -> int:
        requestor = event.assoc.requestor
        return 0x0000 if self._receiver.may(requestor.ae_title, requestor.address) else 0x0122

    def _on_report(self, event: Event) -> tuple[int, None]:
        requestor = event.assoc.requestor
        named = {each.address.partition("@")[0] for each in self.settings.destinations}
        if requestor.ae_title not in named:
            return 0x0124, None
        told = cast("N_EVENT_REPORT", event.request).EventInformation
        if told is not None:  # a refusal is answered as a failure
            require_few_elements(told.getvalue(), UID(event.context.transfer_syntax))
        enter_confirmation(self.queue, self.store, event.event_information)
        return 0x0000, None

    def _keep_house(self) -> int:
        """Remove what was delivered long ago, ask again what nobody confirmed, tell what waits."""
        now = self.queue.clock()
        for film in self.queue.done_before(now - self.settings.keep_days * _DAY_S):
            self.store.forget(film.file, film.fingerprint)
            self.queue.forget_file(film)
        for delivery in self.queue.unconfirmed(UNCONFIRMED_S):
            self.queue.lost(delivery, _UNCONFIRMED)
        oldest = self.queue.oldest_waiting()
        if oldest is not None and now - oldest > self.settings.alarm_minutes * 60:
            _log.error("a film has waited for %d minutes", (now - oldest) // 60)
        return 0


def _secret(kept: Any) -> str | None:
    return None if kept is None else str(kept.get_secret_value())


def line_of(settings: PacsSettings) -> CallOptions:
    """Return how these settings call other nodes."""
    return CallOptions(settings.aet, settings.timeout_s, _contexts(settings)[1])


def _contexts(settings: PacsSettings) -> tuple[Any, Any]:
    """Return how the node is called over TLS and how it calls; ``None`` in the clear."""
    if settings.certificate is None:
        return None, None
    files = (settings.certificate, settings.key, settings.authorities)
    return tls.context(*files, server=True), tls.context(*files, server=False)


def _only_one(folder: Path) -> Any:
    """Hold the folder's lock for as long as the process lives; two nodes would answer twice.

    Raises
    ------
    CovidDError
        If another node holds it.
    """
    lock = (folder / "node.lock").open("a")
    if os.name != "nt":
        import fcntl

        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise CovidDError(
                N_("Another node works in %(folder)s.", folder=folder),
                N_("Stop it first, or choose another folder with --data."),
            ) from error
    return lock
