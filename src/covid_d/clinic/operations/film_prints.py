"""Make the prints that find copies for films that have none: an older version's, or a backup's."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import Select, select

from covid_d.clinic.cases.keeping import stored_print
from covid_d.clinic.database.cases import Film, StoredPrint
from covid_d.clinic.errors import UnavailableError
from covid_d.clinic.installation import Installation
from covid_d.likeness.film_print import FilmPrint
from covid_d.radiograph import RadiographError, read

_log = logging.getLogger(__name__)


def is_print_due(installation: Installation) -> bool:
    """Return whether a readable film has no print yet."""
    return bool(_waiting(installation, most=1))


def make_prints(installation: Installation) -> int:
    """Make the print of every readable film that has none; can be stopped and run again.

    Returns
    -------
    How many rows got one. Films that are gone or altered stay without.
    """
    made = 0
    for sha256 in _waiting(installation):
        try:
            thumbnail = FilmPrint.of(read(installation.films.get(sha256))).packed()
        except (UnavailableError, RadiographError):
            continue
        with installation.writing() as session:
            for number in session.scalars(_without_print(Film.id).where(Film.sha256 == sha256)):
                row = stored_print(thumbnail)
                if row is not None:
                    row.film_id = number
                    session.add(row)
                    made += 1
    if made:
        _log.info("prints of films made", extra={"made": made})
    return made


def _waiting(installation: Installation, most: int | None = None) -> list[str]:
    with installation.reading() as session:
        return list(session.scalars(_without_print(Film.sha256).distinct().limit(most)))


def _without_print(column: Any) -> Select[Any]:
    return (
        select(column)
        .outerjoin(StoredPrint, StoredPrint.film_id == Film.id)
        .where(StoredPrint.film_id.is_(None), Film.width.is_not(None))
    )
