"""One installation of the clinic: its database, keys, films and detector, made once per process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from covid_d.clinic import bundle_files, key_change, seals, shared_notes, store_mark
from covid_d.clinic.active_detector import ActiveDetector
from covid_d.clinic.bundle_files import BundleFiles
from covid_d.clinic.clock import Clock
from covid_d.clinic.database import engine as database
from covid_d.clinic.database.migrate import is_current, revision, upgrade
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.films import FilmStore
from covid_d.clinic.keys import FILE as KEY_FILE
from covid_d.clinic.keys import Keys
from covid_d.clinic.private_folder import make_private
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail import anchor, audit_trail
from covid_d.clinic.trail.act import Act, acting
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.places import BucketPlace, FolderPlace, Place

DATABASE_FILE = "clinic.sqlite3"
_PATIENCE: Final = 60.0
"""Seconds for a film store to answer: somebody waits before a form."""


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
    active_detector
        Answers films with the active bundle.
    """

    folder: Path
    settings: ClinicSettings
    engine: Engine
    keys: Keys
    films: FilmStore
    active_detector: ActiveDetector

    @property
    def clock(self) -> Clock:
        """What this installation calls a day."""
        return Clock(ZoneInfo(self.settings.time_zone))

    @classmethod
    def open(
        cls, chosen: ClinicSettings | None = None, *, only_reading: bool = False
    ) -> Installation:
        """Open the data folder, bring the database up to date and load the active bundle.

        Parameters
        ----------
        chosen
            The settings.
        only_reading
            Refuse a database of an older version, rather than change it.

        Raises
        ------
        CovidDError
            If the folder, the database or the bundle cannot be used, or if the key of a
            database in use is gone: a new one could read none of it.
        """
        given = chosen or ClinicSettings()
        folder = data_folder(given)
        make_private(folder, None if given.database_url is not None else folder / DATABASE_FILE)
        engine = database.open_engine(database_url(given))
        key_change.settle(folder, engine, given.trail_anchor)
        if not (folder / KEY_FILE).exists() and _is_in_use(engine):
            raise CovidDError(
                N_(
                    "The clinic's database is there, but its %(key_file)s is missing "
                    "from %(folder)s.",
                    key_file=KEY_FILE,
                    folder=folder,
                ),
                N_("Put it back from where it is kept: without it no encrypted entry can be read."),
            )
        place = film_place(given)
        keys = Keys.of(folder)
        if only_reading and not is_current(engine):
            engine.dispose()
            raise CovidDError(
                N_("The clinic's database is of another version of COVID-D, and is left alone."),
                N_("Make a backup, then start the clinic once: that brings it up to date."),
            )
        upgrade(engine)
        _require_own_key(engine, keys, folder)
        if not only_reading:
            seals.begin(folder, engine, keys)
            store_mark.settle(place, engine, keys)
        return cls(
            folder,
            given,
            engine,
            keys,
            FilmStore(place),
            ActiveDetector(BundleFiles(folder / bundle_files.FOLDER, place), engine, keys),
        )

    @classmethod
    def open_existing(cls, chosen: ClinicSettings, *, only_reading: bool = False) -> Installation:
        """As :meth:`open`, of a clinic that is there already: makes none.

        Raises
        ------
        CovidDError
            Also if the folder holds no clinic.
        """
        folder = data_folder(chosen)
        wanted = [KEY_FILE] if chosen.database_url is not None else [KEY_FILE, DATABASE_FILE]
        missing = [name for name in wanted if not (folder / name).is_file()]
        if missing:
            raise CovidDError(
                N_(
                    "There is no clinic in %(folder)s: it holds no %(missing)s.",
                    folder=folder,
                    missing=missing[0],
                ),
                N_("Name its data folder with --data or COVID_D_DATA."),
            )
        return cls.open(chosen, only_reading=only_reading)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a database session that changes nothing."""
        with database.reading(self.engine, self.keys.seal) as session:
            yield session

    @contextmanager
    def act(self, actor: Actor) -> Iterator[Act]:
        """Yield a unit of work: changes and their trace, committed whole or not at all.

        Parameters
        ----------
        actor
            Who acts, and from where.

        Raises
        ------
        UnrecordedError
            If rows changed and nothing was recorded.
        """
        with acting(self.engine, self.keys, actor) as act:
            yield act
        if act.anchor is not None:
            anchor.note(self.folder, self.keys, act.anchor, self.settings.trail_anchor)

    def verify_trail(self, expect: str = audit_trail.START) -> audit_trail.Verification:
        """Read the whole audit trail and hold it against its anchors.

        Parameters
        ----------
        expect
            A head noted earlier.
        """
        anchors = (
            anchor.read(self.folder, self.keys),
            anchor.read_outside(self.settings.trail_anchor),
        )
        with self.reading() as session:
            return audit_trail.verify(session, self.keys, expect=expect, anchors=anchors)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Yield a session that is committed whole or not at all, without a trace.

        Only for what the trail is not told of: when a session or a token was last used, a film
        that is taken off a form. Everything else is an :meth:`act`; a test names the exceptions.
        """
        with database.writing(self.engine, self.keys.seal) as session:
            yield session

    def close(self) -> None:
        """Close the database's connections."""
        self.engine.dispose()


def _is_in_use(engine: Engine) -> bool:
    """Return whether anything was ever done in this database."""
    if revision(engine) is None:
        return False
    with database.reading(engine) as session:
        return session.scalar(select(AuditEntry.sequence).limit(1)) is not None


def _require_own_key(engine: Engine, keys: Keys, folder: Path) -> None:
    with database.reading(engine) as session:
        other = shared_notes.has_other_key(session, keys)
    if other:
        engine.dispose()
        raise CovidDError(
            N_(
                "The %(key_file)s in %(folder)s is not the key of this database.",
                key_file=KEY_FILE,
                folder=folder,
            ),
            N_("Copy it from another server of this clinic, or from where it is kept."),
        )


def data_folder(chosen: ClinicSettings) -> Path:
    """Return the data folder, absolute."""
    return chosen.data.expanduser().absolute()


def film_place(chosen: ClinicSettings) -> Place:
    """Return where films and bundles lie: the setting's store, else the data folder.

    Raises
    ------
    CovidDError
        If the setting is no address of a store, or its library is not installed.
    """
    if chosen.film_store is None:
        return FolderPlace(data_folder(chosen))
    place = BucketPlace(chosen.film_store, _PATIENCE)
    place.open()
    return place


def database_url(chosen: ClinicSettings) -> str:
    """Return the database's URL: the setting, else SQLite in the data folder."""
    if chosen.database_url is not None:
        return chosen.database_url.get_secret_value()
    return f"sqlite:///{data_folder(chosen) / DATABASE_FILE}"
