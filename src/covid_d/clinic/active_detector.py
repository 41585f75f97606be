"""The desk: answers films with the active bundle, a few at a time, and can change bundles."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore, Lock

from sqlalchemy import Engine, select

from covid_d.clinic.database.engine import reading
from covid_d.clinic.database.operations import InstalledBundle
from covid_d.detector import Assessment, Bundle, Detector, Outcome
from covid_d.detector.cautions import cautions_of_bundle
from covid_d.radiograph import Radiograph, RadiographError, Refusal, read


@dataclass(frozen=True, slots=True)
class Answer:
    """An assessment with the bundle that gave it and how long it took.

    Parameters
    ----------
    assessment
        With activation when answered.
    bundle
        The whole bundle: its verdict and preprocessing belong to the answer.
    milliseconds
        From the film, read or not, to the assessment.
    film
        The film as it was read; ``None`` when it could not be.
    """

    assessment: Assessment
    bundle: Bundle
    milliseconds: float
    film: Radiograph | None = field(default=None, repr=False)


class Desk:
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

    def assess(
        self, source: Radiograph | bytes, *, name: str = "", prevalence: float | None = None
    ) -> Answer:
        """Answer one film; waits while every core is busy with another.

        Parameters
        ----------
        source
            The film, read or as bytes.
        name
            What the assessment calls it.
        prevalence
            Of the unit, in (0, 1).
        """
        detector = self.detector
        with self._places:
            start = time.perf_counter()
            film = _read(source, name)
            assessment = (
                _refused(detector.bundle, name, film)
                if isinstance(film, Refusal)
                else detector.assess(film, name=name, prevalence=prevalence, activation=True)
            )
            took = 1000 * (time.perf_counter() - start)
        return Answer(
            assessment, detector.bundle, took, None if isinstance(film, Refusal) else film
        )

    def _active(self) -> Bundle | None:
        with reading(self._engine) as session:
            sha256 = session.scalar(
                select(InstalledBundle.sha256).where(InstalledBundle.active.is_(True))
            )
        return None if sha256 is None else Bundle.load(self.folder / f"{sha256}.zip")


def _read(source: Radiograph | bytes, name: str) -> Radiograph | Refusal:
    try:
        return source if isinstance(source, Radiograph) else read(source, name=name)
    except RadiographError as error:
        return error.refusal


def _refused(bundle: Bundle, name: str, refusal: Refusal) -> Assessment:
    warnings = cautions_of_bundle(bundle.spec)
    return Assessment(name, Outcome.REFUSED, bundle.id, refusal=refusal, warnings=warnings)
