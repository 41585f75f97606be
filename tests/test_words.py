"""Every sentence of the catalogues exists in Spanish, with the same fields; none is left over."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

import covid_d
from covid_d.language import entries

ROOT = Path(__file__).parents[1]
SOURCE = Path(covid_d.__file__).parent
CATALOGUES = sorted(SOURCE.rglob("locale/es/*.po"))
FIELD = re.compile(r"%\((\w+)\)[srd]")
BRACES = re.compile(r"\{(\w+)(?:![rs])?\}")


@pytest.fixture(scope="module")
def words() -> Iterator[Any]:
    """The tool behind `make words`."""
    sys.path.insert(0, str(ROOT / "docs"))
    yield import_module("words")
    sys.path.remove(str(ROOT / "docs"))


@pytest.fixture(scope="module")
def used(words: Any) -> set[str | tuple[str, ...]]:
    return set(words.used())


def _catalogue() -> Iterator[tuple[Path, Any, Any]]:
    for path in CATALOGUES:
        with path.open("rb") as stream:
            for entry in read_po(stream, locale="es", abort_invalid=True):
                if entry.id:
                    assert not entry.fuzzy, f"{path.name}: {entry.id!r} is marked fuzzy"
                    yield path, entry.id, entry.string


def test_every_room_with_sentences_is_looked_at(words: Any, used: set[Any]) -> None:
    assert words.CATALOGUES == CATALOGUES
    assert len(CATALOGUES) >= 14
    assert {
        "Print one JSON object and nothing else.",  # an option
        "Assess chest radiographs.",  # the summary of a command
        "Port that it listens on.",  # a setting
        "No such option {name!r}.",  # of click
        "There is no bundle at %(path)s.",  # an error
        "Some entries need your attention.",  # the clinic
    } <= used


def test_every_sentence_is_translated(words: Any, used: set[Any]) -> None:
    translated = {msgid for _, msgid, string in _catalogue() if words.is_whole(string)}
    missing = sorted(map(str, used - translated))
    assert not missing, f"run `make words` and write the Spanish for: {missing}"


def test_no_translation_is_left_over(used: set[Any]) -> None:
    assert not [(path.name, msgid) for path, msgid, _ in _catalogue() if msgid not in used]


def test_no_sentence_is_translated_in_two_files() -> None:
    seen: dict[object, str] = {}
    for path, msgid, _ in _catalogue():
        assert msgid not in seen, f"{msgid!r} is in {seen[msgid]} and {path.name}"
        seen[msgid] = path.name


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_translations_have_the_same_fields(path: Path) -> None:
    for found, msgid, string in _catalogue():
        if found != path:
            continue
        wholes = [string] if isinstance(string, str) else list(string)
        originals = "".join([msgid] if isinstance(msgid, str) else msgid)
        for whole in wholes:
            for field in (FIELD, BRACES):
                assert set(field.findall(whole)) <= set(field.findall(originals)), msgid
        if isinstance(msgid, str) and path.stem != "click":
            assert set(FIELD.findall(msgid)) == set(FIELD.findall(wholes[0])), msgid


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_our_reader_and_babel_read_the_same(path: Path) -> None:
    ours = dict(entries(path.read_text("utf-8")))
    ours.pop("", None)  # the header
    theirs = {}
    for found, msgid, string in _catalogue():
        if found == path:
            key = msgid if isinstance(msgid, str) else "\0".join(msgid)
            theirs[key] = string if isinstance(string, str) else "\0".join(string)
    assert ours == theirs
    assert len(ours) > 5


def test_a_new_sentence_is_added_untranslated(
    words: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cli.po"
    path.write_text('msgid "Old."\nmsgstr "Viejo."\n\nmsgid "Gone."\nmsgstr "Ido."\n')
    new: dict[Any, Path] = {"Old.": path, 'Say "new".': path, ("%(num)d film", "films"): path}
    monkeypatch.setattr(words, "CATALOGUES", [path])
    monkeypatch.setattr(words, "used", lambda: new)
    assert words.main() == 1
    assert "the code no longer says: 'Gone.'" in capsys.readouterr().out
    text = path.read_text()
    assert 'msgid "Say \\"new\\"."\nmsgstr ""\n' in text
    assert dict(entries(text)) == {"Old.": "Viejo.", "Gone.": "Ido."}
    text = text.replace('\n\nmsgid "Gone."\nmsgstr "Ido."', "")
    path.write_text(re.sub(r'(msgstr(?:\[\d\])?) ""', r'\1 "Escrito."', text))
    assert words.main() == 0
    assert "3 sentences, 0 to be done" in capsys.readouterr().out


def test_a_new_sentence_lies_with_the_others_of_its_file(words: Any) -> None:
    base, clinic = SOURCE / "locale" / "es", SOURCE / "clinic" / "locale" / "es"
    held = {
        "a": clinic / "result.po",
        "b": clinic / "result.po",
        "c": clinic / "frame.po",
        "d": base / "cli.po",
        "e": base / "errors.po",
    }
    told: list[tuple[str, Any]] = [("clinic/cases/result.py", each) for each in "cabd"]
    told += [("detector/judge.py", "e"), ("detector/judge.py", "a"), ("detector/judge.py", "b")]
    told += [("clinic/new.py", "never said before"), ("clinic/borrowed.py", "d")]
    assert words.homes(told, held) == {
        "clinic/cases/result.py": clinic / "result.po",
        "detector/judge.py": base / "errors.po",
    }


def test_the_statistics_sentences_have_a_home_of_their_own(words: Any) -> None:
    told = list(words.marked(words.SOURCE))
    holding = {msgid: path for path in words.CATALOGUES for msgid in words.translated(path)}
    homes = words.homes(told, holding)
    assert homes["clinic/statistics/performance.py"].stem == "statistics"
    assert homes["clinic/pages/intake/intake.html"].stem == "intake"
    assert homes["cli/predict.py"].stem == "cli"
