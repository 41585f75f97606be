"""The README's commands are taken as written, and both languages give the same ones."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from covid_d.cli.main import cli

ROOT = Path(__file__).parents[1]
README, LEAME = ROOT / "README.md", ROOT / "README.es.md"


def commands(page: Path) -> list[list[str]]:
    """Return the words of every ``covid-d`` command in a page's blocks, comments left out."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    found = [shlex.split(line, comments=True) for line in lines if line.startswith("covid-d ")]
    return [words[1:] for words in found]


def parsed(words: list[str]) -> click.Context:
    """Return the context in which click would run the command; what is wrong raises."""
    command: click.Command | None = cli
    context, rest = None, words
    while isinstance(command, click.Group):
        context = click.Context(command, parent=context)
        name, command, rest = command.resolve_command(context, rest)
    assert command is not None
    return command.make_context(name, list(rest), parent=context)


@pytest.mark.parametrize("words", commands(README), ids=" ".join)
def test_every_command_is_taken(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "clone"
    here.mkdir()
    monkeypatch.chdir(here)
    for word in words:  # what the reader has, or made with the command before
        if "/" in word:
            Path(word).parent.mkdir(parents=True, exist_ok=True)
            Path(word).touch() if Path(word).suffix else Path(word).mkdir(exist_ok=True)
    assert parsed(words).command.callback is not None


def test_both_languages_give_the_same_commands() -> None:
    assert len(commands(README)) >= 14
    assert commands(README) == commands(LEAME)


@pytest.mark.parametrize("words", [["predict", "--no-such"], ["audit", "nowhere", "nowhere"]])
def test_a_wrong_command_would_be_found(words: list[str]) -> None:
    with pytest.raises(click.UsageError):
        parsed(words)


def references(page: Path) -> set[str]:
    """Return what a page links to, or names in code type, within the project."""
    text = page.read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link}
    return links | set(re.findall(r"`([\w.-]+/[\w./-]+\.(?:md|py|json))`", text))


@pytest.mark.parametrize(
    "page", [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")], ids=lambda page: str(page.name)
)
def test_what_a_page_refers_to_exists(page: Path) -> None:
    bases = (page.parent, ROOT, ROOT / "src/covid_d")
    missing = [
        name for name in references(page) if not any((base / name).exists() for base in bases)
    ]
    assert missing == []
