"""Examines films with the active bundle, a few at a time.

Which one that is the database says, each time anew: several servers and commands share it, and
none goes on with a bundle that another one switched off.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock

from sqlalchemy import Engine, literal, select, union_all
from sqlalchemy.orm import Session

from covid_d.clinic import film_work, shared_notes
from covid_d.clinic.bundle_files import BundleFiles
from covid_d.clinic.calibration.record import ratios_in_use
from covid_d.clinic.database.engine import reading, writing
from covid_d.clinic.database.figures import LocalCalibration
from covid_d.clinic.database.operations import InstalledBundle
from covid_d.clinic.film_processes import FilmProcesses
from covid_d.clinic.film_work import Examined
from covid_d.clinic.keys import Keys
from covid_d.detector import Bundle, Detector
from covid_d.detector.likelihood import PUBLISHED
from covid_d.errors import BundleError
from covid_d.language import N_


@dataclass(frozen=True, slots=True)
class _Named:
    """What the database names: the bundle, and the tables that may speak for one."""

    bundle: str | None
    tables: tuple[str, ...]


class ActiveDetector:
    """One detector for every thread of the server.

    Parameters
    ----------
    files
        Of installed bundles.
    engine
        The database that says which one is active, and whether a table of the clinic's own
        (:mod:`covid_d.clinic.calibration`) speaks for it.
    keys
        By which such a table is believed.

    Attributes
    ----------
    processes
        What examines and compares films beside this process; ``None`` where it does so itself.
    """

    def __init__(self, files: BundleFiles, engine: Engine, keys: Keys) -> None:
        self.files = files
        self._engine = engine
        self._keys = keys
        self.processes: FilmProcesses | None = None
        self._lock = Lock()
        self._detector: Detector | None = None
        self._taken_up: _Named | None = None
        # More films at once than cores would only make each one slower.
        self._places = BoundedSemaphore(os.cpu_count() or 1)

    @property
    def detector(self) -> Detector:
        """The detector of the bundle, and the table, that the database names now.

        Raises
        ------
        BundleError
            If that bundle cannot be used; another one never takes its place unasked.
        """
        with reading(self._engine) as session:
            named = _named(session)
        with self._lock:
            if self._detector is None or named != self._taken_up:
                self._detector = None  # what cannot be loaded leaves none that answers
                self._detector = self._loaded(named)
                self._taken_up = named
            return self._detector

    @property
    def known(self) -> Detector:
        """The detector that answered last here, without asking whether it still does.

        For what is shown of earlier answers; never for a new one.

        Raises
        ------
        BundleError
            If there was none yet, and the active bundle cannot be used.
        """
        with self._lock:
            found = self._detector
        return self.detector if found is None else found

    def answers_still(self, session: Session, detector: Detector) -> bool:
        """Return whether a detector is the one that answers, as a transaction sees it.

        Asked once the act is told to the audit trail, which has one writer at a time and is told
        of every switch, no answer comes after a switch by the bundle before it.

        Parameters
        ----------
        session
            Of the act that enters the answer.
        detector
            Who answered.
        """
        named = _named(session)
        with self._lock:
            return self._detector is detector and self._taken_up == named

    def reload(self) -> None:
        """Load the bundle anew when it is next asked for: its file may be another one."""
        with self._lock:
            self._detector = None

    def tell_default(self) -> None:
        """Have every server know with which bundle this one answers where none is switched on.

        The last server that was started says it; one that would answer with another bundle then
        answers nothing.
        """
        try:
            sha256 = Bundle.load().id.sha256
        except BundleError:
            return  # this one answers nothing either
        with writing(self._engine) as session:
            told = shared_notes.read(session, self._keys, shared_notes.DEFAULT_BUNDLE)
            if told != {"sha256": sha256}:
                shared_notes.write(
                    session, self._keys, shared_notes.DEFAULT_BUNDLE, {"sha256": sha256}
                )

    def examine(
        self, content: bytes, detector: Detector | None = None, *, preview: bool = False
    ) -> Examined:
        """Examine one film; waits while every core, or process, is busy with another.

        Parameters
        ----------
        content
            The film's bytes.
        detector
            Who examines it; by default the active one.
        preview
            Whether a preview of the film is wanted.

        Raises
        ------
        BundleError
            If the active bundle cannot be used.
        UnavailableError
            If the film ends the processes that examine it.
        """
        answering = detector or self.detector
        if self.processes is not None:
            return self.processes.examine(answering.bundle, content, preview=preview)
        with self._places:
            return film_work.examine(answering, content, preview=preview)

    def prepare(self) -> None:
        """Have the processes beside this one ready, if the active bundle can be used."""
        if self.processes is None:
            return
        with suppress(BundleError):  # said to whoever sends a film
            self.processes.begin(self.detector.bundle)

    def compare(self, film: bytes, others: Sequence[bytes]) -> list[float]:
        """Return how alike films are, as :func:`covid_d.clinic.film_work.compare`.

        Raises
        ------
        UnavailableError
            If the processes that compare them end.
        """
        if self.processes is not None:
            return self.processes.compare(film, others)
        return film_work.compare(film, others)

    def _loaded(self, named: _Named) -> Detector:
        bundle = self._default() if named.bundle is None else self.files.load(named.bundle)
        with reading(self._engine) as session:
            own = ratios_in_use(session, self._keys, bundle.id.sha256)
        return Detector.load(bundle, ratios=own or PUBLISHED)

    def _default(self) -> Bundle:
        bundle = Bundle.load()
        with reading(self._engine) as session:
            told = shared_notes.read(session, self._keys, shared_notes.DEFAULT_BUNDLE)
        if told is not None and told["sha256"] != bundle.id.sha256:
            raise BundleError(
                N_(
                    "Another server of this clinic answers with the bundle %(theirs)s, this one "
                    "would with %(own)s.",
                    theirs=str(told["sha256"])[:12],
                    own=bundle.id.sha256[:12],
                ),
                N_(
                    "Have every server and command use the same version of COVID-D and the same "
                    "COVID_D_BUNDLE; the server that was started last says which."
                ),
            )
        return bundle


def _named(session: Session) -> _Named:
    """Return what the database names now, in one question."""
    rows = session.execute(
        union_all(
            select(literal(0), literal(0), InstalledBundle.sha256).where(
                InstalledBundle.active.is_(True)
            ),
            select(literal(1), LocalCalibration.id, LocalCalibration.signature).where(
                LocalCalibration.ended_at.is_(None)
            ),
        )
    ).all()
    bundles = [sha256 for kind, _, sha256 in rows if kind == 0]
    tables = sorted((number, signature) for kind, number, signature in rows if kind == 1)
    return _Named(bundles[0] if bundles else None, tuple(signature for _, signature in tables))
