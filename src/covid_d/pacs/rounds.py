"""Between node and ward: answers that wait for a reader, and readings that go back."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from covid_d.language import Language
from covid_d.pacs.peer import Destination
from covid_d.pacs.queue import Queue, QueuedFilm
from covid_d.pacs.results.reading import reading_object
from covid_d.pacs.store import NodeStore
from covid_d.pacs.ward import ConfirmedReading, Release, Ward, WardClosedError

_log = logging.getLogger(__name__)
_TAKES: Final = ("dicom", "stow")  # a FHIR server takes answers alone
_PLACE: Final = "inside"


class Rounds:
    """Asks the ward, again and again, what is due.

    Parameters
    ----------
    ward
        Where films are read.
    queue, store
        Of the node.
    destinations
        Those of the hospital get readings too: a verified report names patient and reader, so
        that none leaves it.
    language
        Of texts.
    """

    def __init__(
        self,
        ward: Ward,
        queue: Queue,
        store: NodeStore,
        destinations: Sequence[Destination],
        language: Language = "es",
    ) -> None:
        self._ward, self._queue, self._store = ward, queue, store
        self._destinations = [
            each.name for each in destinations if each.kind in _TAKES and not each.outside
        ]
        self._language = language

    def run_once(self) -> int:
        """Do what is due once; return how much was done."""
        try:
            return self._ward.settle() + self._let_go() + self._send_readings()
        except WardClosedError as closed:
            _log.error("the clinic cannot be asked: %s", closed.reason)
            return 0

    def _let_go(self) -> int:
        held = {film.fingerprint: film for film in self._queue.held()}
        if not held:
            return 0
        decided = {
            fingerprint: release
            for fingerprint, release in self._ward.releases(list(held)).items()
            if release is not Release.WAITS
        }
        for fingerprint, release in decided.items():
            self._queue.decide(held[fingerprint], sent=release is Release.GOES)
        return len(decided)

    def _send_readings(self) -> int:
        found = self._ward.readings()
        for reading in found:
            film = self._queue.known(reading.fingerprint)
            if film is not None:
                self._keep(film, reading)
                self._queue.add(film, reading.what, self._destinations)
        # Only now: one reading may be of several films.
        for number in sorted({reading.number for reading in found}):
            self._ward.reading_taken(number)
        return len(found)

    def _keep(self, film: QueuedFilm, reading: ConfirmedReading) -> None:
        made = reading_object(reading, self._language)
        self._store.keep_answer(
            film.fingerprint, reading.what, f"{_PLACE}/{made.name}.dcm", made.content
        )
