"""What the clinic's commands share: its settings and data folder, and opening it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from covid_d.clinic.installation import Installation
    from covid_d.clinic.settings import ClinicSettings

Command = TypeVar("Command", bound=Callable[..., Any])


def data_option(command: Command) -> Command:
    """Add ``--data``, the clinic's folder."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False),
        help="The clinic's folder (database, films, bundles, keys); default: COVID_D_DATA, else "
        "~/covid-d-clinic.",
    )(command)


def clinic_settings(**given: Any) -> ClinicSettings:
    """Return the settings, with what was given on the command line before the environment."""
    from covid_d.clinic.settings import ClinicSettings

    return ClinicSettings(**{name: value for name, value in given.items() if value is not None})


@contextmanager
def existing_clinic(
    data: str | None, *, only_reading: bool = False, alone: bool = False
) -> Iterator[Installation]:
    """Open a clinic that is there, and close it; a mistyped folder must not become an empty one.

    A command that only reads leaves a database of an older version alone; one that must be
    ``alone`` is refused while others are at work.

    Raises
    ------
    CovidDError
        If there is none in the folder, or it cannot be used.
    """
    from covid_d.clinic.installation import Installation, data_folder
    from covid_d.clinic.key_change import at_work
    from covid_d.clinic.private_folder import private_files

    chosen = clinic_settings(data=data)
    with private_files(), at_work(data_folder(chosen), alone=alone):
        place = Installation.open_existing(chosen, only_reading=only_reading)
        try:
            yield place
        finally:
            place.close()
