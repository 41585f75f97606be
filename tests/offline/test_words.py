"""The page's sentences: in both languages, all used, and what is said of any result among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from covid_d.clinic.pages.case import result_advice
from covid_d.detector import result_sentences
from covid_d.detector.appearance import CATEGORIES
from covid_d.language import Text, translations
from covid_d.offline import words
from on_node import WEB

SCRIPTS = sorted([*(WEB / "page").glob("*.mjs"), WEB / "index.html"])
# Beside what stands between quotes: names that are put together.
MADE = {
    *(f"action_{outcome}" for outcome in ("positive", "negative", "inconclusive")),
    *(f"{what}_{category}" for what in ("seen", "leans") for category in CATEGORIES),
}


def _said(value: object) -> list[Text]:
    if isinstance(value, Mapping):
        return list(value.values())
    return [value] if isinstance(value, Text) else []


def test_whatever_is_said_of_a_result_wherever_it_is_shown_is_said_here_too() -> None:
    named = vars(result_sentences).items()
    shared = [text for name, value in named if name.isupper() for text in _said(value)]
    assert len(shared) > 20
    assert [text.msgid for text in shared if text not in words.PAGE.values()] == []


@pytest.mark.parametrize(
    ("name", "clinics"),
    [("meaning_changed", result_advice._CHANGED), ("meaning_unchanged", result_advice._UNCHANGED)],
)
def test_what_a_film_means_differs_only_in_whose_prevalence_it_is(name: str, clinics: Text) -> None:
    mine = words.PAGE[name].msgid
    units = "at %(unit)s, set by its administrator"
    assert mine.replace("that you set", units) == clinics.msgid


def test_every_sentence_is_spanish_too() -> None:
    spanish = translations("es")
    same = {text.msgid for text in words.PAGE.values() if spanish.gettext(text.msgid) == text.msgid}
    assert same == {"Lateral"}


def _text(paths: list[Path]) -> str:
    return "\n".join(path.read_text("utf-8") for path in paths)


def test_every_sentence_is_used_and_every_one_used_is_there() -> None:
    text = _text(SCRIPTS)
    quoted = set(re.findall(r"""["'](\w+)["']""", text)) | set(re.findall(r"words\.(\w+)", text))
    assert set(words.PAGE) - quoted - MADE == set()
    asked = set(re.findall(r'data-(?:say|label)="(\w+)"', text))
    asked |= set(re.findall(r'(?:speech|this)\.(?:say|fail)\("(\w+)"', text))
    assert asked - set(words.PAGE) == set()


def test_no_sentence_is_typed_in_the_page() -> None:
    """Words stand in the catalogues; the page holds marks, numbers and names alone."""
    html = (WEB / "index.html").read_text("utf-8")
    shown = re.sub(r"<head>.*?</head>|<[^>]+>", " ", html, flags=re.DOTALL)
    left = set(re.findall(r"[A-Za-zñÑáéíóú]{3,}", shown))
    assert left == {"English", "COVID", "Shift"}
