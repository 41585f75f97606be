from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from covid_d.cli import main
from covid_d.cli.lazy import LazyGroup
from covid_d.cli.speech import (
    LOCALE_VARIABLES,
    NAMES,
    chosen,
    in_language,
    say,
    sentence_of,
    speaking,
    spoken,
)
from covid_d.language import INTENDED_USE, N_, Language, translations


def _covid_d(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {*LOCALE_VARIABLES, "COVID_D_LANG", "COVID_D_LANGUAGE"}
    }
    return subprocess.run(
        [sys.executable, "-m", "covid_d", *words],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**kept, "PYTHONUTF8": "1", "COLUMNS": "100", **environment},
    )


def _commands(
    command: click.Command, name: str = "covid-d"
) -> Iterator[tuple[str, click.Command, click.Context]]:
    context = click.Context(command, info_name=name)
    yield name, command, context
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from _commands(found, f"{name} {below}")


SPANISH = list(_commands(in_language(main.cli, "es")))
ENGLISH = {name: command for name, command, _ in _commands(main.cli)}


@pytest.mark.parametrize(
    ("words", "environment", "language"),
    [
        ([], {}, "es"),
        ([], {"LANG": "C.UTF-8", "LC_ALL": "POSIX"}, "es"),
        ([], {"LANG": "es_EC.UTF-8"}, "es"),
        ([], {"LANG": "es"}, "es"),
        ([], {"LANG": "Spanish_Ecuador.1252"}, "es"),
        ([], {"LANG": "en_US.UTF-8"}, "en"),
        ([], {"LANG": "de_DE@euro"}, "en"),
        ([], {"LANG": "es_EC.UTF-8", "LC_MESSAGES": "en_GB"}, "en"),
        ([], {"LC_MESSAGES": "en_GB", "LC_ALL": "es_ES"}, "es"),
        ([], {"LC_ALL": "es_ES", "LANGUAGE": "en:es"}, "en"),
        ([], {"LANG": "en_US.UTF-8", "COVID_D_LANGUAGE": "es"}, "es"),
        ([], {"COVID_D_LANGUAGE": "es", "COVID_D_LANG": "en"}, "en"),
        ([], {"COVID_D_LANG": "fr", "LANG": "en_US"}, "en"),
        (["--lang", "en", "predict"], {"COVID_D_LANG": "es"}, "en"),
        (["predict", "--lang=es", "x"], {"COVID_D_LANG": "en"}, "es"),
        (["predict", "--lang", "fr"], {"LANG": "en_US"}, "en"),
        (["predict", "--lang"], {}, "es"),
        (["predict", "--", "--lang", "en"], {}, "es"),
    ],
)
def test_the_language_is_what_was_asked_for_else_the_locales(
    words: list[str], environment: dict[str, str], language: Language
) -> None:
    assert chosen(words, environment) == language


@pytest.mark.parametrize(("name", "command", "context"), SPANISH, ids=[each[0] for each in SPANISH])
def test_every_command_and_option_has_spanish_help(
    name: str, command: click.Command, context: click.Context
) -> None:
    english = ENGLISH[name]
    catalogue = translations("es")

    def is_spanish(text: str | None, original: str | None) -> bool:
        assert original, f"{name} has no help"
        return catalogue.gettext(sentence_of(original)) != sentence_of(original) and bool(text)

    assert is_spanish(command.help, english.help)
    assert command.help != english.help
    assert len(command.params) == len(english.params)
    for own, its in zip(command.params, english.params, strict=True):
        if isinstance(own, click.Option):
            assert isinstance(its, click.Option)
            assert is_spanish(own.help, its.help), own.name
            assert own.help != its.help
            assert (own.opts, own.required, own.default) == (its.opts, its.required, its.default)
        else:  # an argument is explained in the help of its command, by its name there
            assert own.make_metavar(context).strip("[].") in command.help or not own.required
    with speaking("es"):
        text = command.get_help(context)
    assert text.startswith(f"Uso: {name} ")
    assert "Muestra esta ayuda y termina." in text
    english_words = (
        r"\b(Usage|Options|Commands|OPTIONS|default:|required|INTEGER|FLOAT|TEXT|FILE)\b"
    )
    assert re.findall(english_words, text) == []


def test_a_recipes_values_stay_behind_the_spanish_help() -> None:
    options = {each.name: each for each in in_language(ENGLISH["covid-d train"], "es").params}
    backbone = options["backbone"]
    assert isinstance(backbone, click.Option)
    assert backbone.help.startswith("resnet18/34/50, densenet121, vgg16, alexnet o cualquier")
    assert backbone.help.endswith("]")
    assert " / " in backbone.help.partition("[")[2]


