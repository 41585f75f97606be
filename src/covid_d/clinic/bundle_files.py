"""Files of installed bundles: where films lie, and a copy in the data folder that is read.

With a shared film store every server finds there what another one installed; a bundle is known by
its hash, so a copy cannot be an old one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from covid_d.clinic.films import FilmStoreError
from covid_d.detector import Bundle
from covid_d.errors import BundleError
from covid_d.files import write_atomically
from covid_d.language import N_
from covid_d.places import FolderPlace, Place, StoreError

FOLDER: Final = "bundles"
_NAME: Final = re.compile(r"([0-9a-f]{64})\.zip")


@dataclass(frozen=True, slots=True)
class BundleFiles:
    """Packed bundles under their SHA-256.

    Parameters
    ----------
    folder
        In the data folder, where they are read from.
    place
        Where every server finds them.
    """

    folder: Path
    place: Place

    def load(self, sha256: str) -> Bundle:
        """Return an installed bundle.

        Raises
        ------
        BundleError
            If it is nowhere, cannot be used, or is another one.
        """
        try:
            found = Bundle.load(self.path(sha256))
        except BundleError:
            if self._is_place:
                raise
            self._fetch(sha256)  # another server installed it, or this copy is damaged
            found = Bundle.load(self.path(sha256))
        if found.id.sha256 != sha256:
            raise BundleError(
                N_("The file of bundle %(sha256)s holds another one.", sha256=sha256[:12]),
                N_("Install it again from its source."),
            )
        return found

    def path(self, sha256: str) -> Path:
        """Return where this server reads a bundle from, whether or not it is there yet."""
        return self.folder / f"{sha256}.zip"

    def share(self, sha256: str) -> None:
        """Have every server find a bundle that lies in the folder.

        Raises
        ------
        StoreError
            If the store does not answer.
        """
        if not self._is_place:
            self.place.write(_named(sha256), self.path(sha256).read_bytes())

    def every(self) -> list[str]:
        """Return the SHA-256 of every packed bundle.

        Raises
        ------
        FilmStoreError
            If the store does not answer.
        """
        try:
            found = (_NAME.fullmatch(name) for name in self.place.names(FOLDER))
            return [match[1] for match in found if match]
        except StoreError as error:
            raise FilmStoreError from error

    def packed(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and bytes of every packed bundle, for a backup.

        Raises
        ------
        FilmStoreError
            If the store does not answer.
        """
        for sha256 in self.every():
            try:
                yield _named(sha256), self.place.read(_named(sha256))
            except StoreError as error:
                raise FilmStoreError from error

    @property
    def _is_place(self) -> bool:
        """Whether the folder is the place itself."""
        return isinstance(self.place, FolderPlace) and self.place.folder / FOLDER == self.folder

    def _fetch(self, sha256: str) -> None:
        try:
            content = self.place.read(_named(sha256))
        except FileNotFoundError:
            return  # loading says that it is nowhere
        except StoreError as error:
            raise BundleError(*error.sentences) from error
        write_atomically(self.path(sha256), content, mode=0o600)


def _named(sha256: str) -> str:
    return f"{FOLDER}/{sha256}.zip"
