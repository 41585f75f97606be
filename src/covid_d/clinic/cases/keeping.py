"""What the clinic keeps of a film's file: the film without its patient, identifiers encrypted.

A film is known by the SHA-256 of the file that is kept. ``received_sha256`` is that of the file
that was sent, so that whoever has the X-ray system's own can find its case; for pictures both are
one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from covid_d.clinic.keys import Keys
from covid_d.radiograph.strip import keepable


@dataclass(frozen=True)
class Kept:
    """A film's file as the clinic keeps it.

    Parameters
    ----------
    content
        Its bytes.
    received_sha256
        Of the file as it was sent.
    identity_encrypted
        What a structured report must name of the original, under the clinic's key; ``None`` where
        the file states none of it.
    """

    content: bytes
    received_sha256: str
    identity_encrypted: str | None

    @cached_property
    def sha256(self) -> str:
        """Of what is kept."""
        return hashlib.sha256(self.content).hexdigest()


def keep(keys: Keys, content: bytes, *, readable: bool) -> Kept:
    """Return a film's file as it is kept.

    Parameters
    ----------
    keys
        The installation's.
    content
        As it was sent.
    readable
        Whether it could be read as a film.
    """
    form = keepable(content, readable=readable)
    named = form.identifiers
    return Kept(
        form.content,
        hashlib.sha256(content).hexdigest(),
        keys.encrypt(json.dumps(named, sort_keys=True)) if named else None,
    )


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
