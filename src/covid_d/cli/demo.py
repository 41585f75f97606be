"""``covid-d demo``: the first try, on a real chest film that an installed package carries."""

from __future__ import annotations

from pathlib import Path

import click

from covid_d.cli.predict import predict
from covid_d.errors import CovidDError, MissingExtraError
from covid_d.language import Language

# A computed radiograph of a chest, MONOCHROME1 and 15 bit, in the package pydicom-data (MIT).
_FILM = "RG1_UNCI.dcm"


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="Folder for the film's overlay.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(["es", "en"]),
    help="Language of the sentences; default: COVID_D_LANGUAGE, else es.",
)
@click.pass_context
def demo(context: click.Context, out: Path, language: Language | None) -> None:
    """Assess a real chest DICOM film with the built-in bundle and write its overlay."""
    film = sample_film()
    context.invoke(predict, paths=(str(film),), explain_folder=out, language=language)
    click.echo(f"\n{out / (film.name + '.overlay.png')}")


def sample_film() -> Path:
    """Return the path of the sample film.

    Raises
    ------
    MissingExtraError
        If the package that carries it is not installed.
    CovidDError
        If that package no longer carries it.
    """
    from importlib.util import find_spec

    if find_spec("data_store") is None:  # the module that pydicom-data installs
        raise MissingExtraError("The sample film", "demo")
    from pydicom.data import get_testdata_file

    found = get_testdata_file(_FILM, download=False)
    if found is None:
        raise CovidDError(
            f"The package pydicom-data does not carry {_FILM}.",
            "Reinstall it (pip install --force-reinstall pydicom-data) or use a film of your own: "
            "covid-d predict FILM",
        )
    return Path(str(found))
