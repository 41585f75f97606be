"""``covid-d dataset``: from published collections to films to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from covid_d.cli.lazy import LazyCommand, LazyGroup
from covid_d.cli.options import (
    dataset_argument,
    echo_json,
    echo_table,
    json_option,
    language_option,
    progress_option,
)

if TYPE_CHECKING:
    from covid_d.dataset.check.defects import CheckReport
    from covid_d.language import Language

_HERE = "covid_d.cli.dataset"
COMMANDS = {
    "build": LazyCommand(
        "covid_d.cli.dataset_build:build", "Build a dataset from published collections."
    ),
    "check": LazyCommand(f"{_HERE}:check", "Check films, labels and splits of a dataset."),
    "describe": LazyCommand(f"{_HERE}:describe", "Count, plot and show what a dataset holds."),
    "fetch": LazyCommand(f"{_HERE}:fetch", "Download a published collection."),
    "manifest": LazyCommand(
        "covid_d.cli.dataset_manifest:manifest", "List the films of a folder in a manifest."
    ),
}
# What is printed of one kind; --json has all.
_SHOWN = 20
_NOTES_SHOWN = 5


@click.group(cls=LazyGroup, lazy=COMMANDS)
def dataset() -> None:
    """Build, describe, check and fetch datasets."""


@click.command()
@dataset_argument
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for description.html and contact_sheet.png.  [default: DATASET/description]",
)
@click.option(
    "--rows",
    type=click.IntRange(1, 20),
    default=3,
    show_default=True,
    help="Rows of the contact sheet.",
)
@click.option(
    "--columns",
    type=click.IntRange(1, 20),
    default=3,
    show_default=True,
    help="Columns of the contact sheet.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test", "CT", "lateral"]),
    default="train",
    show_default=True,
    help="Split of the contact sheet.",
)
@click.option("--seed", type=int, default=7, show_default=True, help="Which films it shows.")
@language_option
@json_option
def describe(
    dataset: Path,
    out: Path | None,
    rows: int,
    columns: int,
    split: str,
    seed: int,
    language: Language,
    as_json: bool,
) -> None:
    """Count the films of DATASET by label, appearance, split, source, projection, sex and age.

    Writes a contact sheet and a page with plots, and warns where the source or the age of a film
    tells its class.
    """
    from covid_d.dataset.dataset import Dataset
    from covid_d.dataset.describe.page import tables, write_description

    folder = out or dataset / "description"
    description = write_description(
        Dataset.open(dataset),
        folder,
        rows=rows,
        columns=columns,
        split=split,
        seed=seed,
        language=language,
    )
    if as_json:
        echo_json(description.to_dict())
        return
    for table in tables(description, language):
        echo_table(table.header, table.rows)
    for warning in description.warnings:
        click.secho(f"! {warning.in_language(language)}", err=True, fg="yellow")
    click.echo(f"{folder / 'description.html'}")
    click.echo(f"{folder / 'contact_sheet.png'}")


@click.command()
@dataset_argument
@click.option(
    "--allow-leaks",
    is_flag=True,
    help="Exit with 0 when the only findings are patients or near-duplicates across splits.",
)
@click.option("--workers", type=click.IntRange(1), help="Films read at once.  [default: cores]")
@progress_option
@json_option
@click.pass_context
def check(
    context: click.Context,
    dataset: Path,
    allow_leaks: bool,
    workers: int | None,
    progress: bool,
    as_json: bool,
) -> None:
    """Check every film and every promise of DATASET; exit with 1 when something is wrong.

    Wrong is: a film missing, unreadable, altered or not listed; a label that differs between
    folder, manifest and test_labels.csv; counts or hash other than stated; a patient, group or
    near-duplicate in more than one split. Near-duplicates are looked for in the films themselves.
    """
    from covid_d.dataset.check.check import check_dataset
    from covid_d.dataset.dataset import Dataset

    report = check_dataset(Dataset.open(dataset), workers=workers, progress=progress)
    passed = report.passed(allow_leaks=allow_leaks)
    if as_json:
        echo_json({"passed": passed, **report.to_dict()})
    else:
        _echo_report(report, passed)
    context.exit(0 if passed else 1)


def _echo_report(report: CheckReport, passed: bool) -> None:
    kinds = {defect.kind: 0 for defect in report.defects}
    for defect in report.defects:
        kinds[defect.kind] += 1
        # A dataset that splits by image says so: its leaks are figures, not faults one by one.
        if defect.kind.is_leak and report.leaks_expected:
            continue
        if kinds[defect.kind] <= _SHOWN:
            click.echo(f"{defect.kind.value}: {defect.message}")
            if defect.kind.is_leak:
                click.echo("".join(f"  {name}\n" for name in defect.files), nl=False)
        elif kinds[defect.kind] == _SHOWN + 1:
            click.echo(f"{defect.kind.value}: ... more, all of them with --json")
    for note in report.notes[:_NOTES_SHOWN]:
        click.echo(f"note: {note}")
    if len(report.notes) > _NOTES_SHOWN:
        click.echo(f"note: ... {len(report.notes) - _NOTES_SHOWN} more, all of them with --json")
    if report.leaks:
        click.echo(f"Leaks: {report.leaks}")
        if report.leaks_expected:
            click.echo(
                f"Protocol {report.protocol!r} splits by image, so these are expected; what is "
                "measured on its test split says little about new patients."
            )
    faults = len(report.defects)
    click.echo(
        f"{report.films} films checked, {faults} findings: {'passed' if passed else 'FAILED'}"
    )


@click.group()
def fetch() -> None:
    """Download a published collection, or tell how to get it."""


@fetch.command(short_help="Download J. P. Cohen's collection.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to make.")
@click.option("--url", help="Address of the zip archive.  [default: GitHub, a pinned commit]")
@click.option("--sha256", metavar="HEX", help="Digest that the archive must have.")
@progress_option
def cohen(out: Path, url: str | None, sha256: str | None, progress: bool) -> None:
    """Download J. P. Cohen's COVID-19 image data collection (arXiv:2006.11988).

    An interrupted download goes on where it stopped if the server allows it. The licence of each
    film is in the collection's metadata.csv; most are CC BY-NC-SA or unclear.
    """
    from covid_d.dataset.fetch.fetch import COHEN_ARCHIVE, fetch_cohen

    fetched = fetch_cohen(out, url=url or COHEN_ARCHIVE, sha256=sha256, progress=progress)
    click.echo(f"{out}: {fetched.files} files from {fetched.url}")
    click.echo(f"SHA-256 of the archive: {fetched.sha256}")
    if not fetched.digest_was_given:
        click.echo(
            "No digest to compare with: the archive is whole and holds the expected files, which "
            "rules out damage, not forgery. Give --sha256 to make sure of the same bytes.",
            err=True,
        )


@fetch.command(short_help="Tell how to get the films of the SIIM challenge.")
def siim() -> None:
    """Tell how to get the films of the SIIM-FISABIO-RSNA COVID-19 challenge, graded by appearance.

    Kaggle gives them to registered users who accept the challenge's rules.
    """
    from covid_d.dataset.fetch.fetch import SIIM_INSTRUCTIONS

    click.echo(SIIM_INSTRUCTIONS, nl=False)


@fetch.command(short_help="Tell how to get Kermany's films of children.")
def kermany() -> None:
    """Tell how to get Kermany's films of children, which Kaggle gives to registered users."""
    from covid_d.dataset.fetch.fetch import KERMANY_INSTRUCTIONS

    click.echo(KERMANY_INSTRUCTIONS, nl=False)
