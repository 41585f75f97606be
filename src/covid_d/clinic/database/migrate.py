"""Bring a database to this version's tables; Alembic keeps the steps."""

from __future__ import annotations

from functools import cache
from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from covid_d.clinic.database.engine import alone
from covid_d.errors import CovidDError
from covid_d.language import N_


def upgrade(engine: Engine, to: str = "head") -> None:
    """Run every missing migration, up to the revision ``to``.

    Raises
    ------
    CovidDError
        If the database is newer than this version of COVID-D.
    """
    present = revision(engine)
    if to == "head" and present == _head():
        return  # as at nearly every start: the steps need not even be read
    config = _config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    for found in (present, to):
        if found in known or found in {None, "head"}:
            continue
        raise CovidDError(
            N_("The database is of a newer COVID-D (revision %(found)r).", found=found),
            N_("Install that version again, or restore a backup made with this one."),
        )
    if to == "head" and is_current(engine):
        return
    # Two processes that start at once (the server, a nightly backup): the second finds all done.
    with alone(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def revision(engine: Engine) -> str | None:
    """Return the database's revision; ``None`` when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(engine: Engine) -> bool:
    """Return whether the database has this version's tables."""
    return revision(engine) == _head()


@cache
def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    folder = resources.files("covid_d.clinic.database") / "migrations"
    config.set_main_option("script_location", str(folder))
    return config
