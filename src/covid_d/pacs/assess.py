"""From a received film to the objects of its answer, once."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from time import monotonic, perf_counter
from typing import Final
from zoneinfo import ZoneInfo

from pydicom import Dataset
from sqlalchemy.exc import SQLAlchemyError

from covid_d.detector import Assessment, Detector, Examination
from covid_d.detector.explain import overlay
from covid_d.errors import CovidDError
from covid_d.language import N_, Language
from covid_d.pacs.apart import read_apart
from covid_d.pacs.parse import parsed
from covid_d.pacs.peer import Destination
from covid_d.pacs.queue import AnsweredFilm, Queue, QueuedFilm
from covid_d.pacs.results import Answered, make
from covid_d.pacs.results.fhir import bundle_file
from covid_d.pacs.results.header import deidentified, header_of
from covid_d.pacs.results.identity import fingerprint
from covid_d.pacs.store import NodeStore
from covid_d.pacs.ward import ArrivedFilm, NotReadHereError, Ward, WardClosedError
from covid_d.radiograph import Radiograph
from covid_d.radiograph.prepare import Preprocessing

_log = logging.getLogger(__name__)
_BATCH: Final = 32
_ENTERED_AT_ONCE: Final = 8
_ENTERED_S: Final = 0.2
"""An answer waits no longer for others to be entered with."""
_LONGEST_ROUND_S: Final = 5.0
"""Of films that come without end; then the ward is asked anew which detector answers."""
_TRIES: Final = 3
"""A film that was begun so often and came to no end is read in a process of its own first."""
_PASSING: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOSPC})
"""What the machine lacks for a moment; the film is there."""
_REST_S: Final = 10.0  # before a clinic that is closed is tried again


def answer_film(
    detector: Detector,
    content: bytes,
    received: datetime,
    *,
    prevalence: float | None = None,
    language: Language = "es",
) -> Answered:
    """Return the answer to a film as its objects need it.

    Parameters
    ----------
    detector
        That answers.
    content
        The film's file (PS3.10).
    received
        When it came, with its time zone.
    prevalence
        As in :meth:`covid_d.detector.Detector.judge`.
    language
        Of the texts.

    Raises
    ------
    CovidDError
        If nothing could be said about the film to a PACS.
    """
    found = examined(detector, content)
    assessment = detector.judge(found.examination, prevalence=prevalence)
    preprocessing = detector.bundle.spec.preprocessing
    key = fingerprint(found.dataset)
    return answered_with(
        found.header, key, found.film, assessment, preprocessing, received, language
    )


@dataclass(frozen=True, slots=True)
class ExaminedFile:
    """A film's file, and what was found in it.

    Parameters
    ----------
    dataset, header
        The file, parsed; and its patient and study.
    examination, film
        What was found, and the film where it could be read.
    milliseconds
        That it took.
    """

    dataset: Dataset
    header: Dataset
    examination: Examination
    film: Radiograph | None
    milliseconds: float


def examined(detector: Detector, content: bytes) -> ExaminedFile:
    """Return what was found in a film's file.

    Raises
    ------
    CovidDError
        If nothing could be said about the film to a PACS.
    """
    dataset = parsed(content, is_safe=True)  # else it had not been taken in
    header = header_of(dataset)
    began = perf_counter()
    examination, film = detector.examine_keeping_film(
        content, name=str(header.SOPInstanceUID), activation=True
    )
    took = 1000 * (perf_counter() - began)
    return ExaminedFile(dataset, header, examination, film, took)


def answered_with(
    header: Dataset,
    key: str,
    film: Radiograph | None,
    assessment: Assessment,
    preprocessing: Preprocessing,
    received: datetime,
    language: Language,
) -> Answered:
    """Return an answer that was given already as its objects need it.

    Parameters
    ----------
    header, key
        The film's patient and study, and its fingerprint.
    film, assessment
        The film, where it could be read, and its answer; a map is drawn if there is one.
    preprocessing
        Of the bundle that answered.
    received, language
        As in :func:`answer_film`.
    """
    drawn = None
    if film is not None and assessment.activation is not None:
        drawn = overlay(film, assessment, preprocessing, language=language)
    return Answered(header, key, assessment, received, drawn, language)


class Assessor:
    """Answers the films of a queue.

    Parameters
    ----------
    queue, store
        Of the node.
    detector
        That answers.
    destinations
        That get what comes of it.
    secret
        Of the installation, for codes in the place of names.
    time_zone
        Of the times in reports.
    prevalence, language
        As in :func:`answer_film`.
    ward
        Where the films are read; then its own detector answers.
    pdf
        Whether each answer is made as a page too.
    """

    def __init__(
        self,
        queue: Queue,
        store: NodeStore,
        detector: Detector,
        destinations: Sequence[Destination],
        *,
        secret: bytes,
        time_zone: ZoneInfo,
        prevalence: float | None = None,
        language: Language = "es",
        ward: Ward | None = None,
        pdf: bool = False,
    ) -> None:
        self._ward, self._closed_until, self._pdf = ward, 0.0, pdf
        self._queue, self._store, self._detector = queue, store, detector
        self._destinations, self._secret = tuple(destinations), secret
        self._zone, self._prevalence, self._language = time_zone, prevalence, language
        # One more than the cores: each film waits for the disk a few times.
        self._at_once = detector.threads + 1
        self._pool = ThreadPoolExecutor(self._at_once, thread_name_prefix="assess")

    def close(self) -> None:
        """Finish what is under way and stop."""
        self._pool.shutdown(cancel_futures=True)

    def run_once(self) -> int:
        """Answer films that wait; return how many."""
        if monotonic() < self._closed_until:
            return 0
        if self._ward is not None:
            try:
                self._detector = self._ward.detector()
            except WardClosedError as closed:
                return self._rest(closed)
        entered = monotonic()
        end = entered + _LONGEST_ROUND_S
        under_way: set[Future[AnsweredFilm | None]] = set()
        begun: set[int] = set()
        done: list[AnsweredFilm] = []
        count = 0
        while True:
            # No core rests while films wait, however few came at once.
            if len(under_way) < self._at_once and end > monotonic() > self._closed_until:
                more = [film for film in self._queue.to_assess(_BATCH) if film.id not in begun]
                begun |= {film.id for film in more}
                under_way |= {self._pool.submit(self._answer, film) for film in more}
            finished, under_way = wait(under_way, _ENTERED_S, return_when=FIRST_COMPLETED)
            done += filter(None, (each.result() for each in finished))
            waited = monotonic() - entered > _ENTERED_S
            if waited or len(done) >= _ENTERED_AT_ONCE or not under_way:
                count += self._enter(done)
                done, entered = [], monotonic()
            if not under_way:
                return count

    def _enter(self, done: Sequence[AnsweredFilm]) -> int:
        """Enter answers together: each of these steps waits for the disk.

        Who is killed before answers its films again, with the same objects.
        """
        if not done:
            return 0
        try:
            self._queue.assessed(done)
        except SQLAlchemyError as error:
            return self._rest(error)
        for each in done:
            _log.info("film %s: %s", each.film.sop_instance, each.outcome)
        return len(done)

    def _answer(self, film: QueuedFilm) -> AnsweredFilm | None:
        """Answer a film; whatever it holds, the others get theirs."""
        before = self._store.begin(film.fingerprint)
        done: AnsweredFilm | None = None
        try:
            done = self._tried(film, careful=before >= _TRIES)
        except (WardClosedError, SQLAlchemyError, MemoryError) as closed:
            self._rest(closed)
        except OSError as error:
            reason = error.strerror or error
            gone = CovidDError(N_("Its file is gone: %(reason)s.", reason=reason))
            if error.errno in _PASSING:
                self._rest(error)
            else:
                self._set_aside(film, gone)
        except NotReadHereError as unread:
            self._set_aside(film, CovidDError(unread.reason))
        except CovidDError as error:
            if isinstance(error.__cause__, OSError):  # a full disk passes; the film waits
                self._rest(error)
            else:
                self._set_aside(film, error)
        except Exception as error:  # noqa: BLE001 - one film's fault must not stop the others
            reason = type(error).__name__  # its own words may hold a patient's
            _log.error("film %s failed: %s", film.sop_instance, reason)
            _log.debug("where it failed", exc_info=True)
            if before + 1 < _TRIES:
                return None  # the note stays, and counts
            told = N_("It cannot be answered: %(reason)s.", reason=reason)
            self._set_aside(film, CovidDError(told))
        self._store.end(film.fingerprint)
        return done

    def _tried(self, film: QueuedFilm, *, careful: bool) -> AnsweredFilm:
        content = self._store.film(film.file)
        if careful:  # it was begun often and never ended: maybe it is what ended the process
            read_apart(content)
        found = examined(self._detector, content)
        received = datetime.fromtimestamp(int(film.received), self._zone)
        # Told first: who is killed in between tells it again, and the ward knows the film.
        held = self._arrive(film, content, found, received)
        answered = self._judged(film, found, received)
        self._keep(film, answered)
        assessment = answered.assessment
        return AnsweredFilm(
            film,
            outcome=assessment.outcome.value,
            bundle=assessment.bundle.sha256,
            assessment=_stored(assessment),
            destinations=[each.name for each in self._destinations],
            held=held,
        )

    def _arrive(
        self, film: QueuedFilm, content: bytes, found: ExaminedFile, received: datetime
    ) -> bool:
        if self._ward is None:
            return False
        return self._ward.arrive(
            ArrivedFilm(
                film.fingerprint,
                content,
                found.header,
                film.caller,
                received,
                found.examination,
                found.film,
                found.milliseconds,
            )
        )

    def _judged(self, film: QueuedFilm, found: ExaminedFile, received: datetime) -> Answered:
        prevalence = self._prevalence
        if prevalence is None and self._ward is not None:
            prevalence = self._ward.prevalence(film.caller)
        return answered_with(
            found.header,
            film.fingerprint,
            found.film,
            self._detector.judge(found.examination, prevalence=prevalence),
            self._detector.bundle.spec.preprocessing,
            received,
            self._language,
        )

    def _rest(self, fault: Exception) -> int:
        """Let films wait a while: each try examines them anew."""
        self._closed_until = monotonic() + _REST_S
        if isinstance(fault, WardClosedError):
            _log.error("films wait for the clinic: %s", fault.reason)
        elif isinstance(fault, CovidDError):
            _log.error("films wait, as answers cannot be written: %s", fault)
        else:  # its own words may hold a patient's
            _log.error("films wait: %s", type(fault).__name__)
        return 0

    def _set_aside(self, film: QueuedFilm, error: CovidDError) -> None:
        _log.error("film %s cannot be answered: %s", film.sop_instance, error)
        self._queue.cannot_be_answered(film, error.sentences[0])

    def _keep(self, film: QueuedFilm, answered: Answered) -> None:
        bundle = answered.assessment.bundle.sha256
        for outside in sorted({each.outside for each in self._destinations}):
            place = "outside" if outside else "inside"
            shown = answered
            if outside:
                shown = answered.with_header(deidentified(answered.header, self._secret))
            # The report last: where it lies, all of them do.
            for made in reversed(make(shown, pdf=self._pdf)):
                self._store.keep_answer(
                    film.fingerprint, bundle, f"{place}/{made.name}.dcm", made.content
                )
            if any(each.kind == "fhir" and each.outside == outside for each in self._destinations):
                self._store.keep_answer(
                    film.fingerprint,
                    bundle,
                    f"{place}/bundle.json",
                    bundle_file(shown),
                )


def _stored(assessment: Assessment) -> str:
    return json.dumps(assessment.to_dict(), ensure_ascii=False)
