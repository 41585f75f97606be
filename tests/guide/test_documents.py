"""Documents and code hold together: nothing undocumented, nothing that the code lacks."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from covid_d.cli.main import cli
from covid_d.cli.speech import sentence_of
from covid_d.clinic.settings import ClinicSettings
from covid_d.language import translations
from covid_d.pacs.settings import PacsSettings
from covid_d.radiograph import RefusalCode
from covid_d.settings import Settings
from guide.documents import (
    DOCS,
    LANGUAGES,
    NOTEBOOKS,
    READMES,
    ROOT,
    Command,
    commands,
    fences,
    pages,
)


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("guide_hooks", DOCS / "hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _untold(hooks: ModuleType) -> Iterator[str]:
    """Yield what the command line has and one of the languages does not tell."""
    spanish = translations("es")

    def lacks(text: str | None) -> str | None:
        if not text:
            return "no help"
        told = sentence_of(text)
        return "no Spanish words" if spanish.gettext(told) == told else None

    for name, command in hooks.commands():
        if fault := lacks(command.help):
            yield f"{name}: {fault}"
        for option in hooks.options_of(command):
            if fault := lacks(option.help):
                yield f"{name} {hooks.flag_of(option)}: {fault}"


def test_every_command_and_option_has_words_in_both_languages(hooks: ModuleType) -> None:
    missing = list(_untold(hooks))
    assert not missing, "add them to the code, then run `make words`:\n" + "\n".join(missing)


def test_an_option_added_without_words_is_found(
    hooks: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command()
    @click.option("--quiet", is_flag=True)
    @click.option("--loud", is_flag=True, help="Say it loudly.")
    def new(quiet: bool, loud: bool) -> None:
        """Do something new."""

    monkeypatch.setattr(hooks, "commands", lambda: iter([("covid-d new", new)]))
    assert list(_untold(hooks)) == [
        "covid-d new: no Spanish words",
        "covid-d new --quiet: no help",
        "covid-d new --loud: no Spanish words",
    ]


def test_every_setting_has_words_in_both_languages(hooks: ModuleType) -> None:
    # The clinic's hold the library's as well.
    said = translations("es").gettext
    for name, field in ClinicSettings.model_fields.items():
        assert field.description, name
        assert said(field.description) != field.description, name


def test_every_route_has_words_in_both_languages(hooks: ModuleType) -> None:
    routes = hooks.routes()
    assert {route.name for route in routes} == set(hooks.spanish_routes())
    assert [route.name for route in routes if not route.summary] == []
    for language in LANGUAGES:
        table = hooks.routes_table(language)
        assert all(f"| `{route.name}` |" in table for route in routes)


def test_a_route_tells_who_may_use_it(hooks: ModuleType) -> None:
    table = hooks.routes_table("es").splitlines()
    bundles = next(line for line in table if "`GET /bundles`" in line)
    assert "| Administrador" in bundles
    assert "Médic" not in bundles
    assert "| cualquiera |" in next(line for line in table if "`GET /healthz`" in line)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_generated_pages_hold_every_option_and_setting(
    hooks: ModuleType, language: str
) -> None:
    text = hooks.command_line(language)
    for name, command in hooks.commands():
        part = text.partition(f"## `{name}` ")[2].partition("\n## ")[0]
        assert part, name
        for option in hooks.options_of(command):
            assert f"`{hooks.flag_of(option)}`" in part, f"{name} {option.name}"
    for part, names in (
        ("settings", set(Settings.model_fields)),
        ("pacs-settings", {f"pacs_{name}" for name in PacsSettings.model_fields}),
        ("clinic-settings", set(ClinicSettings.model_fields) - set(Settings.model_fields)),
    ):
        told = re.findall(r"^\| `COVID_D_([A-Z_]+)` \|", hooks.PARTS[part](language), re.MULTILINE)
        assert sorted(told) == sorted(name.upper() for name in names)


def test_every_refusal_has_its_row(hooks: ModuleType) -> None:
    for language in LANGUAGES:
        told = re.findall(
            r"^\| `([a-z_]+)` \|", hooks.PARTS["films-refused"](language), re.MULTILINE
        )
        assert told == [code.value for code in RefusalCode]
        assert "| DICOM, RLE Lossless |" in hooks.PARTS["films-read"](language)


def test_both_languages_have_the_same_pages_all_of_them_in_the_menu() -> None:
    found = [
        {path.relative_to(DOCS / language).as_posix() for path in (DOCS / language).rglob("*.md")}
        for language in LANGUAGES
    ]
    assert found[0] == found[1]
    menu = set(re.findall(r"^ +- ([a-z/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    assert menu == found[0]


def _shape(path: Path) -> dict[str, int]:
    text = path.read_text(encoding="utf-8")
    return {
        "headings": len(re.findall(r"^#+ ", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.M)),
        "blocks": text.count("```"),
        "rows": len(re.findall(r"^\|", text, re.MULTILINE)),
        "parts": len(re.findall(r"^<!-- generate", text, re.MULTILINE)),
    }


PAGES = sorted(path.relative_to(DOCS / "en").as_posix() for path in (DOCS / "en").rglob("*.md"))


@pytest.mark.parametrize("document", PAGES)
def test_a_page_says_the_same_in_both_languages(document: str) -> None:
    spanish, english = (_shape(DOCS / language / document) for language in LANGUAGES)
    assert spanish == english


def test_the_readmes_say_the_same_in_both_languages() -> None:
    assert _shape(READMES["es"]) == _shape(READMES["en"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_lead_somewhere(language: str) -> None:
    for path in pages(language):
        if path == NOTEBOOKS[language]:
            continue
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links {target}"


def _parsed(command: Command) -> tuple[click.Command, dict[str, object]]:
    """Let click's own parser read a command, without running it."""
    assert command.words[0] == "covid-d"
    here: click.Command = cli
    context = click.Context(cli, info_name="covid-d")
    words = list(command.words[1:])
    while isinstance(here, click.Group) and words and not words[0].startswith("-"):
        found = here.get_command(context, words[0])
        assert found is not None, f"{command.where}: no command {command}"
        context = click.Context(found, info_name=words.pop(0), parent=context)
        here = found
    values, rest, _ = here.make_parser(context).parse_args([w for w in words if w != "OPTIONS"])
    assert not rest, f"{command.where}: {command}: too much: {rest}"
    return here, values


