"""``covid-d clinic notify``: tell whoever runs the clinic what is wrong; for a timer."""

from __future__ import annotations

import click

from covid_d.cli.clinic import clinic_settings, data_option, existing_clinic
from covid_d.cli.speech import say
from covid_d.language import N_


@click.command(short_help="Tell by e-mail or webhook what is wrong.")
@data_option
@click.option("--test", "trial", is_flag=True, help="Send a trial by every way that is set.")
@click.pass_context
def notify(context: click.Context, data: str | None, trial: bool) -> None:
    """Tell by e-mail or webhook what has gone wrong, and when it is over.

    Drift alarm, laboratory results that are missing for long, films waiting for review, backups
    that failed or are too old, a disk nearly full, findings of the last check. Each is told once.
    No notice holds patient data. Exits 1 where something could not be sent; it is sent next time.
    """
    from covid_d.clinic.alerts import tell
    from covid_d.clinic.alerts.found import alerts

    if trial:
        outcomes = tell.try_out(clinic_settings(data=data))
    else:
        with existing_clinic(data, only_reading=True) as place:
            found = alerts(place)
            outcomes = tell.tell(place, found)
        for alert in found:
            click.echo(say(alert.text))
    for told in outcomes:
        if told.failure is not None:
            click.echo(
                say(N_("%(way)s: could not be sent: %(why)s", way=told.way, why=told.failure)),
                err=True,
            )
        elif told.news:
            click.echo(say(N_("%(way)s: sent", way=told.way)))
        else:
            click.echo(say(N_("%(way)s: nothing new", way=told.way)))
    context.exit(1 if any(told.failure for told in outcomes) else 0)
