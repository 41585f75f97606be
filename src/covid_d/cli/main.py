"""Entry point ``covid-d``: loads a subcommand's module only when it is called."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from covid_d import __version__
from covid_d.errors import CovidDError
from covid_d.language import INTENDED_USE

# Subcommand -> "module:attribute"; kept lazy so that `covid-d predict` starts without pandas.
_COMMANDS: dict[str, str] = {
    "audit": "covid_d.cli.audit:audit",
    "bundle": "covid_d.cli.bundle:bundle",
    "dataset": "covid_d.cli.dataset:dataset",
    "evaluate": "covid_d.cli.evaluate:evaluate",
    "predict": "covid_d.cli.predict:predict",
    "train": "covid_d.cli.train:train",
}


class LazyGroup(click.Group):
    """A click group that imports a subcommand when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the subcommands' names."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the subcommand ``cmd_name``."""
        target = _COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, attribute = target.split(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{target} is not a click command")
        return command


@click.group(cls=LazyGroup, epilog=INTENDED_USE.en)
@click.version_option(__version__, prog_name="covid-d")
def cli() -> None:
    """COVID-D: decision support for COVID-19 on chest radiographs.

    Support, not a decision: RT-PCR or an antigen test decides.
    """


def main() -> None:
    """Run the command line; every expected error ends in one sentence and a next step."""
    try:
        cli(prog_name="covid-d")
    except CovidDError as error:
        click.echo(f"Error: {error.message}", err=True)
        if error.next_step:
            click.echo(f"Next: {error.next_step}", err=True)
        sys.exit(error.exit_code)