def _id(command: Command) -> str:
    return f"{command.where}: {command}"[:120]


ALL = [command for language in LANGUAGES for command in commands(language)]


@pytest.mark.parametrize("command", ALL, ids=_id)
def test_every_command_of_the_documents_can_be_typed(command: Command) -> None:
    try:
        found, values = _parsed(command)
    except click.UsageError as error:
        pytest.fail(f"{command.where}: {command}: {error.format_message()}")
    context = click.Context(found)
    for parameter in found.params:
        value = values.get(parameter.name or "")
        given = value not in (None, (), [])
        if command.whole and parameter.required:
            assert given, f"{command.where}: {command} lacks {parameter.name}"
        if given and isinstance(parameter.type, click.Choice) and not parameter.multiple:
            parameter.type_cast_value(context, value)  # raises when it is no choice


def test_commands_were_found_in_documents_and_notebooks() -> None:
    assert len(ALL) > 60
    assert {"README.md", "docs/en/quickstart.md", "notebooks/covid19_detector.py"} <= {
        command.where for command in ALL
    }


def test_a_wrong_option_is_found() -> None:
    wrong = Command(("covid-d", "predict", "film.dcm", "--prevalnce", "0.1"), "here", whole=True)
    with pytest.raises(click.UsageError, match="prevalnce"):
        _parsed(wrong)


def test_both_languages_show_the_same_commands() -> None:
    shown = [sorted({str(c) for c in commands(language) if c.whole}) for language in LANGUAGES]
    assert shown[0] == shown[1]


def test_both_languages_show_the_same_python() -> None:
    bare = [
        [
            re.sub(r"#.*", "", block).split()
            for path in pages(language)[:-1]
            for block in fences(path, "python")
        ]
        for language in LANGUAGES
    ]
    assert bare[0] == bare[1]
