"""One server on SQLite: a second one on the same data folder is refused.

PostgreSQL has what several servers need (counts of requests, locks, one clock); SQLite's file has
not, and two servers would each count requests alone. Commands may work beside a server.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from covid_d.clinic.file_lock import TakenError, file_lock
from covid_d.clinic.settings import ClinicSettings
from covid_d.errors import CovidDError
from covid_d.language import N_

LOCK: Final = "server.lock"


@contextmanager
def serving(folder: Path, settings: ClinicSettings) -> Iterator[None]:
    """Say that this process serves a clinic; ends with the process, however it ends.

    Parameters
    ----------
    folder
        The data folder.
    settings
        Of the clinic.

    Raises
    ------
    CovidDError
        If another process serves it and the database is SQLite.
    """
    if settings.on_postgresql:
        yield
        return
    try:
        with file_lock(folder / LOCK, wait=False):
            yield
    except TakenError as error:
        raise CovidDError(
            N_("Another process serves the clinic in %(folder)s already.", folder=folder),
            N_(
                "Open that one in a browser, or stop it first. Several servers of one clinic "
                "need PostgreSQL (COVID_D_DATABASE_URL)."
            ),
        ) from error
