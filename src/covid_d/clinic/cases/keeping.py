"""What the clinic keeps of a film's file: the film without its patient, identifiers encrypted.

A film is known by the SHA-256 of the file that is kept. ``received_sha256`` is that of the file
that was sent, so that whoever has the X-ray system's own can find its case; for pictures both are
one, but for a photograph that was straightened.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from covid_d.clinic.database.cases import StoredPrint
from covid_d.clinic.database.operations import StagedFilm
from covid_d.clinic.film_work import FilmSight
from covid_d.clinic.keys import Keys
from covid_d.likeness.film_print import FilmPrint
from covid_d.radiograph.strip import keepable


@dataclass(frozen=True, slots=True)
class Straightening:
    """How a photograph was made into a film.

    Parameters
    ----------
    original_sha256
        Of the photograph as it was sent.
    corners
        Where its user put the film's corners, in shares of the photograph's sides: upper left,
        upper right, lower right, lower left.
    """

    original_sha256: str
    corners: list[list[float]]


@dataclass(frozen=True, slots=True)
class Kept:
    """A film's file as the clinic keeps it, and what is kept beside it.

    Parameters
    ----------
    sha256
        Of what is kept.
    received_sha256
        Of the file as it was sent.
    identity_encrypted
        What a structured report must name of the original, under the clinic's key; ``None`` where
        the file states none of it.
    taken_on
        Day of the film, where the file states it.
    straightened
        Corners of the film on the photograph that was sent, if it was straightened.
    thumbnail
        The film's packed ``FilmPrint``; ``None`` for what cannot be read.
    content
        Its bytes; ``None`` where they lie on the disk already.
    """

    sha256: str
    received_sha256: str | None
    identity_encrypted: str | None
    taken_on: date | None = None
    straightened: list[list[float]] | None = None
    thumbnail: bytes | None = field(default=None, repr=False)
    content: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, staged: StagedFilm) -> Kept:
        """Return what is kept of a film sent ahead."""
        return cls(
            staged.sha256,
            staged.received_sha256,
            staged.identity_encrypted,
            staged.taken_on,
            staged.straightened,
            staged.thumbnail,
        )

    def columns(self) -> dict[str, Any]:
        """Return the columns that films of a case and films sent ahead share."""
        return {
            "sha256": self.sha256,
            "received_sha256": self.received_sha256,
            "identity_encrypted": self.identity_encrypted,
            "taken_on": self.taken_on,
            "straightened": self.straightened,
        }


def keep(
    keys: Keys,
    content: bytes,
    sight: FilmSight | None,
    straightening: Straightening | None = None,
) -> Kept:
    """Return a film's file as it is kept.

    Parameters
    ----------
    keys
        The installation's.
    content
        As it was sent, or as it was straightened.
    sight
        Of the film; ``None`` where it could not be read.
    straightening
        How it was made of what was sent.
    """
    form = keepable(content, readable=sight is not None)
    named = form.identifiers
    received = straightening.original_sha256 if straightening else _sha256(content)
    return Kept(
        _sha256(form.content),
        received,
        keys.encrypt(json.dumps(named, sort_keys=True)) if named else None,
        sight.taken_on if sight else None,
        straightening.corners if straightening else None,
        sight.thumbnail if sight else None,
        form.content,
    )


def stored_print(thumbnail: bytes | None) -> StoredPrint | None:
    """Return the row that finds a film's copies; ``None`` for a film that cannot be read.

    Parameters
    ----------
    thumbnail
        As :class:`Kept` holds it.
    """
    if thumbnail is None:
        return None
    return StoredPrint(proposes=FilmPrint.unpacked(thumbnail).index(), thumbnail=thumbnail)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def identifiers(keys: Keys, identity_encrypted: str | None) -> dict[str, str]:
    """Return what :func:`keep` encrypted, by DICOM keyword.

    Raises
    ------
    CovidDError
        If it was encrypted under another key.
    """
    if identity_encrypted is None:
        return {}
    found: dict[str, str] = json.loads(keys.decrypt(identity_encrypted))
    return found
