"""Entry point ``covid-d``: loads a subcommand's module only when it is called."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence

import click

from covid_d.cli.lazy import LazyCommand, LazyGroup, missing_extra
from covid_d.cli.speech import chosen, in_language, say, speaking, spoken
from covid_d.errors import CovidDError
from covid_d.language import INTENDED_USE, LANGUAGES, N_, Language

INTERRUPTED = 130  # 128 + SIGINT, as shells report it

# Kept lazy so that `covid-d predict` starts without pandas.
COMMANDS = {
    "audit": LazyCommand(
        "covid_d.cli.audit:audit", "Ask whether a bundle looks at lungs or at shortcuts."
    ),
    "audit-log": LazyCommand(
        "covid_d.cli.audit_log:audit_log", "Show the clinic's audit trail and check its chain."
    ),
    "clinic": LazyCommand(
        "covid_d.cli.check:clinic", "Look after a clinic: check it, import, erase a patient."
    ),
    "backup": LazyCommand(
        "covid_d.cli.backup:backup", "Write the whole clinic into one file, also while it runs."
    ),
    "bundle": LazyCommand("covid_d.cli.bundle:bundle", "Show, verify and sign bundles."),
    "collection": LazyCommand(
        "covid_d.cli.collection:collection", "Export de-identified films of the clinic."
    ),
    "dataset": LazyCommand(
        "covid_d.cli.dataset:dataset", "Build, describe, check and fetch datasets."
    ),
    "demo": LazyCommand("covid_d.cli.demo:demo", "Assess a real sample film, for a first look."),
    "evaluate": LazyCommand(
        "covid_d.cli.evaluate:evaluate", "Measure what a bundle's answers are worth."
    ),
    "offline": LazyCommand(
        "covid_d.cli.offline:offline", "Make the page that answers on the reader's own device."
    ),
    "pacs": LazyCommand(
        "covid_d.cli.pacs:pacs", "Take films from the PACS and send the answers back."
    ),
    "federation": LazyCommand(
        "covid_d.cli.federation:federation",
        "Send figures to the ministry, and merge those of many clinics.",
    ),
    "predict": LazyCommand("covid_d.cli.predict:predict", "Assess chest radiographs."),
    "restore": LazyCommand("covid_d.cli.backup:restore", "Bring a backup of the clinic back."),
    "screen": LazyCommand("covid_d.cli.screen:screen", "Screen whole archives of films."),
    "serve": LazyCommand("covid_d.cli.serve:serve", "Run the clinic, the web application."),
    "train": LazyCommand(
        "covid_d.cli.train:train", "Train a detector on a dataset and export its bundle."
    ),
    "train-lungs": LazyCommand(
        "covid_d.cli.lungs:train_lungs", "Train the audit's lung segmentation model."
    ),
    "user": LazyCommand("covid_d.cli.user:user", "Help people of the clinic back in."),
}


def _say_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from covid_d.provenance import this_code

        click.echo(f"covid-d, version {this_code()}")
        context.exit()


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    epilog=INTENDED_USE.en,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(LANGUAGES),
    help="Language of help, errors and answers; default: COVID_D_LANG; else the locale's for help "
    "and errors, es for answers.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_say_version,
    help="Show the version and exit.",
)
def cli(language: Language | None) -> None:
    """COVID-D: decision support for COVID-19 on chest radiographs.

    Support, not a decision: RT-PCR or an antigen test decides.
    """
    del language  # read from the command line before it is parsed, and by `language_option`


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; every expected error ends in a sentence and a next step.

    Parameters
    ----------
    arguments
        Words after ``covid-d``; the process's own when not given.
    """
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    # timm still scripts a few functions when it is imported; no user can do anything about it.
    warnings.filterwarnings("ignore", message=".*torch.jit", category=FutureWarning)
    with speaking(chosen(words, os.environ)):
        return _carry_out(words)


def _carry_out(words: list[str]) -> int:
    command = in_language(cli, spoken())
    command.epilog = say(INTENDED_USE)
    try:
        # Not standalone: click would answer Ctrl-C with "Aborted!" and exit code 1.
        result = command.main(args=words, prog_name="covid-d", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as error:
        interrupted = isinstance(error.__cause__, KeyboardInterrupt)
        click.echo(say(N_("Interrupted.") if interrupted else N_("Aborted.")), err=True)
        return INTERRUPTED if interrupted else 1
    except CovidDError as error:
        return _show(error)
    except ModuleNotFoundError as error:
        # Commands import heavy modules inside their functions, after the group has let them go.
        named = next((word for word in words if word in cli.lazy), "")
        explained = missing_extra(error, f"`{' '.join(['covid-d', named]).strip()}`", named)
        if not isinstance(explained, CovidDError):
            raise
        return _show(explained)
    return result if isinstance(result, int) else 0


def _show(error: CovidDError) -> int:
    message, next_step = error.in_language(spoken())
    click.echo(say(N_("Error: %(message)s", message=message)), err=True)
    if next_step:
        click.echo(say(N_("Next: %(step)s", step=next_step)), err=True)
    return error.exit_code
