"""What commands that answer films are asked: the bundle, the prevalence, one's own counts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from covid_d.cli.answers import DIALECTS
from covid_d.cli.options import Command
from covid_d.cli.speech import say
from covid_d.language import N_

if TYPE_CHECKING:
    from covid_d.detector.likelihood import LikelihoodTable

bundle_option = click.option(
    "--bundle",
    type=click.Path(path_type=Path),
    help="Bundle that answers: folder, zip or builtin; default: COVID_D_BUNDLE, else builtin.",
)
dialect_option = click.option(
    "--csv-dialect",
    type=click.Choice(sorted(DIALECTS)),
    default="plain",
    show_default=True,
    help="How the table is written: excel-es opens in a Spanish Excel.",
)

likelihood_option = click.option(
    "--likelihood",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Table (CSV) of your own films counted by appearance, with COVID-19 and without, in "
    "place of published studies; default: COVID_D_LIKELIHOOD.",
)


def prevalence_options(command: Command) -> Command:
    """Add ``--prevalence`` and ``--likelihood``; :func:`ratios_of` reads the second."""
    return click.option(
        "--prevalence",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        help="Share of COVID-19 among your patients (0 to 1): says how probable it is, as a range, "
        "where the bundle passed its audit.",
    )(likelihood_option(command))


def ratios_of(named: Path | None, *, prevalence: float | None) -> LikelihoodTable:
    """Return the likelihood ratios of the table named, else the setting's, else the published.

    Parameters
    ----------
    named, prevalence
        As the options above were given.

    Raises
    ------
    click.UsageError
        If a table is named and no prevalence: it would say nothing.
    CovidDError
        If the table cannot be read.
    """
    if named is not None and prevalence is None:
        raise click.UsageError(say(N_("--likelihood says something only with --prevalence.")))
    return table_of(named)


def table_of(named: Path | None) -> LikelihoodTable:
    """Return the table named, else the setting's, else the published.

    Raises
    ------
    CovidDError
        If the table cannot be read.
    """
    from covid_d.detector.likelihood import PUBLISHED
    from covid_d.settings import settings

    counts = named or settings().likelihood
    if counts is None:
        return PUBLISHED
    from covid_d.detector.own_counts import read_counts

    return read_counts(counts)
