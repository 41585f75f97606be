"""Which films the database names and the disk no longer holds, or holds altered."""

from __future__ import annotations

from sqlalchemy import select

from covid_d.clinic.database.cases import Film
from covid_d.clinic.errors import UnavailableError
from covid_d.clinic.installation import Installation


def missing(installation: Installation) -> list[str]:
    """Return the SHA-256 of films that are not there, without reading those that are."""
    return [sha256 for sha256 in _named(installation) if not installation.films.has(sha256)]


def damaged(installation: Installation) -> list[str]:
    """Return the SHA-256 of films that are not there or were altered; reads every one."""
    found = []
    for sha256 in _named(installation):
        try:
            installation.films.get(sha256)
        except UnavailableError:
            found.append(sha256)
    return found


def _named(installation: Installation) -> list[str]:
    with installation.reading() as session:
        return list(session.scalars(select(Film.sha256).distinct().order_by(Film.sha256)))
