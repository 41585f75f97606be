"""``covid-d collection``: films that leave the clinic for research."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from covid_d.cli.clinic import data_option, existing_clinic
from covid_d.cli.options import echo_table, progress_option

if TYPE_CHECKING:
    from covid_d.clinic.collection.export import Export, ExportResult


@click.group()
def collection() -> None:
    """Export de-identified films of patients who consented."""


@collection.command()
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to make."
)
@click.option(
    "--user", required=True, metavar="NAME", help="In whose name; a researcher's user name."
)
@click.option("--attribution", required=True, help="Institution to name, one line.")
@click.option(
    "--license",
    "license_name",
    type=click.Choice(["agreement", "cc-by-nc-sa-4.0", "cc-by-4.0"]),
    default="agreement",
    show_default=True,
    help="What the receiver may do; the institution decides.",
)
@data_option
@click.option("--overwrite", is_flag=True, help="Replace an existing folder.")
@progress_option
def export(
    out: Path,
    user: str,
    attribution: str,
    license_name: str,
    data: str | None,
    overwrite: bool,
    progress: bool,
) -> None:
    """Export films as a data set that `dataset build --cohen` reads.

    Films of patients who consented, with a conclusive laboratory result; no name, cédula, date or
    file header. Burned-in text in the margins is blacked out, and a film is left out until
    somebody of its unit has looked at it in the clinic (COVID_D_COLLECTION_REVIEW).
    """
    from covid_d.clinic.collection.documents import ExportTerms, License
    from covid_d.clinic.collection.export import Export, exporter
    from covid_d.clinic.trail.audit_trail import Actor
    from covid_d.files import atomic_folder

    with existing_clinic(data) as installation:
        person = exporter(installation, user)
        terms = ExportTerms(License(license_name), attribution)
        # First the folder: an existing one is an error before any film is read.
        with atomic_folder(out, overwrite=overwrite) as work:
            made = Export(installation, person, Actor(person.id, "command line"), terms)
            _write(made, work, progress=progress)
    if made.result is not None:
        _show(made.result, out)


def _write(made: Export, folder: Path, *, progress: bool) -> None:
    from tqdm import tqdm

    with tqdm(total=len(made), unit="film", disable=not progress) as bar:
        for name, content in made.files():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            if path.parent != folder:
                bar.update()


def _show(result: ExportResult, out: Path) -> None:
    echo_table(["finding", "films"], list(result.findings.items()))
    if result.left_out:
        rows = [[reason.text, count] for reason, count in sorted(result.left_out.items())]
        echo_table(["left out because", "films"], rows)
    click.echo(f"{result.patients} patients, {result.cases} cases, {result.films} films")
    click.echo(f"{out}  {result.sha256}")
