"""What every server and command of one clinic knows: small notes in its database, under its key.

A note that the key did not make counts for nothing, so whoever has the database alone can take one
away and write none. They are of this moment and of this database: no backup keeps them.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from covid_d.clinic.clock import now
from covid_d.clinic.database.engine import reading, writing
from covid_d.clinic.database.shared import SharedNote
from covid_d.clinic.errors import UnavailableError
from covid_d.clinic.keys import Keys
from covid_d.language import N_

KEY: Final = "key"
DEFAULT_BUNDLE: Final = "default bundle"
FILM_STORE: Final = "film store"
LAST_CHECK: Final = "last check"
LAST_BACKUP: Final = "last backup"
NOTICES: Final = "notices"
_PURPOSE: Final = "shared note"


class OtherKeyError(UnavailableError):
    """The database is under another key than this process has: nothing may be written with it."""

    def __init__(self) -> None:
        super().__init__(
            N_("The database is under another key than the one in this server's data folder."),
            N_("Copy secret.key from the server where it was changed, then start this one anew."),
            code="other_key",
        )


def read(session: Session, keys: Keys, name: str) -> dict[str, Any] | None:
    """Return what a note says; ``None`` where there is none that the key made."""
    note = session.get(SharedNote, name, populate_existing=True)
    if note is None or not isinstance(note.told, dict):
        return None
    return note.told if _is_made_by(keys, note) else None


def write(session: Session, keys: Keys, name: str, told: dict[str, Any]) -> None:
    """Have a note say something, in the caller's transaction."""
    note = SharedNote(name=name, told=told, told_at=now(), mac=_mac(keys, name, told))
    session.merge(note)
    session.flush()


def tell(engine: Engine, keys: Keys, name: str, told: dict[str, Any]) -> None:
    """Have a note say something, at once; a database that is away is told nothing."""
    with suppress(SQLAlchemyError), writing(engine) as session:
        write(session, keys, name, told)


def hear(engine: Engine, keys: Keys, name: str) -> dict[str, Any] | None:
    """Return what a note says now; ``None`` also where the database is away."""
    try:
        with reading(engine) as session:
            return read(session, keys, name)
    except SQLAlchemyError:
        return None


def make_anew(session: Session, old: Keys, new: Keys) -> None:
    """Put every note that one key made under another, as the database goes under it."""
    for note in session.scalars(select(SharedNote)).all():
        if _is_made_by(old, note):
            note.mac = _mac(new, note.name, note.told)
    write(session, new, KEY, {})


def require_own_key(session: Session, keys: Keys) -> None:
    """Refuse to go on with another key than the database's; note it where there was none yet.

    Raises
    ------
    OtherKeyError
        If another process put the database under another key.
    """
    note = session.get(SharedNote, KEY, populate_existing=True)
    if note is None:
        write(session, keys, KEY, {})
    elif not _is_made_by(keys, note):
        raise OtherKeyError


def has_other_key(session: Session, keys: Keys) -> bool:
    """Return whether a database is known to be under another key."""
    found = session.scalar(select(SharedNote).where(SharedNote.name == KEY))
    return found is not None and not _is_made_by(keys, found)


def _is_made_by(keys: Keys, note: SharedNote) -> bool:
    return keys.is_digest(_PURPOSE, _text(note.name, note.told), note.mac)


def _mac(keys: Keys, name: str, told: dict[str, Any]) -> str:
    return keys.digest(_PURPOSE, _text(name, told))


def _text(name: str, told: dict[str, Any]) -> str:
    return json.dumps([name, told], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
