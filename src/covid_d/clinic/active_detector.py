"""Examines films with the active bundle, a few at a time, and can change bundles."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore, Lock

from sqlalchemy import Engine, select

from covid_d.clinic.database.engine import reading
from covid_d.clinic.database.operations import InstalledBundle
from covid_d.detector import Bundle, Detector, Examination
from covid_d.radiograph import Radiograph


@dataclass(frozen=True, slots=True)
class Examined:
    """A film examined for the clinic.

    Parameters
    ----------
    examination
        With its map of the evidence.
    milliseconds
        From the bytes to the examination.
    film
        The film as it was read; ``None`` when it could not be.
    """

    examination: Examination
    milliseconds: float
    film: Radiograph | None = field(default=None, repr=False)


class ActiveDetector:
    """One detector for every thread of the server.

    Parameters
    ----------
    folder
        Where installed bundles lie, each under its SHA-256.
    engine
        The database that says which one is active.
    """

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder = folder
        self._engine = engine
        self._lock = Lock()
        self._detector: Detector | None = None
        # More films at once than cores would only make each one slower.
        self._places = BoundedSemaphore(os.cpu_count() or 1)

    @property
    def detector(self) -> Detector:
        """The active bundle's detector, loaded on first use.

        Raises
        ------
        BundleError
            If the active bundle cannot be used; another one never takes its place unasked.
        """
        with self._lock:
            if self._detector is None:
                self._detector = Detector.load(self._active())
            return self._detector

    def reload(self) -> None:
        """Take up the bundle that the database now names."""
        with self._lock:
            self._detector = None

    def examine(self, content: bytes, detector: Detector | None = None) -> Examined:
        """Examine one film; waits while every core is busy with another.

        Parameters
        ----------
        content
            The film's bytes.
        detector
            Who examines it; by default the active one.

        Raises
        ------
        BundleError
            If the active bundle cannot be used.
        """
        answering = detector or self.detector
        with self._places:
            start = time.perf_counter()
            examination, film = answering.examine_keeping_film(content, activation=True)
            took = 1000 * (time.perf_counter() - start)
        return Examined(examination, took, film)

    def _active(self) -> Bundle | None:
        with reading(self._engine) as session:
            sha256 = session.scalar(
                select(InstalledBundle.sha256).where(InstalledBundle.active.is_(True))
            )
        return None if sha256 is None else Bundle.load(self.folder / f"{sha256}.zip")
