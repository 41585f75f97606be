"""The film store: the bytes of every accepted film, under their SHA-256, in a folder or a bucket.

Several servers may share one: the same film has the same name whoever stores it, each file is whole
or not there, and nothing is ever changed in place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from covid_d.clinic.errors import UnavailableError
from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.places import KeptFile, Place, StoreError

FOLDER: Final = "films"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PROBE: Final = f"{FOLDER}/.probe"


class FilmStoreError(UnavailableError):
    """The film store does not answer: nothing is known of its films, good or bad."""

    def __init__(self) -> None:
        super().__init__(
            N_("The film store does not answer."),
            N_("Tell the administrator, then try again. Nothing was saved."),
            code="film_store_away",
        )


@dataclass(frozen=True, slots=True)
class FilmStore:
    """Films by their content; the same film is kept once, and nothing is named by a user.

    Parameters
    ----------
    place
        Where they lie.
    """

    place: Place

    def put(self, content: bytes) -> str:
        """Keep a film durably and return its SHA-256.

        Raises
        ------
        FilmStoreError
            If the store does not answer.
        UnavailableError
            If it cannot be written: no space, no permission.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        name = _name(sha256)
        try:
            if not self.place.has(name):
                self.place.write(name, content, mode=0o600)
        except StoreError as error:
            raise FilmStoreError from error
        except CovidDError as error:
            raise UnavailableError(
                N_("The film could not be stored: the server's disk is full or read-only."),
                N_("Tell the administrator, then send the form again. Nothing was saved."),
                code="storage_full",
            ) from error
        return sha256

    def get(self, sha256: str) -> bytes:
        """Return a film's bytes.

        Raises
        ------
        FilmStoreError
            If the store does not answer.
        UnavailableError
            If the film is gone or was altered in the store.
        """
        try:
            with _answering():
                content = self.place.read(_name(sha256))
        except OSError as error:
            raise UnavailableError(
                N_("The film is no longer in the server's film folder."),
                N_("Tell the administrator: it can be restored from a backup."),
                code="film_missing",
            ) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise UnavailableError(
                N_("The film was altered on the server's disk and is not shown."),
                N_("Tell the administrator: it can be restored from a backup."),
                code="film_altered",
            )
        return content

    def has(self, sha256: str) -> bool:
        """Return whether a film is there.

        Raises
        ------
        FilmStoreError
            If the store does not answer.
        """
        with _answering():
            return self.place.has(_name(sha256))

    def remove(self, sha256: str) -> None:
        """Remove a film that no case names.

        Raises
        ------
        FilmStoreError
            If the store does not answer.
        """
        with _answering():
            self.place.remove(_name(sha256))

    def left_since(self, moment: datetime) -> Iterator[str]:
        """Yield the SHA-256 of films written before ``moment``; remove half-written files.

        A killed process may leave either: a film that no case came to name, or part of one.

        Raises
        ------
        FilmStoreError
            If the store does not answer.
        """
        with _answering():
            for kept, name in self._kept():
                if kept.written >= moment:
                    continue
                if name.startswith("."):
                    self.place.remove(kept.name)
                elif _SHA256.fullmatch(name):
                    yield name

    def every(self) -> Iterator[str]:
        """Yield the SHA-256 of every film that is there.

        Raises
        ------
        FilmStoreError
            If the store does not answer.
        """
        with _answering():
            yield from (name for _, name in self._kept() if _SHA256.fullmatch(name))

    def _kept(self) -> Iterator[tuple[KeptFile, str]]:
        """Yield what lies in the folder of films, each with its bare name."""
        for kept in self.place.below(FOLDER):
            yield kept, kept.name.rpartition("/")[2]

    def can_write(self) -> bool:
        """Return whether a film could be stored now, by storing a byte."""
        try:
            self.place.write(_PROBE, b"\0", mode=0o600)
            self.place.remove(_PROBE)
        except (OSError, CovidDError):
            return False
        return True


def _name(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"not a SHA-256: {sha256!r}")
    return f"{FOLDER}/{sha256[:2]}/{sha256}"


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise FilmStoreError from error
