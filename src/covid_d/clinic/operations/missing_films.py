"""Which films the database names and the film store no longer holds, or holds altered."""

from __future__ import annotations

import time
from threading import Lock
from typing import Final

from sqlalchemy import select

from covid_d.clinic.database.cases import Film
from covid_d.clinic.errors import UnavailableError
from covid_d.clinic.films import FilmStore, FilmStoreError
from covid_d.clinic.installation import Installation
from covid_d.places import FolderPlace

LISTED_SECONDS: Final = 600.0
"""For how long the list of a bucket counts: asking it for each film would take minutes."""
_listed: dict[str, tuple[float, frozenset[bytes]]] = {}
_lock = Lock()


def missing(installation: Installation) -> list[str]:
    """Return the SHA-256 of films that are not there, without reading those that are.

    A film that is taken out of a bucket is found missing within ten minutes.

    Raises
    ------
    FilmStoreError
        If the store does not answer.
    """
    films, named = installation.films, _named(installation)
    if not isinstance(films.place, FolderPlace):
        there = _list(films)
        named = [sha256 for sha256 in named if bytes.fromhex(sha256) not in there]
    return [sha256 for sha256 in named if not films.has(sha256)]


def damaged(installation: Installation) -> list[str]:
    """Return the SHA-256 of films that are not there or were altered; reads every one.

    Raises
    ------
    FilmStoreError
        If the store does not answer: then nothing was found out.
    """
    found = []
    for sha256 in _named(installation):
        try:
            installation.films.get(sha256)
        except FilmStoreError:
            raise
        except UnavailableError:
            found.append(sha256)
    return found


def _list(films: FilmStore) -> frozenset[bytes]:
    """Return the films of a bucket, as its list was at most ten minutes ago."""
    with _lock:
        at, there = _listed.get(films.place.address, (0.0, frozenset[bytes]()))
        if not at or time.monotonic() - at > LISTED_SECONDS:
            there = frozenset(bytes.fromhex(sha256) for sha256 in films.every())
            _listed[films.place.address] = (time.monotonic(), there)
        return there


def _named(installation: Installation) -> list[str]:
    with installation.reading() as session:
        return list(session.scalars(select(Film.sha256).distinct().order_by(Film.sha256)))
