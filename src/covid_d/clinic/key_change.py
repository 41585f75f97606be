"""What keeps a change of the key whole: nobody works meanwhile, and a stopped one is settled.

The new key waits beside the old one until the database is under it. One transaction puts all of the
database under the new key, its last entry in the audit trail included: so that entry tells, after
a process was killed at any moment, which of the two keys is the database's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from covid_d.clinic import seals
from covid_d.clinic.database.engine import reading
from covid_d.clinic.database.migrate import revision
from covid_d.clinic.keys import FILE, NEXT, Keys
from covid_d.clinic.trail import anchor, audit_trail
from covid_d.errors import CovidDError
from covid_d.files import write_atomically
from covid_d.language import N_

LOCK: Final = "in-use.lock"


@contextmanager
def at_work(folder: Path, *, alone: bool = False) -> Iterator[None]:
    """Say that this process works with a clinic's key; ``alone`` for whoever changes it.

    Raises
    ------
    CovidDError
        If others are at work and it must be alone, or if the key is being changed.
    """
    # No such locks on Windows: the guide says to stop first. Without a key there is no clinic.
    if os.name == "nt" or not (folder / FILE).is_file():
        yield
        return
    import fcntl

    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CovidDError(
                N_("The clinic in %(folder)s is in use.", folder=folder)
                if alone
                else N_("The key of the clinic in %(folder)s is being changed.", folder=folder),
                N_("Stop its server and other commands, then run this again.")
                if alone
                else N_("Wait until that has ended."),
            ) from error
        yield
    finally:
        os.close(handle)


def settle(folder: Path, engine: Engine, outside: str = "") -> None:
    """Bring a change of the key that was stopped to its end, or take it back.

    Parameters
    ----------
    folder, engine
        Of the installation.
    outside
        Where the audit trail's heads are told too.
    """
    try:
        new = Keys.of_text((folder / NEXT).read_text(encoding="ascii", errors="replace"))
    except FileNotFoundError:
        return
    if new is not None and _is_under(engine, new):
        finish(folder, engine, new, outside)
    else:
        (folder / NEXT).unlink(missing_ok=True)


def finish(folder: Path, engine: Engine, new: Keys, outside: str = "") -> None:
    """Put a new key in its place, once the database is under it."""
    write_atomically(folder / FILE, new.text, mode=0o600)
    seals.note_begun(folder, new)
    with reading(engine) as session:
        last = audit_trail.last(session)
    if last is not None:
        anchor.note(folder, new, last, outside)
    (folder / NEXT).unlink(missing_ok=True)


def _is_under(engine: Engine, keys: Keys) -> bool:
    if revision(engine) is None:
        return False
    with reading(engine) as session:
        return audit_trail.ends_with_key(session, keys)
