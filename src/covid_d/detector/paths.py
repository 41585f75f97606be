"""From what a user names (films, folders, patterns) to the list of films."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

SUFFIXES: Final = frozenset({".dcm", ".dicom", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"})


def expand(paths: Iterable[Path | str]) -> list[Path]:
    """Return every film named, in order and each once.

    A file is taken as it is, whatever its suffix. A folder gives the films in and under it, by
    suffix; files without suffix, or with a number for one as in a DICOM UID, are DICOM more often
    than not and are taken too. A pattern (``*``, ``?``, ``[]``, ``**``) gives what it matches,
    since not every shell expands it. What does not exist stays in the list: its answer is a
    refusal, and the other films still get theirs.
    """
    found: dict[Path, None] = {}
    for named in paths:
        for film in _expand_one(os.fspath(named)):
            found.setdefault(film)
    return list(found)


def _expand_one(named: str) -> Iterator[Path]:
    path = Path(named)
    if path.is_dir():
        yield from _films_under(path)
    elif os.path.lexists(named) or not glob.has_magic(named):
        yield path
    else:
        # Not Path.glob: the pattern may be absolute.
        matches = sorted(glob.glob(named, recursive=True))  # noqa: PTH207
        if not matches:
            yield path
        for match in matches:
            yield from _expand_one(match)


def _films_under(folder: Path) -> Iterator[Path]:
    unreadable: list[Path] = []

    def note(error: OSError) -> None:
        unreadable.append(Path(error.filename))

    for parent, folders, files in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(files) if _may_be_film(name))
    yield from unreadable  # not passed over in silence: each becomes a refusal


def _may_be_film(name: str) -> bool:
    if name.startswith(".") or name.upper() == "DICOMDIR":
        return False
    suffix = Path(name).suffix.lower()
    return suffix in SUFFIXES or suffix == "" or suffix[1:].isdecimal()
