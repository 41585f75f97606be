"""The data folder is its owner's alone: nobody else on the machine reads films, database or key."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from covid_d.errors import CovidDError
from covid_d.language import N_

_OTHERS: Final = 0o077


def make_private(folder: Path, database: Path | None = None) -> None:
    """Make a data folder if there is none, and take it and what lies in it from everybody else.

    Parameters
    ----------
    folder
        The data folder.
    database
        A SQLite database; made empty if there is none, since its journals get its own mode.

    Raises
    ------
    CovidDError
        If the folder cannot be made, or is open to others and not ours to close.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise CovidDError(
            N_(
                "Cannot make the data folder %(folder)s: %(strerror)s.",
                folder=folder,
                strerror=error.strerror,
            ),
            N_("Choose another one with COVID_D_DATA."),
        ) from error
    if os.name == "nt":  # there, who may read a folder is its parent's to say
        return
    try:
        if _is_open(folder):
            # From the inside out, so that a stopped run finds the folder still open.
            for path in sorted(folder.rglob("*"), reverse=True):
                _close(path)
            _close(folder)
        if database is not None:
            os.close(os.open(database, os.O_RDWR | os.O_CREAT, 0o600))
            for path in folder.glob(f"{database.name}*"):
                _close(path)
    except OSError as error:
        raise CovidDError(
            N_(
                "Other people on this machine may read %(path)s, and that cannot be changed: "
                "%(strerror)s.",
                path=error.filename or folder,
                strerror=error.strerror,
            ),
            N_(
                "Run as its owner or as root: chown -R %(user)s %(folder)s && chmod -R go-rwx "
                "%(folder)s",
                user=os.getuid(),
                folder=folder,
            ),
        ) from error


@contextmanager
def private_files() -> Iterator[None]:
    """Have every file that is made meanwhile be its owner's alone (umask 077)."""
    before = os.umask(_OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def _close(path: Path) -> None:
    if not path.is_symlink() and _is_open(path):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~_OTHERS)


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & _OTHERS)
