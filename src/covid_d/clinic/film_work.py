"""What is done with a film that takes a processor, in whichever process that is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from covid_d.clinic.cases.preview import preview_png
from covid_d.detector import Detector, Examination
from covid_d.likeness.film_print import FilmPrint, likeness_to
from covid_d.radiograph import Radiograph


@dataclass(frozen=True, slots=True)
class FilmSight:
    """What the clinic goes on with of a film that could be read; its pixels are let go.

    Parameters
    ----------
    taken_on
        Day of the film, where its file states it.
    thumbnail
        Its packed :class:`~covid_d.likeness.film_print.FilmPrint`.
    preview
        A small PNG of it, where one was asked for.
    """

    taken_on: date | None
    thumbnail: bytes = field(repr=False)
    preview: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, film: Radiograph, *, preview: bool = False) -> FilmSight:
        """Return what is gone on with of a film."""
        small = preview_png(film) if preview else None
        return cls(film.facts.taken_on, FilmPrint.of(film).packed(), small)


@dataclass(frozen=True, slots=True)
class Examined:
    """A film examined for the clinic.

    Parameters
    ----------
    examination
        With its map of the evidence.
    milliseconds
        From the bytes to the examination.
    sight
        Of the film; ``None`` when it could not be read.
    """

    examination: Examination
    milliseconds: float
    sight: FilmSight | None = None


def examine(detector: Detector, content: bytes, *, preview: bool = False) -> Examined:
    """Examine one film.

    Parameters
    ----------
    detector
        Who examines it.
    content
        The film's bytes.
    preview
        Whether its preview is wanted.
    """
    start = time.perf_counter()
    examination, film = detector.examine_keeping_film(content, activation=True)
    took = 1000 * (time.perf_counter() - start)
    sight = None if film is None else FilmSight.of(film, preview=preview)
    return Examined(examination, took, sight)


def compare(film: bytes, others: Sequence[bytes]) -> list[float]:
    """Return how alike a film is to some others, by their packed prints.

    See :func:`~covid_d.likeness.film_print.likeness_to`.
    """
    prints = [FilmPrint.unpacked(other) for other in others]
    return likeness_to(FilmPrint.unpacked(film), prints)
