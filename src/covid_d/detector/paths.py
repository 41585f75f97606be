"""From what a user names (films, folders, patterns) to the list of films."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from covid_d.radiograph.suffixes import may_be_film


def expand(paths: Iterable[Path | str]) -> list[Path]:
    """Return every film named, in order and each once.

    A file is taken as it is, whatever its suffix. A folder gives the films in and under it, by
    suffix; files without suffix, or with a number for one as in a DICOM UID, are DICOM more often
    than not and are taken too. A pattern (``*``, ``?``, ``[]``, ``**``) gives what it matches,
    since not every shell expands it; over links that lead back it gives a film once. What does not
    exist stays in the list: its answer is a refusal, and the other films still get theirs.
    """
    found: dict[Path, None] = {}
    real: set[str] = set()
    for named in [os.fspath(path) for path in paths]:
        films = [Path(named)] if _is_plain(named) else _Expansion(real).films(named)
        for film in films:
            found.setdefault(film)
            real.add(os.path.realpath(film))
    return list(found)


def missing(paths: Iterable[Path | str]) -> list[str]:
    """Return what a user named and what names nothing: a path, or a pattern without a match."""
    return [
        named
        for named in [os.fspath(path) for path in paths]
        if not Path(named).exists() and (_is_plain(named) or next(_matches(named), None) is None)
    ]


def _is_plain(named: str) -> bool:
    """Return whether it names one film, there or not, rather than a folder or a pattern."""
    if Path(named).is_dir():
        return False
    return os.path.lexists(named) or not glob.has_magic(named)


def _matches(pattern: str) -> Iterator[str]:
    # Not Path.glob: the pattern may be absolute.
    return glob.iglob(pattern, recursive=True)  # noqa: PTH207


class _Expansion:
    """What one folder or pattern gives; nothing that was found before by another way.

    Parameters
    ----------
    found
        Real paths of the films found so far.
    """

    def __init__(self, found: set[str]) -> None:
        self._found = found
        self._walked: set[str] = set()

    def films(self, named: str) -> Iterator[Path]:
        if Path(named).is_dir():
            yield from self._new(films_under(named))
            return
        # A ** follows links, so that a link that leads back gives one folder many names: the
        # shortest is taken first.
        matches = sorted(_matches(named), key=lambda match: (match.count(os.sep), match))
        for match in matches:
            yield from self._of_match(match)
        if not matches:
            yield Path(named)

    def _of_match(self, match: str) -> Iterator[Path]:
        if not Path(match).is_dir():
            yield from self._new([Path(match)])
        elif os.path.realpath(match) not in self._walked:
            self._walked.add(os.path.realpath(match))
            yield from self._new(films_under(match))

    def _new(self, films: Iterable[Path]) -> Iterator[Path]:
        for film in films:
            # Of two links that lead nowhere each is one of its own.
            real = os.path.realpath(film) if film.exists() else os.path.abspath(film)  # noqa: PTH100
            if real not in self._found:
                self._found.add(real)
                yield film


def films_under(folder: str) -> Iterator[Path]:
    """Yield the films in and under a folder as they are found, folder by folder, in order.

    What cannot be looked into is yielded too, last: its answer is a refusal.
    """
    unreadable: list[Path] = []

    def note(error: OSError) -> None:
        unreadable.append(Path(error.filename))

    for parent, folders, files in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(parent, name)
            # A link that leads nowhere may have led to a folder of films: not passed over.
            if may_be_film(name) or (not name.startswith(".") and not path.exists()):
                yield path
    yield from unreadable  # not passed over in silence: each becomes a refusal
