"""Finding a film by the name that a table gives it."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath

from covid_d.dataset.collections.base import Exclusion, Reason


class Shelf:
    """The folder of a collection, in which films are looked for.

    A name is taken as it is written; where there is no such file, as one that differs in capitals
    or in how accents are stored (a Mac stores them apart), or whose suffix the table leaves out: if
    only one file may be meant.

    Parameters
    ----------
    root
        The folder; no path leads out of it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folders: dict[Path, dict[str, list[str]]] = {}

    def find(self, relative: str) -> tuple[Path | None, Exclusion | None]:
        """Return the file and no exclusion, or no file and the exclusion."""
        path = PurePosixPath(relative.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in (path.parts or ("",))[0]:
            return None, Exclusion(Reason.UNSAFE, relative)
        if not path.parts:
            return None, Exclusion(Reason.MISSING, "the row names no file")
        file = self.root.joinpath(*path.parts)
        try:
            if file.is_file():
                return file, None
            found = self._search(path.parts)
        except (OSError, ValueError):  # a name this file system cannot hold
            found = []
        if len(found) == 1:
            return found[0], None
        names = ", ".join(sorted(place.name for place in found))
        several = f"{relative} may be {names}" if len(found) > 1 else relative
        return None, Exclusion(Reason.MISSING, several)

    def _search(self, parts: tuple[str, ...]) -> list[Path]:
        places = [self.root]
        for part in parts:
            places = [place / name for place in places for name in self._names(place, _key(part))]
        return [place for place in places if place.is_file()]

    def _names(self, folder: Path, key: str) -> list[str]:
        if folder not in self._folders:
            whole: dict[str, list[str]] = {}
            stems: dict[str, list[str]] = {}
            for name in sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else ():
                whole.setdefault(_key(name), []).append(name)
                stems.setdefault(_key(PurePosixPath(name).stem), []).append(name)
            self._folders[folder] = stems | whole
        return self._folders[folder].get(key, [])


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def locate(root: Path, relative: str) -> tuple[Path | None, Exclusion | None]:
    """Find one film inside a collection; see :class:`Shelf`."""
    return Shelf(root).find(relative)
