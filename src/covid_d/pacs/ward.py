"""Where people read the films that a node takes in; the node knows nothing more of it.

The clinic is one (``covid_d.clinic.arrivals``); the command line brings the two together. Nothing
here needs a network or a DICOM toolkit beyond pydicom, so that a ward can be written without.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from pydicom import Dataset

from covid_d.detector import Appearance, Detector, Examination, Outcome
from covid_d.language import Sentence
from covid_d.radiograph import Radiograph


class WardClosedError(Exception):
    """A ward cannot be reached now; what was to be said to it waits.

    Parameters
    ----------
    reason
        What is in the way.
    """

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason)
        self.reason = reason


class NotReadHereError(Exception):
    """Nobody in a ward reads such a film: somebody has to change a setting.

    Parameters
    ----------
    reason
        Why not.
    """

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ArrivedFilm:
    """A film that came over the network and was examined.

    Parameters
    ----------
    fingerprint
        What the node knows it by (``results.identity``).
    content
        Its file, as it came.
    header
        Its patient and study (``results.header``).
    caller
        Title of who sent it.
    received
        When it came.
    examination, film
        What was found, and the film where it could be read.
    milliseconds
        That the examination took.
    """

    fingerprint: str
    content: bytes = field(repr=False)
    header: Dataset
    caller: str
    received: datetime
    examination: Examination
    film: Radiograph | None
    milliseconds: float


class Release(Enum):
    """What becomes of an answer that is held back."""

    WAITS = "waits"
    GOES = "goes"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class NamedSign:
    """One sign that a reader saw.

    Parameters
    ----------
    code, meaning
        Of the ward's own terms; the meaning in English, as codes have it.
    place
        Side and height in English words; empty where it has none.
    """

    code: str
    meaning: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class ConfirmedReading:
    """A doctor's reading, to go back to the PACS as a verified report.

    Parameters
    ----------
    number
        The ward's; the reading never changes under it.
    fingerprint, header
        Of the film that was read.
    reader, organization
        Who stands behind it.
    at
        When it was recorded, with its time zone.
    finding
        What was read, for COVID-19.
    appearance
        The category, where one was said.
    signs
        In the ward's order.
    extent
        The six zones of the Brixia score, right lung from above and then the left; empty where it
        was not scored.
    sentences
        The whole of it in words, in the node's language.
    """

    number: int
    fingerprint: str
    header: Dataset
    reader: str
    organization: str
    at: datetime
    finding: Outcome
    appearance: Appearance | None = None
    signs: Sequence[NamedSign] = ()
    extent: Sequence[int] = ()
    sentences: Sequence[str] = ()

    @property
    def what(self) -> str:
        """How the queue calls it."""
        return f"reading-{self.number}"


class Ward(Protocol):
    """Where films are read. Each call may raise :class:`WardClosedError`."""

    def detector(self) -> Detector:
        """Return who answers films there now."""

    def prevalence(self, caller: str) -> float | None:
        """Return the share of COVID-19 where a caller's films are read, if it is known."""

    def arrive(self, film: ArrivedFilm) -> bool:
        """Take a film in, once however often it is told.

        Returns
        -------
        Whether its answer is held back until somebody has read the film.

        Raises
        ------
        NotReadHereError
            If nobody reads its sender's films.
        """

    def settle(self) -> int:
        """Do what is due with films that came; return how many are on their way further."""

    def releases(self, fingerprints: Collection[str]) -> Mapping[str, Release]:
        """Return what becomes of answers that are held back, by fingerprint of their films."""

    def readings(self) -> Sequence[ConfirmedReading]:
        """Return readings that are to go back."""

    def reading_taken(self, number: int) -> None:
        """Enter that the node has a reading in its queue."""
