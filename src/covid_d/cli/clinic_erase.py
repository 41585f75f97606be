"""``covid-d clinic erase``: one patient, on their request."""

from __future__ import annotations

import click

from covid_d.cli.clinic import data_option, existing_clinic
from covid_d.cli.speech import say
from covid_d.errors import CovidDError
from covid_d.language import N_


@click.command("erase", short_help="Erase one patient, for good.")
@click.option("--case", "case_id", type=click.IntRange(min=1), help="One of the patient's cases.")
@click.option("--national-id", "digits", help="Or their cédula.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@data_option
def erase(case_id: int | None, digits: str | None, yes: bool, data: str | None) -> None:
    """Erase one patient: cases, films, answers, readings, results (LOPDP).

    The audit trail keeps that it was done, without who it was. Says which backups and exports still
    hold the patient.
    """
    from covid_d.clinic.cases import national_id
    from covid_d.clinic.errors import NotFoundError
    from covid_d.clinic.operations import erase as erasing
    from covid_d.clinic.trail.audit_trail import Actor

    given = national_id.normalise(digits or "") or None
    if (case_id is None) == (given is None):
        raise click.UsageError(say(N_("Give --case or --national-id, one of the two.")))
    with existing_clinic(data) as place:
        try:
            cases = erasing.find(place, case_id=case_id, digits=given)
        except NotFoundError as error:
            raise CovidDError(
                N_("Nobody is found by this."), N_("Check the number and the data folder (--data).")
            ) from error
        for case in cases:
            entered = place.clock.local(case.created_at)
            line = N_(
                "case %(id)s, %(day)s, %(unit)s: %(films)s films",
                id=case.id,
                day=f"{entered:%Y-%m-%d}",
                unit=case.unit,
                films=case.films,
            )
            click.echo(say(line))
        if not yes:
            click.confirm(say(N_("Erase these for ever?")), abort=True)
        left = erasing.remains(place, cases)
        films = erasing.erase(place, Actor(None), [case.id for case in cases])
        click.echo(say(N_("erased, with %(films)s films", films=films)))
        for at, archive in left.backups:
            when = f"{place.clock.local(at):%Y-%m-%d %H:%M} {archive}".strip()
            click.echo(say(N_("a backup still holds the patient: %(when)s", when=when)))
        for number, at, sha256 in left.exports:
            when = f"{number}, {place.clock.local(at):%Y-%m-%d}, SHA-256 {sha256}"
            click.echo(say(N_("an export may still hold the patient: %(when)s", when=when)))