def test_no_spanish_summary_in_a_list_of_commands_is_cut_off() -> None:
    for name, command, context in SPANISH:
        if isinstance(command, click.Group):
            for below in command.list_commands(context):
                found = command.get_command(context, below)
                summary = found.get_short_help_str(limit=68)
                if isinstance(command, LazyGroup):
                    summary = translations("es").gettext(command.lazy[below].summary)
                assert summary.endswith("."), f"{name} {below}"
                assert not summary.endswith("..."), f"{name} {below}"
                assert len(summary) <= 68, f"{name} {below}"


def test_translating_leaves_the_command_itself_english() -> None:
    before = main.cli.get_help(click.Context(main.cli, info_name="covid-d"))
    in_language(main.cli, "es")
    after = main.cli.get_help(click.Context(main.cli, info_name="covid-d"))
    assert before == after
    assert "Show this message and exit." in after
    assert isinstance(main.cli, LazyGroup)
    assert main.cli.language == "en"


def test_click_speaks_spanish_only_while_it_lasts() -> None:
    with speaking("es"):
        assert (spoken(), say(N_("none"))) == ("es", "ninguna")
        assert click.NoSuchOption("--x").format_message() == "No existe la opción '--x'."
        with speaking("en"):
            assert (spoken(), say(N_("none"))) == ("en", "none")
        assert spoken() == "es"
    assert (spoken(), say(N_("none"))) == ("en", "none")
    assert click.NoSuchOption("--x").format_message() == "No such option '--x'."
    with pytest.raises(ZeroDivisionError), speaking("es"):
        raise ZeroDivisionError
    assert click.NoSuchOption("--x").format_message() == "No such option '--x'."


def test_the_names_of_clicks_types_are_those_that_it_gives() -> None:
    given = {
        kind.name
        for kind in (
            click.STRING,
            click.INT,
            click.IntRange(),
            click.FLOAT,
            click.FloatRange(),
            click.BOOL,
            click.DateTime(),
        )
    }
    probe = click.Group("probe")
    assert {text.msgid for text in NAMES} == {
        *given,
        probe.options_metavar,
        probe.subcommand_metavar,
    }


def test_help_is_spanish_where_nothing_is_said() -> None:
    ran = _covid_d("--help")
    assert ran.returncode == 0
    assert ran.stdout.startswith("Uso: covid-d [OPCIONES] ORDEN [ARGUMENTOS]...\n")
    assert "Lee radiografías de tórax." in ran.stdout
    assert " ".join(INTENDED_USE.es.split()) in " ".join(ran.stdout.split())
    assert "Usage" in _covid_d("--help", LANG="en_US.UTF-8").stdout
    assert "Usage" in _covid_d("--lang", "en", "--help").stdout


def test_mistakes_are_told_in_the_language_of_the_run(tmp_path: Path) -> None:
    wrong = _covid_d("predict", "--no-such", "x")
    assert wrong.returncode == 2
    assert wrong.stderr.splitlines()[0].startswith("Uso: covid-d predict [OPCIONES]")
    assert "Error: No existe la opción '--no-such'." in wrong.stderr
    both = _covid_d("predict", "--json", "--csv", "-", "x")
    assert "Error: Elija --json o --csv, uno de los dos." in both.stderr
    gone = _covid_d("restore", str(tmp_path / "gone.zip"), "--data", str(tmp_path / "clinic"))
    assert gone.returncode == 1
    assert gone.stderr == (
        f"Error: No hay ninguna copia en {tmp_path / 'gone.zip'}.\nQué hacer: Revise la ruta.\n"
    )
    english = _covid_d(
        "--lang", "en", "restore", str(tmp_path / "gone.zip"), "--data", str(tmp_path / "clinic")
    )
    assert english.stderr.startswith("Error: There is no backup at ")
    assert english.stderr.endswith("\nNext: Check the path.\n")


def test_the_language_before_the_command_is_that_of_the_answers_too(tmp_path: Path) -> None:
    (tmp_path / "film.png").write_bytes(b"no film")
    film = str(tmp_path / "film.png")
    assert INTENDED_USE.en in _covid_d("--lang", "en", "predict", film).stdout
    assert INTENDED_USE.es in _covid_d("--lang", "en", "predict", "--lang", "es", film).stdout
    assert INTENDED_USE.en in _covid_d("predict", film, COVID_D_LANG="en").stdout
    # A server's locale must not change what a Spanish installation answers.
    assert INTENDED_USE.es in _covid_d("predict", film, LANG="en_US.UTF-8").stdout
