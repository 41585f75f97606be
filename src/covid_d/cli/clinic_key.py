"""``covid-d clinic rotate-key``: another secret key for all that it protects."""

from __future__ import annotations

import click

from covid_d.cli.clinic import data_option, existing_clinic
from covid_d.cli.speech import say
from covid_d.language import N_


@click.command("rotate-key", short_help="Change the secret key.")
@data_option
def rotate_key(data: str | None) -> None:
    """Put everything that the secret key protects under a new one; stop the server first.

    Encrypted entries, hashes of cédulas, seals and the audit trail's chain are made anew, all or
    nothing: stopped anywhere, it is settled the next time. Backups made before need the old key.
    """
    from covid_d.clinic.operations.rotate_key import rotate
    from covid_d.clinic.trail.audit_trail import Actor

    with existing_clinic(data, alone=True) as place:
        new = rotate(place, Actor(None))
        again = type(place).open(place.settings)
        head = again.verify_trail().head
        again.close()
    click.echo(say(N_("The key was changed. Head of the audit trail now: %(head)s", head=head)))
    if new.keeps_hashes:
        click.echo(
            say(
                N_(
                    "Cédulas of which only hashes are kept are still found by the first key: they "
                    "cannot be hashed anew."
                )
            )
        )
    click.echo(say(N_("Make a new backup, and copy the new secret.key to where you keep it.")))
