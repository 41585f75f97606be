"""Options and output that several subcommands share."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from covid_d.language import LANGUAGES, Language

Command = TypeVar("Command", bound=Callable[..., Any])

dataset_argument = click.argument(
    "dataset",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object and nothing else."
)
progress_option = click.option(
    "--progress/--no-progress", default=True, show_default=True, help="Show progress bars."
)


def language_option(command: Command) -> Command:
    """Add ``--lang``, by default what was said before the command, else as the settings say."""
    return click.option(
        "--lang",
        "language",
        type=click.Choice(LANGUAGES),
        default=_language,
        show_default="COVID_D_LANG, else es",
        help="Language of texts for doctors.",
    )(command)


def _language() -> Language:
    from covid_d.settings import settings

    said: Language | None = click.get_current_context().find_root().params.get("language")
    return said or settings().language


def echo_json(value: dict[str, Any]) -> None:
    """Print a JSON object, readable by people too."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def echo_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: the first column to the left, numbers to the right."""
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for number, row in enumerate(cells):
        first = row[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        click.echo("  ".join([first, *rest]).rstrip())
        if number == 0:
            click.echo("  ".join("-" * width for width in widths))
    click.echo()
