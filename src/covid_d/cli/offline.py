"""``covid-d offline``: the page that answers on the reader's own device."""

from __future__ import annotations

from pathlib import Path

import click

from covid_d.cli.answering import likelihood_option, table_of
from covid_d.cli.speech import say
from covid_d.language import N_


@click.group()
def offline() -> None:
    """Make the page that answers on the reader's own device, without a network.

    No film leaves the device: the page reads and answers it in the browser, by the same bundle,
    and refuses what it cannot read as this program does.
    """


@offline.command(short_help="Write the page into a folder.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--bundle",
    "bundle_path",
    type=click.Path(path_type=Path),
    help="Bundle that answers, audited; default: COVID_D_BUNDLE, else the built-in one.",
)
@likelihood_option
@click.option("--overwrite", is_flag=True, help="Replace a page that is there.")
def build(folder: Path, bundle_path: Path | None, likelihood: Path | None, overwrite: bool) -> None:
    """Write the page into FOLDER, to be served by any web server with https.

    From a USB stick, python serve.py in the folder shows it on that machine alone.
    """
    from covid_d.detector import Bundle
    from covid_d.offline.build import SERVER
    from covid_d.offline.build import build as build_page
    from covid_d.offline.site import make_site

    site = make_site(Bundle.load(bundle_path), table_of(likelihood))
    build_page(site, folder, overwrite=overwrite)
    size = f"{site.size / 1e6:.0f}"
    click.echo(
        say(N_("%(folder)s: a device downloads %(size)s MB once.", folder=folder, size=size))
    )
    click.echo(say(N_("Version %(version)s", version=site.version[:12])))
    click.echo(say(N_("Show it here: python %(server)s", server=folder / SERVER)))
