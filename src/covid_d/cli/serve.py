"""``covid-d serve``: run the clinic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from covid_d.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


def data_option(command: Command) -> Command:
    """Add ``--data``, the clinic's folder."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False),
        help="The clinic's folder (database, films, bundles, keys); default: COVID_D_DATA, else "
        "~/covid-d-clinic.",
    )(command)


def clinic_settings(**given: Any) -> Settings:
    """Return the settings, with what was given on the command line before the environment."""
    from covid_d.settings import Settings

    return Settings(**{name: value for name, value in given.items() if value is not None})


@click.command()
@click.option("--host", help="Address to listen on; default: COVID_D_HOST, else 127.0.0.1.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; default: COVID_D_PORT, else 8000."
)
@data_option
def serve(host: str | None, port: int | None, data: str | None) -> None:
    """Run the clinic: the web application for doctors.

    The first start prints a link that works once, to create the first administrator. Needs no
    network. Listens on this machine alone unless told otherwise; put a proxy that speaks HTTPS in
    front before others may reach it (COVID_D_BEHIND_HTTPS, COVID_D_ALLOWED_HOSTS).
    """
    import os

    import uvicorn

    from covid_d.clinic.accounts import first_start
    from covid_d.clinic.installation import Installation
    from covid_d.clinic.operations.logs import logging_config
    from covid_d.clinic.web.app import create_app

    # OpenJPEG reads a large JPEG 2000 film with one thread unless told otherwise.
    os.environ.setdefault("OPJ_NUM_THREADS", "ALL_CPUS")
    chosen = clinic_settings(host=host, port=port, data=data)
    installation = Installation.open(chosen)
    address = f"http://{chosen.host}:{chosen.port}"
    click.echo(f"{address}/")
    link = first_start.new_link(installation)
    if link is not None:
        click.echo("Create the first administrator here (works once, for 24 hours):")
        click.echo(address + link)
    uvicorn.run(
        create_app(installation),
        host=chosen.host,
        port=chosen.port,
        access_log=False,  # our own has no query: it may hold a patient's code
        server_header=False,
        log_config=logging_config(),
    )
