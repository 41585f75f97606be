"""``covid-d user``: the way back in for whoever owns the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covid_d.cli.clinic import data_option, existing_clinic
from covid_d.cli.speech import say
from covid_d.errors import CovidDError
from covid_d.language import N_

if TYPE_CHECKING:
    from covid_d.clinic.database.accounts import User
    from covid_d.clinic.installation import Installation


@click.group()
def user() -> None:
    """Help people of the clinic back in, from the machine that it runs on."""


@user.command("reset-password")
@click.argument("name")
@data_option
def reset_password(name: str, data: str | None) -> None:
    """Print a link to set a new password for the user NAME.

    The old one stops working. For a sole administrator who cannot sign in any more. The link works
    once, for 24 hours; sessions end at once, API tokens rest until then. A second factor stays. The
    audit trail notes it.
    """
    from covid_d.clinic.accounts import users
    from covid_d.clinic.trail.audit_trail import Actor

    with existing_clinic(data) as installation:
        user = _named(installation, name)
        if user.altered:
            click.echo(
                say(
                    N_(
                        "This account was changed in the database: it is %(role)s. Check that "
                        "role once you are in.",
                        role=user.role,
                    )
                ),
                err=True,
            )
        path = users.reset_password(installation, Actor(None), user.id, trusted=True)
        chosen = installation.settings
    click.echo(say(N_("Open this link in a browser (works once, for 24 hours):")))
    click.echo(f"http://{chosen.host}:{chosen.port}{path}")


@user.command("reset-second-factor")
@click.argument("name")
@data_option
def reset_second_factor(name: str, data: str | None) -> None:
    """Take the second factor off NAME, who lost phone and codes.

    The password alone lets them in then, and sessions end at once. Where their role needs a second
    factor, the next sign-in asks to set one up. The audit trail notes it.
    """
    from covid_d.clinic.accounts import users
    from covid_d.clinic.trail.audit_trail import Actor

    with existing_clinic(data) as installation:
        found = _named(installation, name)
        users.reset_second_factor(installation, Actor(None), found.id)
    click.echo(say(N_("The account has no second factor any more.")))


def _named(installation: Installation, name: str) -> User:
    from sqlalchemy import select

    from covid_d.clinic.database.accounts import User

    with installation.reading() as session:
        user = session.scalar(select(User).where(User.username == name))
    if user is None:
        raise CovidDError(
            N_("There is no user %(name)r in %(folder)s.", name=name, folder=installation.folder),
            N_("Check the name and the data folder (--data)."),
        )
    return user
