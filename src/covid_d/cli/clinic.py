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
def existing_clinic(data: str | None) -> Iterator[Installation]:
    """Open a clinic that is there, and close it; a mistyped folder must not become an empty one.

    Raises
    ------
    CovidDError
        If there is none in the folder, or it cannot be used.
    """
    from covid_d.clinic.installation import Installation
    from covid_d.clinic.private_folder import private_files

    with private_files():
        place = Installation.open_existing(clinic_settings(data=data))
        try:
            yield place
        finally:
            place.close()
