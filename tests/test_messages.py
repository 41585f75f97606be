"""Every text that is stored in both languages says the same in both, and reads like its language.

Sentences of the catalogues are held by ``test_words.py``; these are the ``Message`` texts of the
code: answers, refusals, reports, model cards. They are read from the source, not imported: what
needs torch is looked at as well.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import covid_d
from covid_d.language import Language, Message

SOURCE = Path(covid_d.__file__).parent


def _messages() -> Iterator[tuple[str, Message]]:
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "Message":
                continue
            said = [part.value for part in node.args if isinstance(part, ast.Constant)]
            if len(said) == 2 and all(isinstance(text, str) and text for text in said):
                place = file.relative_to(SOURCE).with_suffix("").as_posix()
                yield f"{place}:{node.lineno}", Message(str(said[0]), str(said[1]))


MESSAGES = dict(_messages())


def _fields(text: str) -> set[str]:
    """Return a text's fields; ``{film.es}`` is the same field as ``{film.en}``."""
    found = {field for _, field, _, _ in string.Formatter().parse(text) if field}
    return {re.sub(r"\b(es|en)$", "", field) for field in found}


def _numbers(text: str) -> set[str]:
    """Return the numbers of a text, whatever the sign for decimals and thousands."""
    plain = re.sub(r"\{[^}]*\}|COVID-19", "", text)
    return {re.sub(r"[.,]", "", number) for number in re.findall(r"\d[\d.,]*\d|\d", plain)}


def _outside(pattern: re.Pattern[str], text: str) -> str | None:
    """Return what a pattern finds in a text, its fields and code aside."""
    found = pattern.search(re.sub(r"\{[^}]*\}|`[^`]*`", "", text))
    return found[0] if found else None


def test_there_are_messages_of_every_room() -> None:
    rooms = {place.split("/")[0] for place in MESSAGES}
    assert {"radiograph", "detector", "evaluation", "dataset", "clinic"} <= rooms
    assert len(MESSAGES) > 300


def test_both_languages_have_the_same_fields() -> None:
    found = {place: (_fields(m.es), _fields(m.en)) for place, m in MESSAGES.items()}
    assert {place: pair for place, pair in found.items() if pair[0] != pair[1]} == {}


def test_both_languages_say_the_same_numbers() -> None:
    once = Message("1 vez", "once")
    others = {place: message for place, message in MESSAGES.items() if message != once}
    found = {place: (_numbers(m.es), _numbers(m.en)) for place, m in others.items()}
    assert {place: pair for place, pair in found.items() if pair[0] != pair[1]} == {}


@pytest.mark.parametrize("mark", [".", ":", "?", ";"])
def test_both_languages_end_alike(mark: str) -> None:
    apart = [p for p, m in MESSAGES.items() if m.es.endswith(mark) != m.en.endswith(mark)]
    assert apart == []


@pytest.mark.parametrize("language", ["es", "en"])
def test_no_text_has_a_space_too_many_or_half_a_bracket(language: Language) -> None:
    # One space in front: a sentence that is put behind another.
    wrong = re.compile(r"^\s\s|\s$|[^:]  | [,.;](\s|$)")
    said = {place: message.in_language(language) for place, message in MESSAGES.items()}
    assert {place: text for place, text in said.items() if wrong.search(text)} == {}
    assert {p: text for p, text in said.items() if text.count("(") != text.count(")")} == {}


@pytest.mark.parametrize("pair", ["¿?", "¡!", "«»"])
def test_spanish_opens_what_it_closes(pair: str) -> None:
    first, last = pair[0], pair[1]
    assert [p for p, m in MESSAGES.items() if m.es.count(first) != m.es.count(last)] == []


ENGLISH = re.compile(r"\b(the|of|and|with|is|are|films?|which|patients|not|from)\b", re.IGNORECASE)
SPANISH = re.compile(
    r"\b(el|los|las|una|del|con|que|por|radiograf[ií]as?|pacientes|está)\b", re.IGNORECASE
)


def test_neither_language_is_said_in_the_other() -> None:
    english = {place: _outside(ENGLISH, message.es) for place, message in MESSAGES.items()}
    spanish = {place: _outside(SPANISH, message.en) for place, message in MESSAGES.items()}
    assert {place: word for place, word in english.items() if word} == {}
    assert {place: word for place, word in spanish.items() if word} == {}


def test_decimals_are_written_as_the_language_does() -> None:
    # A version (1.2.0, TLS 1.2) or a part of a standard (PS3.15) is no decimal.
    point = re.compile(r"(?<![\d.v])(?<!PS)(?<!TLS )\d+\.\d{1,2}(?![\d.])")
    comma = re.compile(r"(?<![\d,])\d+,\d{1,2}(?![\d,])")
    assert [p for p, message in MESSAGES.items() if _outside(point, message.es)] == []
    assert [p for p, message in MESSAGES.items() if _outside(comma, message.en)] == []


def test_nothing_promises_what_only_a_clinical_study_shows() -> None:
    promise = re.compile(r"(?<![-\w])valida(?:d[oa]s?|ted)\b", re.IGNORECASE)
    told = {p: _outside(promise, f"{m.es} {m.en}") for p, m in MESSAGES.items()}
    assert {place: word for place, word in told.items() if word} == {}
