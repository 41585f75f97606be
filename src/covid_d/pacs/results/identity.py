"""What names our objects: the same film and bundle give the same names, whoever asks, and when."""

from __future__ import annotations

import hashlib
from typing import Final, Literal
from uuid import UUID, uuid5

from pydicom import Dataset
from pydicom.uid import UID

Kind = Literal[
    "series-report",
    "series-picture",
    "series-document",
    "series-reading",
    "report",
    "picture",
    "document",
    "reading",
    "device",
    "hidden",
]

_NAMESPACE: Final = UUID("6f0c8f1e-8f0b-5d0e-9a53-0c0d1d19c0de")
# Whose film it is, and which study it belongs to: sent again with another name, it is another.
_OWNER: Final = ("PatientID", "PatientName", "PatientBirthDate", "StudyInstanceUID", "Rows")


def fingerprint(film: Dataset) -> str:
    """Return a SHA-256 over what makes a film this film of this patient.

    Elements that a PACS adds on the way (its own times, private ones) are left out, so that the
    same film forwarded twice is one film.
    """
    digest = hashlib.sha256()
    for keyword in ("SOPInstanceUID", *_OWNER):
        digest.update(f"{keyword}={film.get(keyword, '')}\n".encode())
    pixels = film.get("PixelData", b"")
    digest.update(pixels if isinstance(pixels, bytes) else b"")
    return digest.hexdigest()


def uid(kind: Kind, *parts: str) -> UID:
    """Return the UID of an object of ours (PS3.5 B.2: ``2.25.`` and a UUID as a decimal number).

    Parameters
    ----------
    kind
        What the UID names.
    parts
        What it belongs to: fingerprint of the film, hash of the bundle.
    """
    return UID(f"2.25.{uuid5(_NAMESPACE, '|'.join((kind, *parts))).int}")
