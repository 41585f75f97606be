"""``covid-d dataset build``: published collections to films to learn from."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from covid_d.cli.options import echo_json, echo_table, json_option, progress_option
from covid_d.cli.speech import say
from covid_d.language import N_

if TYPE_CHECKING:
    from covid_d.dataset.build.build import BuildResult
    from covid_d.dataset.collections.base import Collection

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_BOX = 78
_FILMS = N_("films")
_COLLECTIONS = (N_("collection"), N_("rows"), N_("used"), N_("kept aside"), N_("excluded"))


class ThreeNumbers(click.ParamType[tuple[int, int, int]]):
    """Three numbers, as ``70/15/15``: training, validation, test."""

    name = "N/N/N"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int, int]:
        """Return the three numbers."""
        if isinstance(value, tuple):
            return value
        try:
            first, second, third = (int(part) for part in str(value).split("/"))
        except ValueError:
            said = N_("%(text)r is not three numbers, as 70/15/15.", text=value)
            self.fail(say(said), param, ctx)
        return first, second, third


@click.command()
@click.option("--cohen", multiple=True, type=_FOLDER, help="Cohen's collection: metadata.csv.")
@click.option(
    "--kermany", multiple=True, type=_FOLDER, help="Children's films in Kaggle's folder layout."
)
@click.option(
    "--siim",
    multiple=True,
    type=_FOLDER,
    help="The SIIM-FISABIO-RSNA COVID-19 challenge: its two CSV files and train/.",
)
@click.option(
    "--manifest",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="CSV file with columns path and label or appearance (and source, patient, view, age ...).",
)
@click.option(
    "--collection",
    "others",
    multiple=True,
    metavar="KIND=PATH",
    help="A collection of any installed kind.",
)
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to make."
)
@click.option(
    "--protocol",
    type=click.Choice(["grouped", "article"]),
    default="grouped",
    show_default=True,
    help="grouped: frontal films, no patient or near-duplicate in two splits. "
    "article: the 2020 article to the letter, random by image.",
)
@click.option(
    "--splits",
    type=ThreeNumbers(),
    default="70/15/15",
    show_default=True,
    help="Training/validation/test, per cent.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=7,
    show_default=True,
    help="Of every random choice; the article's is 7.",
)
@click.option(
    "--adults-only/--all-ages",
    default=None,
    help="Leave out who is known to be under 18.  [default: adults only when grouped]",
)
@click.option(
    "--known-projection-only",
    is_flag=True,
    help="Leave out films whose projection is not recorded (grouped).",
)
@click.option(
    "--licenses",
    type=click.Choice(["any", "permissive"]),
    default="any",
    show_default=True,
    help="permissive: only films whose licence lets changed copies be passed on.",
)
@click.option(
    "--max-side",
    type=click.IntRange(224),
    help="Make larger films smaller; pixels.  [default: bytes are copied untouched]",
)
@click.option(
    "--hold-out",
    multiple=True,
    metavar="SOURCE",
    help="Source or publisher (radiopaedia.org) kept for the test split alone (grouped).",
)
@click.option(
    "--children",
    type=ThreeNumbers(),
    default="40/40/20",
    show_default=True,
    help="Healthy children, and as many with pneumonia, in each split (article).",
)
@click.option("--jobs", type=click.IntRange(1), help="Processes.  [default: cores]")
@click.option("--overwrite", is_flag=True, help="Replace an existing folder.")
@progress_option
@json_option
def build(
    cohen: tuple[Path, ...],
    kermany: tuple[Path, ...],
    siim: tuple[Path, ...],
    manifest: tuple[Path, ...],
    others: tuple[str, ...],
    out: Path,
    jobs: int | None,
    overwrite: bool,
    progress: bool,
    as_json: bool,
    **choices: Any,
) -> None:
    """Build a dataset from published collections; each may be given more than once.

    A film is labelled (COVID-19 or not), graded by appearance (SIIM), or both; splits are balanced
    by either.

    Writes train/, validation/, test/, CT/ and lateral/ (both set aside), manifest.csv,
    test_labels.csv, exclusions.csv (every film left out, with its reason), ATTRIBUTION.md and
    dataset.json.
    """
    from covid_d.dataset.build.build import build_dataset
    from covid_d.dataset.build.options import BuildOptions, Licenses, Protocol

    named = [("cohen", path) for path in cohen]
    named += [("kermany", path) for path in kermany]
    named += [("siim", path) for path in siim]
    named += [("manifest", path) for path in manifest]
    named += [_named(text) for text in others]
    if not named:
        raise click.UsageError(
            say(N_("Name at least one collection: --cohen, --kermany, --siim or --manifest."))
        )
    choices["protocol"] = Protocol(choices["protocol"])
    choices["licenses"] = Licenses(choices["licenses"])
    result = build_dataset(
        _opened(named),
        out,
        BuildOptions(**choices),
        jobs=jobs or os.cpu_count() or 1,
        overwrite=overwrite,
        progress=progress,
    )
    if as_json:
        echo_json(result.record)
    else:
        _show(result)
    _warn(result.warnings)


def _named(text: str) -> tuple[str, Path]:
    kind, equals, path = text.partition("=")
    if not (kind and equals and path):
        said = N_("%(text)r is not KIND=PATH.", text=text)
        raise click.BadParameter(say(said), param_hint="--collection")
    return kind, Path(path)


def _opened(named: Sequence[tuple[str, Path]]) -> list[Collection]:
    from covid_d.dataset.collections import open_collection

    return [open_collection(kind, path) for kind, path in named]


def _show(result: BuildResult) -> None:
    record = result.record
    header, rows = _counts(record)
    echo_table(header, rows)
    rows = [
        [name, *(numbers[key] for key in ("rows", "used", "aside", "excluded"))]
        for name, numbers in record["collections"].items()
    ]
    echo_table([say(heading) for heading in _COLLECTIONS], rows)
    if record["exclusions"]:
        because = [say(N_("left out because")), say(_FILMS)]
        echo_table(because, list(record["exclusions"].items()))
    for said in record["understood"]:
        click.echo(say(N_("read %(how)s", how=said)))
    click.echo(f"{result.folder}  {result.sha256}")


def _counts(record: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Return the table of splits: a column for each class that a film has, or for both labels."""
    by_label, by_appearance = record["counts"], record["appearances"]
    graded = any(by_appearance.values())
    labelled = any(numbers.keys() - {""} for numbers in by_label.values())
    labels = ["covid", "nocovid"] if labelled or not graded else []
    looks = ["negative", "atypical", "indeterminate", "typical"] if graded else []
    rows = [
        [
            split,
            *(numbers.get(name, 0) for name in labels),
            *(by_appearance[split].get(name, 0) for name in looks),
            sum(numbers.values()),
        ]
        for split, numbers in by_label.items()
    ]
    return [say(N_("split")), *labels, *looks, say(_FILMS)], rows


def _warn(warnings: Sequence[str]) -> None:
    if not warnings:
        return
    lines = [
        line
        for warning in warnings
        for line in textwrap.wrap(warning, _BOX - 4, initial_indent="! ", subsequent_indent="  ")
    ]
    rule = "+" + "-" * (_BOX - 2) + "+"
    box = [rule, *(f"| {line:<{_BOX - 4}} |" for line in lines), rule]
    click.secho("\n".join(box), err=True, fg="yellow")
