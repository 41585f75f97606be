"""Which language the command line speaks, and its help and errors in it.

The code holds the English; ``locale/<language>/cli.po`` translates the commands' own words and
``click.po`` those of click.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import pairwise
from typing import Any, Final

import click
import click.core
import click.decorators
import click.exceptions
import click.formatting
import click.parser
import click.termui
import click.types

from covid_d.language import LANGUAGES, N_, Language, Sentence, Text, said, translations

# As gettext looks for it, the first that names a language.
LOCALE_VARIABLES: Final = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
_NO_LANGUAGE: Final = {"", "C", "POSIX"}
_VALUES: Final = re.compile(r"\s+\[[^\]]* / [^\]]*\]$")
# Each of them has its own name for gettext's functions, bound when it was imported.
_CLICK: Final = (
    click.core,
    click.decorators,
    click.exceptions,
    click.formatting,
    click.parser,
    click.termui,
    click.types,
)
# Names that click's own types and commands are given when they are made, in English.
NAMES: Final[tuple[Text, ...]] = (
    N_("text"),
    N_("integer"),
    N_("integer range"),
    N_("float"),
    N_("float range"),
    N_("boolean"),
    N_("datetime"),
    N_("[OPTIONS]"),
    N_("COMMAND [ARGS]..."),
)
_SPOKEN: ContextVar[Language] = ContextVar("spoken", default="en")


def chosen(words: Sequence[str], environment: Mapping[str, str]) -> Language:
    """Return the language of help and errors.

    ``--lang``, else ``COVID_D_LANG`` or ``COVID_D_LANGUAGE``, else the locale: Spanish where it
    says so and where it says nothing, English for any other language.

    Parameters
    ----------
    words
        The command line, not yet parsed: its mistakes are told in this language.
    environment
        Environment variables.
    """
    options = list(words[: words.index("--")] if "--" in words else words)
    asked = [word.removeprefix("--lang=") for word in options if word.startswith("--lang=")]
    asked += [after for word, after in pairwise(options) if word == "--lang"]
    asked += [environment.get(name, "") for name in ("COVID_D_LANG", "COVID_D_LANGUAGE")]
    for word in asked:
        if word in LANGUAGES:
            return word
    for name in LOCALE_VARIABLES:
        code = re.split(r"[_.@:]", environment.get(name, ""))[0]
        if code not in _NO_LANGUAGE:
            return "es" if code.lower() in {"es", "spanish"} else "en"
    return "es"


def spoken() -> Language:
    """Return the language of this run's help and errors; English outside of a run."""
    return _SPOKEN.get()


def say(sentence: Sentence) -> str:
    """Return a sentence in the language of this run."""
    return said(sentence, spoken())


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Let click and :func:`say` speak ``language`` while it lasts."""
    catalogue = translations(language)
    own = {"_": catalogue.gettext, "ngettext": catalogue.ngettext}
    before = [(vars(module), name) for module in _CLICK for name in own if name in vars(module)]
    functions = [names[name] for names, name in before]
    token = _SPOKEN.set(language)
    try:
        for names, name in before:
            names[name] = own[name]
        yield
    finally:
        for (names, name), function in zip(before, functions, strict=True):
            names[name] = function
        _SPOKEN.reset(token)


def in_language(command: click.Command, language: Language) -> click.Command:
    """Return a copy of a command, and of all below it, whose help is in ``language``.

    What a group imports only when it is called, it translates then.
    """
    translated: Any = copy.copy(command)
    translated._help_option = None  # click keeps the one that it made, in the language of then
    for name in ("help", "short_help", "options_metavar", "subcommand_metavar"):
        if hasattr(command, name):
            setattr(translated, name, _translated(getattr(command, name), language))
    translated.params = [_parameter(parameter, language) for parameter in command.params]
    if isinstance(command, click.Group):
        translated.commands = {
            name: in_language(below, language) for name, below in command.commands.items()
        }
        if hasattr(command, "language"):
            translated.language = language
    done: click.Command = translated
    return done


def sentence_of(text: str) -> str:
    """Return a command's or an option's help as the catalogue holds it.

    Paragraphs without their line ends, and without the values of the training recipes, which stand
    in brackets at the end.
    """
    plain = _VALUES.sub("", inspect.cleandoc(text))
    return "\n\n".join(" ".join(part.split()) for part in plain.split("\n\n"))


def _translated(text: str | None, language: Language) -> str | None:
    if not text or language == "en":
        return text
    values = _VALUES.search(text)
    return translations(language).gettext(sentence_of(text)) + (values[0] if values else "")


def _parameter(parameter: click.Parameter, language: Language) -> click.Parameter:
    translated: Any = copy.copy(parameter)
    for name in ("help", "show_default"):
        text = getattr(parameter, name, None)
        if isinstance(text, str):
            setattr(translated, name, _translated(text, language))
    if not isinstance(parameter.type, click.Choice):
        translated.type = copy.copy(parameter.type)
        translated.type.name = _translated(parameter.type.name, language)
    done: click.Parameter = translated
    return done
