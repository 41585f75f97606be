"""Bring a backup back, into an empty data folder and an empty database."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from shutil import disk_usage
from typing import IO, Any, Final

from sqlalchemy import Column, Date, DateTime, Engine, Integer, MetaData, insert, inspect, text
from sqlalchemy import Table as SqlTable
from sqlalchemy.orm import Session

from covid_d.clinic import bundle_files, films, seals, store_mark
from covid_d.clinic.database.engine import open_engine
from covid_d.clinic.database.migrate import upgrade
from covid_d.clinic.installation import DATABASE_FILE, data_folder, database_url, film_place
from covid_d.clinic.keys import FILE as KEY_FILE
from covid_d.clinic.keys import Keys
from covid_d.clinic.operations.backup import (
    AUTHENTICATED,
    FORMAT,
    MANIFEST,
    READ,
    TABLES,
    Manifest,
    Progress,
)
from covid_d.clinic.private_folder import make_private
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail import anchor, audit_trail
from covid_d.clinic.trail.anchor import Anchor
from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.places import FolderPlace, Place, StoreError

_AGAIN: Final = N_("Use another backup, or copy this one again from where it is kept.")
_BATCH: Final = 500
_LARGEST_MANIFEST: Final = 256 << 20
_LARGEST_FILE: Final = 2 << 30
"""Bytes of a film, a bundle or the key: what is read whole."""


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
    archive: Path,
    settings: ClinicSettings,
    *,
    keys: Keys | None = None,
    trust_older: bool = False,
    progress: Progress = lambda done, total: None,
) -> Manifest:
    """Restore a backup into the settings' data folder and database, both empty.

    The clinic's key must vouch for the archive, and each file is checked before it counts; the
    database is filled last, in one transaction with the check of its audit trail, so that neither
    a killed restore nor one of a broken trail leaves anything that could be served.

    Parameters
    ----------
    archive
        The backup.
    settings
        Where to.
    keys
        The clinic's, kept apart from its backups: for an archive without the key, and to refuse
        one that somebody made with another.
    trust_older
        Restore a backup of a version whose archives no key vouches for.
    progress
        Called with the files restored and their number.

    Raises
    ------
    CovidDError
        If the folder or database is not empty, or the backup is damaged, altered or too new, or
        if its audit trail is not whole.
    """
    folder = data_folder(settings)
    with _open(archive) as opened:
        manifest = _manifest(opened, archive)
        own = _keys(opened, archive, keys)
        _require_authentic(archive, manifest, own, trust_older)
        _refuse_used(own, folder)
        _require_room(opened, archive, folder, stored=settings.film_store is not None)
        make_private(folder, None if settings.database_url is not None else folder / DATABASE_FILE)
        engine = open_engine(database_url(settings))
        place = film_place(settings)
        _refuse_used_store(place)
        written: list[Callable[[], None]] = []
        try:
            _refuse_filled(engine)  # before any change: not even to the tables of an older version
            upgrade(engine, manifest.revision)
            _restore_files(opened, archive, manifest, place, folder, progress, written)
            _write(FolderPlace(folder), KEY_FILE, own.text.encode(), written)
            _restore_tables(opened, archive, manifest, engine, own)
            upgrade(engine)
        except CovidDError:
            for take_back in written:
                with suppress(StoreError):  # it answers no more; what is left names no case
                    take_back()
            raise
        finally:
            engine.dispose()
        if manifest.format >= AUTHENTICATED:
            anchor.note(folder, own, Anchor(manifest.entries, manifest.head))
            seals.note_begun(folder, own)
    return manifest


def _keys(opened: zipfile.ZipFile, archive: Path, given: Keys | None) -> Keys:
    """Return the key of a backup: its own, which must be the one given, if one is."""
    if KEY_FILE not in opened.namelist():
        if given is None:
            raise CovidDError(
                N_("The backup %(archive)s holds no key.", archive=archive),
                N_("Name the clinic's secret.key with --key: it is kept elsewhere."),
            )
        return given
    try:
        found = Keys.of_text(opened.read(KEY_FILE).decode("ascii", "replace"))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise CovidDError(
            N_("The backup %(archive)s is damaged at %(name)r.", archive=archive, name=KEY_FILE),
            _AGAIN,
        ) from error
    if found is None:
        raise CovidDError(
            N_("The backup %(archive)s was altered: %(name)r.", archive=archive, name=KEY_FILE),
            _AGAIN,
        )
    if given is not None and given != found:
        raise CovidDError(
            N_("The backup %(archive)s was made with another key.", archive=archive),
            N_("Use a backup of this clinic; somebody else may have made this one."),
        )
    return found


def _require_authentic(archive: Path, manifest: Manifest, keys: Keys, trust_older: bool) -> None:
    if manifest.format < AUTHENTICATED:
        if not trust_older:
            raise CovidDError(
                N_("The backup %(archive)s is of a version that did not sign.", archive=archive),
                N_("If you know that nobody changed it, restore it with --trust-older."),
            )
    elif not manifest.is_of(keys):
        raise CovidDError(
            N_("The backup %(archive)s was altered: %(name)r.", archive=archive, name=MANIFEST),
            _AGAIN,
        )


def _write(place: Place, name: str, content: bytes, written: list[Callable[[], None]]) -> None:
    if not place.has(name):
        written.append(partial(place.remove, name))
    place.write(name, content, mode=0o600)


def _restore_files(
    opened: zipfile.ZipFile,
    archive: Path,
    manifest: Manifest,
    place: Place,
    folder: Path,
    progress: Progress,
    written: list[Callable[[], None]],
) -> None:
    names = [name for name in manifest.files if not name.startswith(f"{TABLES}/")]
    for done, name in enumerate(names):
        progress(done, len(names))
        # Names are the archive's: they must not lead out of the folder, nor out of a store's.
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise CovidDError(
                N_(
                    "The backup %(archive)s names a file outside: %(name)r.",
                    archive=archive,
                    name=name,
                ),
                _AGAIN,
            )
        _check(opened, archive, manifest, name)
        stored = name.startswith((f"{films.FOLDER}/", f"{bundle_files.FOLDER}/"))
        _write(place if stored else FolderPlace(folder), name, opened.read(name), written)
    progress(len(names), len(names))


def _restore_tables(
    opened: zipfile.ZipFile, archive: Path, manifest: Manifest, engine: Engine, keys: Keys
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
        told = Anchor(manifest.entries, manifest.head)
        found = audit_trail.verify(Session(connection), keys, anchors=[told])
        if not found.sound:
            raise CovidDError(
                N_(
                    "The audit trail of the backup %(archive)s is not whole (entry %(entry)s): "
                    "nothing was restored.",
                    archive=archive,
                    entry=found.broken or found.entries + 1,
                ),
                N_("Use a backup from before; keep this one as evidence."),
            )


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
        values = json.loads(line)
        if not isinstance(values, dict) or not set(values) <= set(table.columns.keys()):
            raise CovidDError(
                N_("The backup names a column that %(table)s does not have.", table=table.name),
                _AGAIN,
            )
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
        if opened.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
            raise ValueError("manifest too large")
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


def _require_room(opened: zipfile.ZipFile, archive: Path, folder: Path, *, stored: bool) -> None:
    """Refuse what would not fit, before anything is written; a small archive may unpack to much."""
    files = [one for one in opened.infolist() if not one.filename.startswith(f"{TABLES}/")]
    too_large = [one.filename for one in files if one.file_size > _LARGEST_FILE]
    if too_large:
        raise CovidDError(
            N_(
                "The backup %(archive)s holds a file that is too large: %(name)r.",
                archive=archive,
                name=too_large[0],
            ),
            _AGAIN,
        )
    standing = next(path for path in (folder, *folder.parents) if path.exists())
    here = [one for one in opened.infolist() if not (stored and one.filename.startswith("films/"))]
    needed, free = sum(one.file_size for one in here), disk_usage(standing).free
    if needed > free:
        raise CovidDError(
            N_(
                "The backup %(archive)s unpacks to %(needed)d MB; %(free)d MB are free.",
                archive=archive,
                needed=needed >> 20,
                free=free >> 20,
            ),
            N_("Free some space, or restore into another folder."),
        )


def _refuse_used(keys: Keys, folder: Path) -> None:
    """Never replace a key: whatever was encrypted with it could not be read again.

    The backup's own key is what a killed restore left.
    """
    key = folder / KEY_FILE
    if not key.exists():
        return
    if Keys.of_text(key.read_text(encoding="ascii", errors="replace")) != keys:
        raise CovidDError(
            N_("There is an installation in %(folder)s already.", folder=folder),
            N_("Restore into an empty folder: --data FOLDER, or COVID_D_DATA."),
        )


def _refuse_used_store(place: Place) -> None:
    if not isinstance(place, FolderPlace) and place.has(store_mark.NAME):
        raise CovidDError(
            N_("The film store %(address)s is another database's.", address=place.address),
            N_(
                "Restore into an address of its own (COVID_D_FILM_STORE); only if that database is "
                "no more, remove the object %(name)r there.",
                name=store_mark.NAME,
            ),
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
