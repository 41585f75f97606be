"""Where the films of an import lie: a folder, a zip, or films sent to the server ahead."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from covid_d.clinic.cases.intake import GivenFilm
from covid_d.clinic.errors import ClinicError
from covid_d.language import N_
from covid_d.radiograph import Projection

MOST_FILMS: Final = 5000
# A number behind a dot is part of the name: stations name films by their UID.
_SUFFIX: Final = re.compile(r"\.(?=[^./]*[a-z])[^./]+$")
_TABLES: Final = (".csv", ".txt", ".xls", ".xlsx", ".ods", ".zip")


class Films(ABC):
    """Films by name. A table names one as it is written, or nearly so.

    A name in a table may leave out the folder or the suffix, or differ in capitals or in how
    accents are stored, if only one film may be meant.

    Parameters
    ----------
    names
        Of every film, with folders, ``/`` between.
    """

    def __init__(self, names: Collection[str]) -> None:
        self.names = frozenset(names)
        self._known: tuple[dict[str, set[str]], ...] = ({}, {}, {}, {})
        for name in names:
            for known, key in zip(self._known, _keys(name), strict=True):
                known.setdefault(key, set()).add(name)
        self._flat = not any("/" in name for name in names)
        self._digests: dict[str, str] = {}

    def find(self, named: str) -> Collection[str]:
        """Return the films that a table's name may mean: one, none or several."""
        plain = named.strip().replace("\\", "/").removeprefix("./")
        if plain in self.names:
            return (plain,)
        whole, _, base, _ = _keys(plain)
        tried = [(0, whole), (1, whole)]
        if "/" not in plain or self._flat:  # a folder that is named must be there, if any is
            tried += [(2, base), (3, base)]
        for place, key in tried:
            if key in self._known[place]:
                return tuple(sorted(self._known[place][key]))
        return ()

    def unnamed(self, named: Collection[str]) -> tuple[str, ...]:
        """Return the films that no row names; a table lying among them is none."""
        left = self.names - set(named)
        return tuple(sorted(name for name in left if not name.lower().endswith(_TABLES)))

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a film as it was sent."""
        if name not in self._digests:
            self._digests[name] = hashlib.sha256(self.read(name)).hexdigest()
        return self._digests[name]

    def given(self, name: str, projection: Projection | None) -> GivenFilm:
        """Return a film as a case takes it."""
        return GivenFilm(self.read(name), projection)

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return a film's bytes.

        Raises
        ------
        ClinicError
            If it cannot be read.
        """


class FolderFilms(Films):
    """The films of a folder and the folders in it; links that lead out of it are not followed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        super().__init__(tuple(_inside(folder)))

    def read(self, name: str) -> bytes:
        """Return a film's bytes."""
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise ClinicError(
                N_("Cannot read %(path)s: %(reason)s.", path=name, reason=error.strerror or error)
            ) from error


class ZipFilms(Films):
    """The films of a zip.

    Parameters
    ----------
    archive
        The zip, open.
    largest
        Bytes that one film may have.
    """

    def __init__(self, archive: zipfile.ZipFile, *, largest: int) -> None:
        self._archive, self._largest = archive, largest
        found = [entry.filename for entry in archive.infolist() if _is_film(entry)]
        if len(found) > MOST_FILMS:
            raise ClinicError(N_("The zip holds more than %(n)d files.", n=MOST_FILMS))
        super().__init__(found)

    def read(self, name: str) -> bytes:
        """Return a film's bytes; never more than one may have, whatever the zip says of it."""
        try:
            with self._archive.open(name) as stream:
                content = stream.read(self._largest + 1)
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise ClinicError(
                N_("Cannot read %(path)s: %(reason)s.", path=name, reason=str(error))
            ) from error
        if len(content) > self._largest:
            raise ClinicError(N_("%(path)s is larger than a film may be.", path=name))
        return content


class SentFilms(Films):
    """Films that were sent to the server ahead of their import.

    Parameters
    ----------
    sent
        Name -> the token under which it waits, and the SHA-256 of the file as it was sent.
    """

    def __init__(self, sent: Mapping[str, tuple[str, str]]) -> None:
        super().__init__(sent)
        self._tokens = {name: token for name, (token, _) in sent.items()}
        self._digests = {name: sha256 for name, (_, sha256) in sent.items()}

    def given(self, name: str, projection: Projection | None) -> GivenFilm:
        """Return a film as a case takes it: by its token."""
        return GivenFilm(None, projection, self._tokens[name])

    def read(self, name: str) -> bytes:
        """Not needed: such films are known by their tokens."""
        raise NotImplementedError(name)


def _keys(name: str) -> tuple[str, str, str, str]:
    """Return the keys under which a film is found: whole name, without suffix; both of the file."""
    whole = _plain(name)
    base = whole.rpartition("/")[2]
    return whole, _SUFFIX.sub("", whole), base, _SUFFIX.sub("", base)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _inside(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(place) / name
            if not name.startswith(".") and not path.is_symlink():
                yield path.relative_to(folder).as_posix()


def _is_film(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(entry.filename).parts
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return not entry.is_dir() and not hidden
