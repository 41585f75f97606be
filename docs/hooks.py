"""What the site takes from the code: command line, settings, notebooks, model card, schemas.

A page asks for a part with a line ``<!-- generate: NAME -->``. Nothing here reaches the network.
"""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click
import jupytext
from fastapi.routing import APIRoute
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from covid_d.cli.main import cli
from covid_d.cli.speech import in_language
from covid_d.clinic.app import create_app, every_route
from covid_d.clinic.http.visitor import access_of
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.detector.bundle.bundle import built_in_path
from covid_d.language import Language, translations
from covid_d.pacs.conformance import statement
from covid_d.pacs.settings import PacsSettings
from covid_d.radiograph import Refusal
from covid_d.radiograph.kinds import kinds_read
from covid_d.settings import Settings

DOCS = Path(__file__).parent
ROOT = DOCS.parent
NOTEBOOKS = {"es": "detector_covid19", "en": "covid19_detector"}

_MARK = re.compile(r"^<!-- generate: ([a-z-]+) -->$", re.MULTILINE)
# Files outside the site that pages name; the site has its own page for these.
_INSIDE = {"README.md": "index.md", "README.es.md": "index.md", "MODEL_CARD.md": "model-card.md"}
_OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([^)#]*/)?([^)/#]+)(#[^)]*)?\)")
# On GitHub a page links its other language; the site has a switch for that.
_OTHER_LANGUAGE = re.compile(r"^\[(?:Español|English)\]\([^)]*\)\.?\s*", re.MULTILINE)
_WORDS = {
    "es": ("opción", "significado", "por defecto", "obligatoria", "argumento", "variable"),
    "en": ("option", "meaning", "default", "required", "argument", "variable"),
}


_ROUTE_WORDS = {
    "es": ("dirección", "quién", "qué hace", "cualquiera"),
    "en": ("address", "who", "what it does", "anyone"),
}


def spanish_routes() -> dict[str, str]:
    """Return the Spanish words of the clinic's addresses (``docs/words.es.toml``)."""
    words = tomllib.loads((DOCS / "words.es.toml").read_text(encoding="utf-8"))
    return dict(words["routes"])


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its full name, ``covid-d`` first."""
    context = click.Context(cli, info_name="covid-d")

    def walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        yield name, command
        if isinstance(command, click.Group):
            for child in command.list_commands(context):
                found = command.get_command(context, child)
                assert found is not None
                yield from walk(f"{name} {child}", found)

    yield from walk("covid-d", cli)


def options_of(command: click.Command) -> Iterator[click.Option]:
    """Yield the options of a command that a reader may want to know."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name not in {"help", "version"}:
            yield parameter


def flag_of(option: click.Option) -> str:
    """Return the option's first long name."""
    return next((name for name in option.opts if name.startswith("--")), option.opts[0])


def command_line(language: Language) -> str:
    """Return the reference of every command as Markdown."""
    return "\n\n".join(
        _command(name, in_language(command, language), language) for name, command in commands()
    )


def _command(name: str, command: click.Command, language: Language) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    text = _paragraphs(inspect.cleandoc(command.help or ""))
    parts = [f"## `{name}` {{ #{name.replace(' ', '-')} }}", text, f"```\n{usage}\n```"]
    rows = [_option(option, language) for option in options_of(command)]
    if rows:
        option, meaning, default, *_ = _WORDS[language]
        head = [f"| {option} | {meaning} | {default} |", "|---|---|---|"]
        parts.append("\n".join([*head, *rows]))
    return "\n\n".join(part for part in parts if part)


def _option(option: click.Option, language: Language) -> str:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    if isinstance(option.type, click.Choice):
        names += " " + " ".join(f"`{choice}`" for choice in option.type.choices)
    return f"| {names} | {_cell(option.help or '')} | {_default(option, language)} |"


def _default(option: click.Option, language: Language) -> str:
    if option.required:
        return _WORDS[language][3]
    value = option.default
    if value is None or value is False or callable(value) or "UNSET" in repr(value):
        return ""
    if option.secondary_opts:
        return f"`{option.opts[0]}`"
    return f"`{value}`" if value != () else ""


def settings_of(room: type[BaseSettings]) -> dict[str, FieldInfo]:
    """Return the settings that a room adds to those it inherits, each with its name."""
    inherited = {name for base in room.__bases__ for name in getattr(base, "model_fields", ())}
    return {name: field for name, field in room.model_fields.items() if name not in inherited}


def settings_table(language: Language, room: type[BaseSettings] = Settings) -> str:
    """Return every setting of a room as a Markdown table."""
    said = translations(language).gettext
    _, meaning, default, _, _, variable = _WORDS[language]
    lines = [f"| {variable} | {meaning} | {default} |", "|---|---|---|"]
    for name, field in settings_of(room).items():
        text = said(field.description or "")
        value = "" if field.default in (None, ()) else f"`{field.default}`"
        variable = f"{room.model_config['env_prefix']}{name.upper()}"
        lines.append(f"| `{variable}` | {_cell(text)} | {value} |")
    return "\n".join(lines)


class Route(NamedTuple):
    """One address of the clinic: ``GET /cases``, who may use it, what it does."""

    name: str
    access: str
    summary: str


@cache
def routes() -> tuple[Route, ...]:
    """Return every address of the clinic, as a new installation would serve it."""
    with TemporaryDirectory() as folder:
        installation = Installation.open(ClinicSettings(data=Path(folder)))
        try:
            return tuple(
                Route(
                    f"{method} {path}",
                    str(access_of(route)),
                    inspect.cleandoc(route.endpoint.__doc__ or "").split("\n\n")[0],
                )
                for path, route in every_route(create_app(installation).router)
                if isinstance(route, APIRoute)
                for method in sorted(route.methods - {"HEAD"})
            )
        finally:
            installation.close()


def routes_table(language: Language) -> str:
    """Return every address of the clinic as a Markdown table."""
    words, (address, who, what, anyone) = spanish_routes(), _ROUTE_WORDS[language]
    lines = [f"| {address} | {who} | {what} |", "|---|---|---|"]
    for route in routes():
        roles = [role for role in Role if route.access in role.permissions]
        names = ", ".join(role.text.in_language(language) for role in roles)
        text = words.get(route.name, "") if language == "es" else route.summary
        lines.append(f"| `{route.name}` | {names or anyone} | {_cell(text.replace('``', '`'))} |")
    return "\n".join(lines)


def films_read(language: str) -> str:
    """Return every kind of file that is read, as a Markdown table."""
    head = {"es": ("archivo", "qué se lee"), "en": ("file", "what is read")}[language]
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
    rows = ((name, what.in_language(language)) for name, what in kinds_read())
    return "\n".join([*lines, *(f"| {name} | {_cell(what)} |" for name, what in rows)])


def films_refused(language: str) -> str:
    """Return every reason for which a film gets no answer, as a Markdown table."""
    words = {"es": ("código", "por qué", "qué hacer"), "en": ("code", "why", "what to do")}
    code, why, next_step = words[language]
    lines = [f"| {code} | {why} | {next_step} |", "|---|---|---|"]
    for refusal in Refusal.every():
        said = [_cell(part.in_language(language)) for part in (refusal.message, refusal.next_step)]
        lines.append(f"| `{refusal.code.value}` | {said[0]} | {said[1]} |")
    return "\n".join(lines)


def notebook(language: str) -> str:
    """Return the guide's notebook as Markdown: text and code, no output."""
    cells = jupytext.read(ROOT / "notebooks" / f"{NOTEBOOKS[language]}.py").cells
    parts = [
        cell.source if cell.cell_type == "markdown" else f"```python\n{cell.source}\n```"
        for cell in cells
    ]
    text = "\n\n".join(parts)
    return text.partition("\n")[2].strip()  # the page has its own title


def model_card(language: str) -> str:
    """Return the built-in bundle's model card; its own text is one document, in English."""
    del language
    card = (built_in_path() / "MODEL_CARD.md").read_text(encoding="utf-8")
    return card.partition("\n")[2].strip()  # the page has its own title


def conformance(language: Language) -> str:
    """Return the DICOM conformance statement, without its title: the page has its own."""
    return statement(language).partition("\n")[2].strip().replace("\n## ", "\n### ")


PARTS: dict[str, Callable[[Any], str]] = {
    "command-line": command_line,
    "settings": settings_table,
    "clinic-settings": partial(settings_table, room=ClinicSettings),
    "pacs-settings": partial(settings_table, room=PacsSettings),
    "conformance": conformance,
    "routes": routes_table,
    "films-read": films_read,
    "films-refused": films_refused,
    "notebook": notebook,
    "model-card": model_card,
}


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Fill in generated parts and turn links that leave the site."""
    language = page.file.src_uri.partition("/")[0]
    filled = _MARK.sub(lambda found: PARTS[found[1]](language), markdown)
    filled = _OTHER_LANGUAGE.sub("", filled)
    depth = page.file.src_uri.count("/") - 1
    return _OUTSIDE.sub(lambda found: _link(found, depth), filled)


def _link(found: re.Match[str], depth: int) -> str:
    text, folder, name, anchor = found[1], found[2] or "", found[3], found[4] or ""
    if name in _INSIDE:
        return f"[{text}]({'../' * depth}{_INSIDE[name]}{anchor})"
    target = f"{folder}{name}"
    if (ROOT / target).exists():  # a file of the repository: name it, the site does not hold it
        return f"{text} (`{target}`)"
    return found[0]


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
