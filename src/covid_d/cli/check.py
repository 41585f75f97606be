"""``covid-d clinic``: look after a clinic from the shell."""

from __future__ import annotations

import click

from covid_d.cli.clinic import data_option, existing_clinic
from covid_d.cli.clinic_erase import erase
from covid_d.cli.clinic_import import import_films, import_laboratory
from covid_d.cli.clinic_key import rotate_key
from covid_d.cli.clinic_notification import notification
from covid_d.cli.clinic_notify import notify
from covid_d.cli.speech import say
from covid_d.language import N_, Text


@click.group("clinic")
def clinic() -> None:
    """Look after a clinic: check, import, erase a patient, change its key."""


@clinic.command(short_help="Read every film, the trail and the database.")
@data_option
@click.pass_context
def check(context: click.Context, data: str | None) -> None:
    """Read every film, the audit trail and the database; exit 1 where one is not whole."""
    from covid_d.clinic.operations import health, integrity

    with existing_clinic(data, only_reading=True) as place:
        found = integrity.check(place)
        parts = health.checks(place)
    for sha256 in found.films:
        click.echo(say(N_("film missing or altered: %(sha256)s", sha256=sha256)))
    for row in found.altered:
        click.echo(say(N_("changed in the database: %(row)s", row=row)))
    for row in found.removed:
        click.echo(say(N_("removed from the database: %(row)s", row=row)))
    for row in found.roles:
        click.echo(say(N_("not what the audit trail says of it: %(row)s", row=row)))
    for part, works in parts.items():
        if part not in {"films", "integrity"}:
            click.echo(say(N_("%(part)s: %(state)s", part=part, state=_state(works))))
    click.echo(say(N_("films: %(state)s", state=_state(not found.films))))
    click.echo(say(N_("records: %(state)s", state=_state(not found.rows))))
    click.echo(say(N_("audit trail: %(state)s", state=_state(found.trail))))
    context.exit(0 if found.sound and all(parts.values()) else 1)


clinic.add_command(import_films)
clinic.add_command(import_laboratory)
clinic.add_command(erase)
clinic.add_command(notification)
clinic.add_command(notify)
clinic.add_command(rotate_key)


def _state(works: bool) -> Text:
    return N_("whole") if works else N_("not whole")
