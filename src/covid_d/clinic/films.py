"""The film store: the bytes of every accepted film, under their SHA-256, in a folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from covid_d.clinic.errors import UnavailableError
from covid_d.errors import CovidDError
from covid_d.files import write_atomically
from covid_d.language import N_

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FilmStore:
    """Films in a folder; the same film is kept once, and nothing is named by a user.

    Parameters
    ----------
    folder
        Where they lie.
    """

    folder: Path

    def put(self, content: bytes) -> str:
        """Keep a film durably and return its SHA-256.

        Raises
        ------
        UnavailableError
            If it cannot be written: no space, no permission.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        path = self._path(sha256)
        if not path.exists():
            try:
                write_atomically(path, content, mode=0o600)
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
        UnavailableError
            If the film is gone or was altered on disk.
        """
        try:
            content = self._path(sha256).read_bytes()
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
        """Return whether a film is there."""
        return self._path(sha256).is_file()

    def remove(self, sha256: str) -> None:
        """Remove a film that no case names."""
        self._path(sha256).unlink(missing_ok=True)

    def left_since(self, moment: datetime) -> Iterator[str]:
        """Yield the SHA-256 of films written before ``moment``; remove half-written files.

        A killed process may leave either: a film that no case came to name, or part of one.
        """
        for path in self.folder.glob("??/*"):
            with suppress(OSError):  # removed meanwhile
                if path.stat().st_mtime >= moment.timestamp():
                    continue
                if path.name.startswith("."):
                    path.unlink()
                else:
                    yield path.name

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"not a SHA-256: {sha256!r}")
        return self.folder / sha256[:2] / sha256
