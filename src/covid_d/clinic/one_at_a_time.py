"""What one process of a clinic does at a time, on whichever machine it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import text

from covid_d.clinic.file_lock import file_lock
from covid_d.clinic.installation import Installation

_LOCKS: Final = 0xC071E
"""PostgreSQL advisory locks of two numbers: this one, and one that is made of a name."""


@contextmanager
def one_at_a_time(installation: Installation, name: str) -> Iterator[None]:
    """Wait until nobody else does what has this name, and keep others waiting meanwhile.

    It ends with the process, however it ends.

    Parameters
    ----------
    installation
        Whose servers and commands wait for each other.
    name
        What is done: ``"notices"``.
    """
    if installation.engine.dialect.name != "postgresql":
        with file_lock(installation.folder / f"{name}.lock"):
            yield
        return
    # A connection of its own, and no transaction that stays open meanwhile.
    engine = installation.engine.execution_options(isolation_level="AUTOCOMMIT")
    lock = {"locks": _LOCKS, "name": name}
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:locks, hashtext(:name))"), lock)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:locks, hashtext(:name))"), lock)
