"""``covid-d federation``: figures of a clinic for the ministry, and of many clinics together."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from covid_d.cli.clinic import data_option, existing_clinic
from covid_d.cli.options import language_option
from covid_d.cli.speech import say
from covid_d.errors import CovidDError
from covid_d.language import N_, Language

_LARGEST = 64 * 1024 * 1024


@click.group()
def federation() -> None:
    """Send figures to the ministry, and merge those of many clinics."""


@federation.command()
@click.option("--clinic", required=True, help="By what name the ministry knows the clinic.")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write."
)
@click.option(
    "--months",
    type=click.IntRange(1, 120),
    default=36,
    show_default=True,
    help="How many whole months to go back.",
)
@data_option
def export(clinic: str, out: Path, months: int, data: str | None) -> None:
    """Write signed counts by model, month and unit, without patients.

    No count below five is in them.
    """
    from covid_d.clinic.federation.export import export as made
    from covid_d.clinic.trail.audit_trail import Actor
    from covid_d.files import write_atomically

    with existing_clinic(data) as place:
        sent = made(place, Actor(None, "command line"), clinic, months=months)
    write_atomically(out, json.dumps(sent, ensure_ascii=False, indent=1).encode() + b"\n")
    click.echo(
        say(
            N_(
                "%(blocks)d blocks, %(first)s to %(last)s; key %(key)s",
                blocks=len(sent["blocks"]),
                first=sent["first"],
                last=sent["last"],
                key=sent["key"],
            )
        )
    )


@federation.command()
@data_option
def key(data: str | None) -> None:
    """Print the public key by which the ministry knows this clinic."""
    from covid_d.clinic.federation.signing import public_key

    with existing_clinic(data, only_reading=True) as place:
        click.echo(public_key(place.keys))


@federation.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to make: report.html, report.json, a CSV a table.",
)
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="List of known clinics, a line each: public key and name. Others are refused.",
)
@click.option("--bundle", default="", help="SHA-256 of the model to judge; default: the most used.")
@click.option("--overwrite", is_flag=True, help="Replace an existing folder.")
@language_option
def merge(
    files: Sequence[Path],
    out: Path,
    trust: Path | None,
    bundle: str,
    overwrite: bool,
    language: Language,
) -> None:
    """Make the national report of the FILES that clinics sent.

    Sums, random-effects meta-analysis, forest plots and who drifts.
    """
    from covid_d.clinic.federation.merge import merge as merged
    from covid_d.clinic.federation.merge import read
    from covid_d.clinic.federation.page import files as report_files
    from covid_d.clinic.federation.report import make
    from covid_d.files import atomic_folder

    sent = [read(_json(path), path.name) for path in files]
    report = make(merged(sent, None if trust is None else _known(trust)), bundle)
    with atomic_folder(out, overwrite=overwrite) as work:
        for name, text in report_files(report, language):
            (work / name).write_text(text, encoding="utf-8")
    click.echo(say(N_("%(n)d clinics: %(out)s", n=len(report.merged.sent), out=out)))
    if report.merged.unknown:
        click.echo(say(N_("No list of known clinics was given: --trust FILE")), err=True)


def _json(path: Path) -> dict[str, Any]:
    wrong = CovidDError(
        N_("%(path)s is not readable as JSON.", path=path),
        N_("It is made with: covid-d federation export"),
    )
    if path.stat().st_size > _LARGEST:
        raise wrong
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise wrong from error
    if not isinstance(found, dict):
        raise wrong
    return found


def _known(path: Path) -> dict[str, str]:
    """Return the list of known clinics: public key to name."""
    known: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        found = re.fullmatch(r"([0-9a-f]{64})\s+(\S.*?)\s*", line)
        if found is None:
            raise CovidDError(
                N_("%(path)s: no public key and name in %(line)r.", path=path, line=line),
                N_("Write a line a clinic: what covid-d federation key prints, a space, a name."),
            )
        known[found[1]] = found[2]
    return known
