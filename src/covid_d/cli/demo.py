"""``covid-d demo``: the first try, on a real chest film that an installed package carries."""

from __future__ import annotations

from pathlib import Path

import click

from covid_d.cli.options import language_option
from covid_d.cli.predict import predict
from covid_d.language import Language
from covid_d.radiograph.sample import sample_film


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="Folder for the film's overlay.",
)
@language_option
@click.pass_context
def demo(context: click.Context, out: Path, language: Language) -> None:
    """Assess a real chest DICOM film with the built-in bundle and write its overlay."""
    film = sample_film()
    context.invoke(predict, paths=(str(film),), explain_folder=out, language=language)
    click.echo(f"\n{out / (film.name + '.overlay.png')}")
