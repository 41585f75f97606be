"""File names for films: unique in the data set, and valid on every system."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

_LONGEST: Final = 100
_SUFFIXES: Final = {
    "DICOM": (".png",),
    "JPEG": (".jpg", ".jpeg"),
    "PNG": (".png",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "JPEG 2000": (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"),
}


def film_suffix(original: str, container: str, *, rendered: bool) -> str:
    """Return the suffix that tells what the written file is.

    Parameters
    ----------
    original
        The film's name in its collection, whose suffix may be false.
    container
        What the file really is, as in :class:`covid_d.radiograph.Facts`.
    rendered
        Whether it is written as PNG.
    """
    known = _SUFFIXES["PNG"] if rendered else _SUFFIXES.get(container, ("",))
    own = PurePosixPath(original).suffix.lower()
    return own if own in known else known[0]


def film_names(films: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return a name for each film: source, original name, suffix.

    Letters, digits, ``.``, ``-`` and ``_`` only; never two names that differ in capitals alone; no
    name that Windows reserves (the source stands in front).

    Parameters
    ----------
    films
        (source, path inside the collection, suffix) of each film.
    """
    taken: set[str] = set()
    names = []
    for source, original, suffix in films:
        stem = PurePosixPath(original).stem
        base = re.sub(r"[^A-Za-z0-9._-]+", "_", f"{source}-{stem}")[:_LONGEST].strip("._ ")
        name, number = f"{base}{suffix}", 1
        while name.lower() in taken:
            number += 1
            name = f"{base}-{number}{suffix}"
        taken.add(name.lower())
        names.append(name)
    return names
