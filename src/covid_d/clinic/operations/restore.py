"""Bring a backup back, into an empty data folder and an empty database."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import Column, Date, DateTime, Engine, Integer, MetaData, insert, inspect, text
from sqlalchemy import Table as SqlTable

from covid_d.clinic.database.engine import open_engine
from covid_d.clinic.database.migrate import upgrade
from covid_d.clinic.installation import DATABASE_FILE, data_folder, database_url
from covid_d.clinic.keys import FILE as KEY_FILE
from covid_d.clinic.operations.backup import FORMAT, MANIFEST, READ, TABLES, Manifest, Progress
from covid_d.clinic.private_folder import make_private
from covid_d.clinic.settings import ClinicSettings
from covid_d.errors import CovidDError
from covid_d.files import write_atomically
from covid_d.language import N_

_AGAIN: Final = N_("Use another backup, or copy this one again from where it is kept.")
_BATCH: Final = 500


def read_manifest(archive: Path) -> Manifest:
    """Return what a backup says of itself.

    Raises
    ------
    CovidDError
        If it is no backup, damaged or of a newer format.
    """
    with _open(archive) as opened:
        return _manifest(opened, archive)


def restore(
    archive: Path, settings: ClinicSettings, *, progress: Progress = lambda done, total: None
) -> Manifest:
    """Restore a backup into the settings' data folder and database, both empty.

    Every file is checked against its SHA-256 before it counts; the database is filled last, in one
    transaction, so that a killed restore leaves no half database and can be run again.

    Raises
    ------
    CovidDError
        If the folder or database is not empty, or the backup is damaged or too new.
    """
    folder = data_folder(settings)
    with _open(archive) as opened:
        manifest = _manifest(opened, archive)
        _refuse_used(opened, folder)
        make_private(folder, None if settings.database_url is not None else folder / DATABASE_FILE)
        engine = open_engine(database_url(settings))
        try:
            upgrade(engine, manifest.revision)
            _refuse_filled(engine)
            _restore_files(opened, archive, manifest, folder, progress)
            _restore_tables(opened, archive, manifest, engine)
            upgrade(engine)
        finally:
            engine.dispose()
    return manifest


def _restore_files(
    opened: zipfile.ZipFile, archive: Path, manifest: Manifest, folder: Path, progress: Progress
) -> None:
    names = [name for name in manifest.files if not name.startswith(f"{TABLES}/")]
    for done, name in enumerate(names):
        progress(done, len(names))
        path = folder / name
        # Names are the archive's: they must not lead out of the folder.
        if not path.resolve().is_relative_to(folder.resolve()):
            raise CovidDError(
                N_(
                    "The backup %(archive)s names a file outside: %(name)r.",
                    archive=archive,
                    name=name,
                ),
                _AGAIN,
            )
        _check(opened, archive, manifest, name)
        write_atomically(path, opened.read(name), mode=0o600)
    progress(len(names), len(names))


def _restore_tables(
    opened: zipfile.ZipFile, archive: Path, manifest: Manifest, engine: Engine
) -> None:
    metadata = MetaData()
    # As the backup's revision has them, not as today's code does.
    metadata.reflect(engine)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            if table.name not in manifest.rows:
                continue
            name = f"{TABLES}/{table.name}.jsonl"
            _check(opened, archive, manifest, name)
            with opened.open(name) as stream:
                rows = _rows(stream, table)
                while batch := list(islice(rows, _BATCH)):
                    connection.execute(insert(table), batch)
            if engine.dialect.name == "postgresql":
                _advance_counter(connection, table)


def _advance_counter(connection: Any, table: SqlTable) -> None:
    """Let PostgreSQL count on after the restored keys."""
    for column in table.primary_key:
        if isinstance(column.type, Integer) and column.server_default is not None:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'), "  # noqa: S608 - our own names
                    f"COALESCE((SELECT MAX({column.name}) FROM {table.name}), 1))"
                )
            )


def _rows(stream: IO[bytes], table: SqlTable) -> Iterator[dict[str, Any]]:
    for line in stream:
        values: dict[str, Any] = json.loads(line)
        yield {name: _value(value, table.columns[name]) for name, value in values.items()}


def _value(value: Any, column: Column[Any]) -> Any:
    if isinstance(value, str) and isinstance(column.type, DateTime):
        return datetime.fromisoformat(value)
    if isinstance(value, str) and isinstance(column.type, Date):
        return date.fromisoformat(value)
    return value


def _open(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except FileNotFoundError as error:
        raise CovidDError(
            N_("There is no backup at %(archive)s.", archive=archive), N_("Check the path.")
        ) from error
    except (zipfile.BadZipFile, OSError, struct.error, ValueError) as error:
        raise CovidDError(
            N_(
                "%(archive)s is not a backup, or is damaged (%(error)s).",
                archive=archive,
                error=error,
            ),
            _AGAIN,
        ) from error


def _manifest(opened: zipfile.ZipFile, archive: Path) -> Manifest:
    try:
        raw = json.loads(opened.read(MANIFEST))
        if raw["format"] not in READ:
            raise CovidDError(
                N_(
                    "The backup %(archive)s has format %(format)r; this COVID-D reads up "
                    "to %(newest)s.",
                    archive=archive,
                    format=raw["format"],
                    newest=FORMAT,
                ),
                N_("Restore it with the version that made it, or a newer one."),
            )
        return Manifest(**raw)
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise CovidDError(
            N_("%(archive)s is not a backup of COVID-D, or is damaged.", archive=archive), _AGAIN
        ) from error


def _check(opened: zipfile.ZipFile, archive: Path, manifest: Manifest, name: str) -> None:
    try:
        with opened.open(name) as stream:
            digest = hashlib.sha256()
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise CovidDError(
            N_("The backup %(archive)s is damaged at %(name)r.", archive=archive, name=name), _AGAIN
        ) from error
    if digest.hexdigest() != manifest.files.get(name):
        raise CovidDError(
            N_("The backup %(archive)s was altered: %(name)r.", archive=archive, name=name), _AGAIN
        )


def _refuse_used(opened: zipfile.ZipFile, folder: Path) -> None:
    """Never replace a key: whatever was encrypted with it could not be read again.

    The backup's own key is what a killed restore left.
    """
    key = folder / KEY_FILE
    if not key.exists():
        return
    if KEY_FILE not in opened.namelist() or opened.read(KEY_FILE) != key.read_bytes():
        raise CovidDError(
            N_("There is an installation in %(folder)s already.", folder=folder),
            N_("Restore into an empty folder: --data FOLDER, or COVID_D_DATA."),
        )


def _refuse_filled(engine: Engine) -> None:
    names = inspect(engine).get_table_names()
    with engine.connect() as connection:
        for name in ("audit_entry", "user_account", "patient_case"):
            if name in names and connection.execute(text(f"SELECT 1 FROM {name} LIMIT 1")).first():  # noqa: S608 - our own names
                raise CovidDError(
                    N_("The database holds an installation already."),
                    N_("Restore into an empty database (COVID_D_DATABASE_URL)."),
                )
