"""``covid-d clinic``: look after a clinic from the shell."""

from __future__ import annotations

import click

from covid_d.cli.clinic import data_option, existing_clinic
from covid_d.cli.speech import say
from covid_d.language import N_, Text


@click.group("clinic")
def clinic() -> None:
    """Look after a clinic: check what it holds."""


@clinic.command(short_help="Read every film, the trail and the database.")
@data_option
@click.pass_context
def check(context: click.Context, data: str | None) -> None:
    """Read every film, the audit trail and the database; exit 1 where one is not whole."""
    from covid_d.clinic.operations import health
    from covid_d.clinic.operations.missing_films import damaged

    with existing_clinic(data) as place:
        films, trail, parts = damaged(place), place.verify_trail(), health.checks(place)
    for sha256 in films:
        click.echo(say(N_("film missing or altered: %(sha256)s", sha256=sha256)))
    for part, works in parts.items():
        click.echo(say(N_("%(part)s: %(state)s", part=part, state=_state(works))))
    click.echo(say(N_("films: %(state)s", state=_state(not films))))
    click.echo(say(N_("audit trail: %(state)s", state=_state(trail.sound))))
    context.exit(0 if trail.sound and not films and all(parts.values()) else 1)


def _state(works: bool) -> Text:
    return N_("whole") if works else N_("not whole")
