"""``covid-d serve``: run the clinic."""

from __future__ import annotations

from typing import Any

import click


@click.command()
@click.option("--host", help="Address to listen on; default: COVID_D_HOST, else 127.0.0.1.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; default: COVID_D_PORT, else 8000."
)
@click.option(
    "--data",
    type=click.Path(file_okay=False),
    help="Folder for database, films, bundles and keys; default: COVID_D_DATA, else "
    "~/covid-d-clinic.",
)
def serve(host: str | None, port: int | None, data: str | None) -> None:
    """Run the clinic: the web application for doctors.

    The first start prints a link that works once, to create the first administrator. Needs no
    network. Listens on this machine alone unless told otherwise; put a proxy that speaks HTTPS in
    front before others may reach it (COVID_D_BEHIND_HTTPS, COVID_D_ALLOWED_HOSTS).
    """
    import uvicorn

    from covid_d.clinic.installation import Installation
    from covid_d.clinic.web.app import create_app
    from covid_d.settings import Settings

    given: dict[str, Any] = {"host": host, "port": port, "data": data}
    chosen = Settings(**{name: value for name, value in given.items() if value is not None})
    installation = Installation.open(chosen)
    click.echo(f"http://{chosen.host}:{chosen.port}/")
    uvicorn.run(
        create_app(installation),
        host=chosen.host,
        port=chosen.port,
        access_log=False,
        server_header=False,
        log_level="warning",
    )
