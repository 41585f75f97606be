"""``covid-d clinic notification``: the unit's cases in the ministry's columns."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from covid_d.cli.clinic import data_option, existing_clinic
from covid_d.cli.speech import say
from covid_d.errors import CovidDError
from covid_d.language import N_


@click.command(short_help="Write the epidemiological notification.")
@click.option("--user", required=True, metavar="NAME", help="Whose unit; a doctor or radiologist.")
@click.option("--since", required=True, type=click.DateTime(["%Y-%m-%d"]), help="First day.")
@click.option("--until", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Last day.")
@click.option(
    "--which",
    type=click.Choice(["every", "confirmed"]),
    default="every",
    show_default=True,
    help="Which cases.",
)
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write."
)
@data_option
def notification(
    user: str, since: datetime, until: datetime, which: str, out: Path, data: str | None
) -> None:
    """Write the cases of a unit, entered on some days, as a table that a Spanish Excel opens.

    Its columns are those of COVID_D_NOTIFICATION. The file names patients: it is made for its
    owner alone, and the audit trail notes it.
    """
    from covid_d.clinic.accounts.users import named
    from covid_d.clinic.notification.export import Which, notify
    from covid_d.clinic.trail.audit_trail import Actor
    from covid_d.files import write_atomically

    with existing_clinic(data) as place:
        person = named(place, user)
        if person is None:
            raise CovidDError(
                N_("Nobody with an active account is called %(username)r.", username=user),
                N_("Give the user name of a doctor or radiologist of this clinic."),
            )
        actor = Actor(person.id, "command line")
        made = notify(place, person, actor, since.date(), until.date(), Which(which))
    write_atomically(out, made.content, mode=0o600)
    click.echo(say(N_("%(path)s: %(n)d cases", path=out, n=made.cases)))
    if made.to_read:
        left = N_("left out, to be read blind first: %(n)d", n=made.to_read)
        click.echo(say(left), err=True)
