"""Options and output that commands share: whose language counts, and tables in columns."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from covid_d.cli.options import echo_json, echo_table, language_option
from covid_d.settings import settings


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("COVID_D_LANG", "COVID_D_LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


@click.command()
@language_option
def _speak(language: str) -> None:
    click.echo(language)


@click.group()
@click.option("--lang", "language")
def _outer(language: str | None) -> None:
    del language


_outer.add_command(_speak, "speak")


def _said(*words: str) -> str:
    result = CliRunner().invoke(_outer, list(words))
    assert result.exit_code == 0, result.output
    return result.output.strip()


def test_doctors_are_spoken_to_in_spanish_where_nobody_says_otherwise() -> None:
    assert _said("speak") == "es"


def test_the_nearest_word_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVID_D_LANG", "en")
    settings.cache_clear()
    assert _said("speak") == "en"
    assert _said("--lang", "es", "speak") == "es"
    assert _said("--lang", "es", "speak", "--lang", "en") == "en"


def test_a_language_that_nobody_speaks_here_is_wrong_usage() -> None:
    result = CliRunner().invoke(_outer, ["speak", "--lang", "fr"])
    assert result.exit_code == 2
    assert "'fr'" in result.output
    assert "es" in result.output


def test_json_keeps_accents_and_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    told = {"name": "Peñafiel «1»", "none": None, "list": [1, 2.5]}
    echo_json(told)
    text = capsys.readouterr().out
    assert "Peñafiel «1»" in text
    assert json.loads(text) == told


def test_columns_are_as_wide_as_their_longest_cell(capsys: pytest.CaptureFixture[str]) -> None:
    echo_table(["source", "n"], [["a", 1], ["bimcv-covid19", 12345], ["", None]])
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "source             n",
        "-------------  -----",
        "a                  1",
        "bimcv-covid19  12345",
        "                None",
        "",
    ]


def test_a_table_without_rows_is_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    echo_table(["film", "n"], [])
    assert capsys.readouterr().out == "film  n\n----  -\n\n"


def test_a_table_of_one_column_ends_no_line_in_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    echo_table(["name"], [["x"], ["longer"]])
    assert capsys.readouterr().out == "name\n------\nx\nlonger\n\n"


def test_a_row_of_another_length_is_a_fault_and_not_cut() -> None:
    with pytest.raises((ValueError, IndexError)):
        echo_table(["a", "b"], [["x"]])
    with pytest.raises(ValueError, match="zip"):
        echo_table(["a", "b"], [["x", 1, 2]])
