"""``covid-d user``: the way back in for whoever owns the machine."""

from __future__ import annotations

import click

from covid_d.cli.clinic import data_option, existing_clinic
from covid_d.cli.speech import say
from covid_d.errors import CovidDError
from covid_d.language import N_


@click.group()
def user() -> None:
    """Help people of the clinic back in, from the machine that it runs on."""


@user.command("reset-password")
@click.argument("name")
@data_option
def reset_password(name: str, data: str | None) -> None:
    """Print a link to set a new password for the user NAME.

    The old one stops working. For a sole administrator who cannot sign in any more. The link works
    once, for 24 hours; sessions end at once, API tokens rest until then. The audit trail notes it.
    """
    from sqlalchemy import select

    from covid_d.clinic.accounts import users
    from covid_d.clinic.database.accounts import User
    from covid_d.clinic.trail.audit_trail import Actor

    with existing_clinic(data) as installation:
        with installation.reading() as session:
            found = session.scalar(select(User.id).where(User.username == name))
        if found is None:
            raise CovidDError(
                N_(
                    "There is no user %(name)r in %(folder)s.",
                    name=name,
                    folder=installation.folder,
                ),
                N_("Check the name and the data folder (--data)."),
            )
        path = users.reset_password(installation, Actor(None), found)
        chosen = installation.settings
    click.echo(say(N_("Open this link in a browser (works once, for 24 hours):")))
    click.echo(f"http://{chosen.host}:{chosen.port}{path}")
