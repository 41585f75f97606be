"""Backups: the whole installation in one archive, consistent while the clinic runs.

The database is written row by row in plain JSON, so that a backup of SQLite can be restored into
PostgreSQL and the reverse. Films are taken after the database: a film is stored before the case
that names it, so every film of the snapshot is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import Connection, Engine, Table, select

from covid_d import __version__
from covid_d.clinic.clock import now
from covid_d.clinic.database.migrate import revision
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.database.tables import TableBase
from covid_d.clinic.errors import UnavailableError
from covid_d.clinic.films import FilmStoreError
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import FILE as KEY_FILE
from covid_d.clinic.keys import Keys
from covid_d.clinic.operations import last_backup
from covid_d.clinic.operations.strip_films import strip_films
from covid_d.clinic.trail.anchor import Anchor
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.provenance import source_sha256

FORMAT: Final = 3
"""What this version writes."""
READ: Final = (1, 2, 3)
"""What it restores; 1 knows no hash of the source, 1 and 2 say nothing that the key vouches for."""
AUTHENTICATED: Final = 3
"""The first format that the clinic's key vouches for."""
_PURPOSE: Final = "backup"
MANIFEST: Final = "backup.json"
TABLES: Final = "tables"
# Sign-ins and links are of this moment; a restored backup must not open a door that was closed.
NOT_KEPT: Final = frozenset(
    {
        "sign_in_session",
        "one_time_link",
        "staged_film",
        "film_print",
        "shared_note",
        "rate_count",
    }
)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself.

    Parameters
    ----------
    format
        Of the archive.
    covid_d
        Version that wrote it.
    revision
        Of the database's tables.
    created
        UTC, ISO 8601.
    rows
        Rows by table.
    files
        Name in the archive to SHA-256.
    source_sha256
        Of the code that wrote it; see :mod:`covid_d.provenance`. Empty in format 1.
    missing
        SHA-256 of films that the database names and that were gone or altered.
    entries, head
        Where the audit trail stood.
    mac
        Keyed hash of all of this, and so of every file. Empty before format 3.
    """

    format: int
    covid_d: str
    revision: str
    created: str
    rows: dict[str, int]
    files: dict[str, str]
    source_sha256: str = ""
    missing: Sequence[str] = ()
    entries: int = 0
    head: str = ""
    mac: str = ""

    def authenticated(self, keys: Keys) -> Manifest:
        """Return it with the keyed hash of all that it says."""
        return replace(self, mac=keys.digest(_PURPOSE, self._said()))

    def is_of(self, keys: Keys) -> bool:
        """Return whether the holder of a key said all of this."""
        return keys.is_digest(_PURPOSE, self._said(), self.mac)

    def _said(self) -> str:
        return json.dumps(asdict(replace(self, mac="")), sort_keys=True)

    @property
    def with_key(self) -> bool:
        """Whether the secret key is in it."""
        return KEY_FILE in self.files


def back_up(
    installation: Installation,
    archive: Path,
    *,
    with_key: bool = True,
    progress: Progress = lambda done, total: None,
) -> Manifest:
    """Write the whole installation into one zip archive, or nothing.

    A film that is gone or altered keeps nothing else from being saved; it is listed.

    Parameters
    ----------
    installation
        May be serving at the same time.
    archive
        The file to write; must not exist.
    with_key
        Whether the secret key goes in. Without it, keep the key elsewhere: encrypted entries
        cannot be read and the audit trail cannot be checked without it.
    progress
        Called with the files written and their number.

    Raises
    ------
    CovidDError
        If the archive exists or cannot be written, or the film store does not answer.
    """
    if archive.exists():
        raise CovidDError(
            N_("%(archive)s already exists.", archive=archive),
            N_("Choose another name for the backup."),
        )
    strip_films(installation)
    with installation.act(Actor(None)) as act:
        act.record("backup.create", "installation", archive=archive.name)
    name = ""
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{archive.name}.partial-", dir=archive.parent)
        with os.fdopen(handle, "wb") as stream:  # mkstemp: readable by its owner alone
            manifest = _write(installation, stream, with_key, progress)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(archive)
    except FilmStoreError:
        last_backup.note_failed(installation)
        raise
    except OSError as error:
        last_backup.note_failed(installation)
        raise CovidDError(
            N_(
                "The backup %(archive)s cannot be written: %(reason)s.",
                archive=archive,
                reason=error.strerror or error,
            ),
            N_("Free some space or choose another folder, then run the command again."),
        ) from error
    finally:
        if name:
            Path(name).unlink(missing_ok=True)
    last_backup.note_made(installation, len(manifest.missing))
    return manifest


def _write(
    installation: Installation, stream: IO[bytes], with_key: bool, progress: Progress
) -> Manifest:
    hashes: dict[str, str] = {}
    missing: list[str] = []
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:

        def add(name: str, content: bytes) -> None:
            archive.writestr(name, content)
            hashes[name] = hashlib.sha256(content).hexdigest()

        rows, films, trail = _dump(installation.engine, archive, hashes)
        files = installation.active_detector.files
        total = len(films) + len(files.every())
        for done, sha256 in enumerate(films):
            progress(done, total)
            try:
                content = installation.films.get(sha256)
            except FilmStoreError:
                raise  # a backup without films would pass for one
            except UnavailableError:
                missing.append(sha256)
            else:
                add(f"films/{sha256[:2]}/{sha256}", content)
        for done, (name, content) in enumerate(files.packed(), len(films)):
            progress(done, total)
            add(name, content)
        if with_key:
            add(KEY_FILE, installation.keys.text.encode())
        progress(total, total)
        manifest = Manifest(
            FORMAT,
            __version__,
            revision(installation.engine) or "",
            now().isoformat(timespec="seconds"),
            rows,
            hashes,
            source_sha256(),
            missing,
            trail.entries,
            trail.head,
        ).authenticated(installation.keys)
        archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
    return manifest


def _dump(
    engine: Engine, archive: zipfile.ZipFile, hashes: dict[str, str]
) -> tuple[dict[str, int], list[str], Anchor]:
    """Write every table as JSON lines.

    Returns
    -------
    Rows by table, the films that cases name, and where the audit trail stood.
    """
    counts: dict[str, int] = {}
    films: set[str] = set()
    with snapshot(engine) as connection:
        for table in TableBase.metadata.sorted_tables:
            if table.name in NOT_KEPT:
                continue
            name, digest, count = f"{TABLES}/{table.name}.jsonl", hashlib.sha256(), 0
            with archive.open(name, "w", force_zip64=True) as member:
                for line in _lines(connection, table, films):
                    member.write(line)
                    digest.update(line)
                    count += 1
            counts[table.name], hashes[name] = count, digest.hexdigest()
        last = connection.execute(
            select(AuditEntry.sequence, AuditEntry.hash)
            .order_by(AuditEntry.sequence.desc())
            .limit(1)
        ).first()
    return counts, sorted(films), Anchor(last.sequence, last.hash) if last else Anchor(0, "")


def snapshot(engine: Engine) -> Connection:
    """Return a connection whose reads all see the same moment."""
    connection = engine.connect()
    if engine.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
    return connection


def _lines(connection: Connection, table: Table, films: set[str]) -> Iterator[bytes]:
    query = select(table).order_by(*table.primary_key).execution_options(yield_per=1000)
    for row in connection.execute(query):
        values = dict(row._mapping)
        if table.name == "film":
            films.add(values["sha256"])
        yield json.dumps(values, default=_plain, ensure_ascii=False).encode() + b"\n"


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")
