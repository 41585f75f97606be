"""How the last backup went, for every server: a command that failed must not look like none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from covid_d.clinic import shared_notes
from covid_d.clinic.clock import now
from covid_d.clinic.installation import Installation
from covid_d.errors import CovidDError
from covid_d.files import write_atomically

FILE: Final = "backup.json"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LastBackup:
    """What is known of backups.

    Parameters
    ----------
    made_at
        When the last one was made; ``None`` if none was by a version that notes it.
    missing
        Films that it lacks, since they were gone or altered.
    failed_at
        When one failed after it; ``None`` if none did.
    """

    made_at: datetime | None = None
    missing: int = 0
    failed_at: datetime | None = None


def read(installation: Installation) -> LastBackup:
    """Return the newer of what all servers were told and what the data folder says.

    Nothing where neither says anything that can be read.
    """
    shared = shared_notes.hear(installation.engine, installation.keys, shared_notes.LAST_BACKUP)
    return max(_known(shared), _kept(installation.folder), key=_age)


def note_made(installation: Installation, missing: int) -> None:
    """Note that a backup was made."""
    _keep(installation, LastBackup(now(), missing))


def note_failed(installation: Installation) -> None:
    """Note that one failed; when the last good one was made stays known."""
    known = read(installation)
    _keep(installation, LastBackup(known.made_at, known.missing, now()))


def _age(known: LastBackup) -> datetime:
    return max((one for one in (known.made_at, known.failed_at) if one is not None), default=_NEVER)


def _kept(folder: Path) -> LastBackup:
    try:
        return _known(json.loads((folder / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return LastBackup()


def _known(told: Any) -> LastBackup:
    try:
        made_at, failed_at = _moment(told["made_at"]), _moment(told["failed_at"])
        return LastBackup(made_at, int(told["missing"]), failed_at)
    except (ValueError, KeyError, TypeError):
        return LastBackup()


def _keep(installation: Installation, known: LastBackup) -> None:
    told = {
        "made_at": _said(known.made_at),
        "missing": known.missing,
        "failed_at": _said(known.failed_at),
    }
    shared_notes.tell(installation.engine, installation.keys, shared_notes.LAST_BACKUP, told)
    try:
        write_atomically(installation.folder / FILE, json.dumps(told) + "\n", mode=0o600)
    except CovidDError:
        return  # a full disk: the backup itself says what failed


def _said(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def _moment(said: Any) -> datetime | None:
    if said is None:
        return None
    moment = datetime.fromisoformat(said)
    if moment.tzinfo is None:
        raise ValueError(said)
    return moment
