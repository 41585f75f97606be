"""``covid-d serve``: run the clinic."""

from __future__ import annotations

import socket

import click

from covid_d.cli.clinic import clinic_settings, data_option
from covid_d.cli.speech import say
from covid_d.errors import CovidDError
from covid_d.language import N_


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
    from covid_d.clinic.app import create_app
    from covid_d.clinic.film_processes import beside
    from covid_d.clinic.http.slow_clients import KEPT_SECONDS, PatientProtocol
    from covid_d.clinic.installation import Installation
    from covid_d.clinic.key_change import at_work
    from covid_d.clinic.operations.logs import logging_config
    from covid_d.clinic.serving import serving

    # OpenJPEG reads a large JPEG 2000 film with one thread unless told otherwise.
    os.environ.setdefault("OPJ_NUM_THREADS", "ALL_CPUS")
    chosen = clinic_settings(host=host, port=port, data=data)
    door = _listen(chosen.host, chosen.port)
    os.umask(0o077)  # what the clinic writes is its owner's alone
    installation = Installation.open(chosen)
    with (
        at_work(installation.folder),
        serving(installation.folder, chosen),
        beside(installation.active_detector, chosen.film_processes),
    ):
        shown = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
        address = f"http://{shown}:{door.getsockname()[1]}"
        click.echo(f"{address}/")
        link = first_start.new_link(installation)
        if link is not None:
            click.echo(say(N_("Create the first administrator here (works once, for 24 hours):")))
            click.echo(address + link)
        config = uvicorn.Config(
            create_app(installation),
            access_log=False,  # our own has no query: it may hold a patient's code
            server_header=False,
            proxy_headers=False,  # the clinic's own reading believes only the proxies it was told
            http=PatientProtocol,
            timeout_keep_alive=KEPT_SECONDS,
            log_config=logging_config(),
        )
        uvicorn.Server(config).run(sockets=[door])


def _listen(host: str, port: int) -> socket.socket:
    """Open the port, so that the address works from the moment it is printed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise CovidDError(
            N_(
                "Cannot listen on %(host)s, port %(port)s: %(reason)s.",
                host=host,
                port=port,
                reason=error.strerror or error,
            ),
            N_(
                "If the clinic runs already, open it in a browser; else choose "
                "another --port or --host."
            ),
        ) from error
