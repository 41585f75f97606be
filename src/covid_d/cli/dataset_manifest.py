"""``covid-d dataset manifest``: the list of a folder's films, to complete and build from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from covid_d.cli.options import echo_json, echo_table, json_option, progress_option

_SHOWN = 10


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The manifest, in FOLDER or above it.  [default: FOLDER/manifest.csv]",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing manifest.")
@progress_option
@json_option
def manifest(
    folder: Path, out: Path | None, overwrite: bool, progress: bool, as_json: bool
) -> None:
    """Write the manifest of FOLDER: DICOM files of any layout, or folders named by their class.

    A film's label is what the nearest folder's name says (COVID, sano, typical ...); where none
    says one it stays empty, to be filled in by hand. Age, sex and projection come from DICOM
    headers; patients are numbered, and nothing that names them is written.
    """
    from covid_d.dataset.collections.folder import write_manifest

    written = write_manifest(folder, out, overwrite=overwrite, progress=progress)
    if as_json:
        told: dict[str, Any] = {
            "path": str(written.path),
            "films": written.films,
            "classes": written.classes,
            "folders_without_class": written.folders,
            "unread": [{"path": name, "reason": why} for name, why in written.unread],
        }
        echo_json(told)
        return
    echo_table(["class", "films"], list(written.classes.items()))
    if written.folders:
        echo_table(["folder that names no class", "films"], list(written.folders.items()))
    for name, why in written.unread[:_SHOWN]:
        click.echo(f"not listed: {name}: {why}", err=True)
    if len(written.unread) > _SHOWN:
        click.echo(f"not listed: {len(written.unread) - _SHOWN} more, all with --json", err=True)
    click.echo(f"{written.path}: {written.films} films")
