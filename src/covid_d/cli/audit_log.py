"""``covid-d audit-log``: show the clinic's audit trail and check its chain."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from covid_d.cli.clinic import data_option, existing_clinic
from covid_d.cli.speech import say
from covid_d.errors import CovidDError
from covid_d.language import N_

if TYPE_CHECKING:
    from covid_d.clinic.installation import Installation

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group("audit-log")
def audit_log() -> None:
    """Show the clinic's audit trail and check its chain.

    Every entry carries a hash, keyed with the installation's secret, of itself and of the one
    before it.
    """


@audit_log.command()
@click.option(
    "--expect",
    metavar="HEAD",
    help="A head noted earlier, which must still be in the chain: finds a cut-off end.",
)
@data_option
@click.pass_context
def verify(context: click.Context, expect: str | None, data: str | None) -> None:
    """Check the whole chain; exit 1 at an altered entry.

    Names the first entry that was altered, or before which one was removed.
    """
    from covid_d.clinic.trail.audit_trail import START

    with existing_clinic(data) as place:
        found = place.verify_trail(expect or START)
    click.echo(say(N_("entries: %(entries)s", entries=found.entries)))
    click.echo(say(N_("head: %(head)s", head=found.head)))
    if found.broken is not None:
        verdict = N_(
            "broken at entry %(entry)s: it was altered, or one before it was removed.",
            entry=found.broken,
        )
    elif found.cut_off:
        verdict = (
            N_("cut off: the head %(head)s is no longer in the chain.", head=expect)
            if expect
            else N_("cut off: the chain holds fewer entries than its anchor tells.")
        )
    else:
        verdict = N_("whole")
    click.echo(say(verdict))
    context.exit(0 if found.sound else 1)


@audit_log.command()
@click.option("--person", metavar="NAME", help="Only what this user did.")
@click.option("--action", default="", help="Only this action, or those that begin so: case.")
@click.option("--subject", default="", help="Only what was done to this: case:12.")
@click.option("--since", type=_DAY, help="First day (YYYY-MM-DD, the installation's time zone).")
@click.option("--until", type=_DAY, help="Last day.")
@data_option
def show(
    person: str | None,
    action: str,
    subject: str,
    since: datetime | None,
    until: datetime | None,
    data: str | None,
) -> None:
    """Print the trail as CSV, the oldest entry first.

    Persons by name, never a patient.
    """
    from covid_d.clinic.operations import audit_search

    with existing_clinic(data) as place:
        search = audit_search.Search(
            user_id=_user_id(place, person),
            action=action,
            subject=subject,
            since=since.date() if since else None,
            until=until.date() if until else None,
        )
        for line in audit_search.as_csv(place, search):
            click.echo(line, nl=False)


def _user_id(place: Installation, name: str | None) -> int | None:
    from covid_d.clinic.accounts import users

    if name is None:
        return None
    for account in users.every(place):
        if account.person.username.lower() == name.lower():
            return account.person.id
    raise CovidDError(
        N_("There is no user %(name)r.", name=name), N_("`covid-d audit-log show` lists who acted.")
    )
