"""One installation of the clinic: its database, keys, films and detector, made once per process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from covid_d.clinic.database import engine as database
from covid_d.clinic.database.migrate import upgrade
from covid_d.clinic.desk import Desk
from covid_d.clinic.films import FilmStore
from covid_d.clinic.keys import Keys
from covid_d.errors import CovidDError
from covid_d.settings import Settings, settings

DATABASE_FILE = "clinic.sqlite3"


@dataclass(frozen=True, slots=True)
class Installation:
    """What every service of the clinic works on.

    Parameters
    ----------
    folder
        The data folder.
    settings
        The settings it was opened with.
    engine
        The database.
    keys
        The secret keys.
    films
        The film store.
    desk
        Answers films with the active bundle.
    """

    folder: Path
    settings: Settings
    engine: Engine
    keys: Keys
    films: FilmStore
    desk: Desk

    @classmethod
    def open(cls, chosen: Settings | None = None) -> Installation:
        """Open the data folder, bring the database up to date and load the active bundle.

        Raises
        ------
        CovidDError
            If the folder, the database or the bundle cannot be used.
        """
        given = chosen or settings()
        folder = data_folder(given)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise CovidDError(
                f"Cannot make the data folder {folder}: {error.strerror}.",
                "Choose another one with COVID_D_DATA.",
            ) from error
        engine = database.open_engine(database_url(given))
        keys = Keys.of(folder)
        upgrade(engine)
        return cls(
            folder,
            given,
            engine,
            keys,
            FilmStore(folder / "films"),
            Desk(folder / "bundles", engine),
        )

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a database session that changes nothing."""
        with database.reading(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Yield a database session that is committed whole or not at all."""
        with database.writing(self.engine) as session:
            yield session

    def close(self) -> None:
        """Close the database's connections."""
        self.engine.dispose()


def data_folder(chosen: Settings) -> Path:
    """Return the data folder, absolute."""
    return chosen.data.expanduser().absolute()


def database_url(chosen: Settings) -> str:
    """Return the database's URL: the setting, else SQLite in the data folder."""
    if chosen.database_url is not None:
        return chosen.database_url.get_secret_value()
    return f"sqlite:///{data_folder(chosen) / DATABASE_FILE}"
