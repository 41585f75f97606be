"""What a doctor is told of an answer: a sentence a case, in both languages; it proves nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from covid_d.detector import CATEGORIES, Outcome
from covid_d.detector import result_sentences as sentences
from covid_d.language import Language, Text

ALL: dict[str, Text] = {
    f"{name} {key}".strip(): text
    for name, value in vars(sentences).items()
    if name.isupper() and name != "N_"
    for key, text in (value.items() if isinstance(value, Mapping) else [("", value)])
}


def test_each_category_and_each_outcome_has_its_sentence() -> None:
    assert set(sentences.SEEN) == set(sentences.LEANS) == set(CATEGORIES)
    assert set(sentences.ACTIONS) == set(Outcome) - {Outcome.REFUSED}


def test_no_two_cases_are_told_alike() -> None:
    said = [text.msgid for text in ALL.values()]
    assert len(said) == len(set(said)) == 26


@pytest.mark.parametrize("name", sorted(ALL))
def test_it_is_said_in_spanish_with_the_same_values(name: str) -> None:
    text = ALL[name]
    spanish = Text(text.msgid, {}).in_language("es")
    assert spanish != text.msgid
    holes = re.compile(r"%\((\w+)\)s")
    assert sorted(holes.findall(spanish)) == sorted(holes.findall(text.msgid))


@pytest.mark.parametrize("outcome", sorted(sentences.ACTIONS))
@pytest.mark.parametrize(("language", "test"), [("es", "RT-PCR o antígeno"), ("en", "RT-PCR or")])
def test_after_any_answer_the_test_decides(outcome: Outcome, language: Language, test: str) -> None:
    assert test in sentences.ACTIONS[outcome].in_language(language)
    assert test in sentences.ACTION_VOID.in_language(language)


@pytest.mark.parametrize("language", ["es", "en"])
def test_what_the_model_sees_is_said_of_the_model_and_not_of_the_patient(
    language: Language,
) -> None:
    begins = {"es": ("El modelo ve", "El modelo no ve"), "en": ("The model sees",)}[language]
    for text in sentences.SEEN.values():
        assert text.in_language(language).startswith(begins)
    for text in sentences.LEANS.values():
        assert re.match("El modelo no|The model cannot", text.in_language(language))


@pytest.mark.parametrize(
    ("text", "values", "spanish", "english"),
    [
        (
            sentences.IF_ADULT,
            {"answer": "aspecto típico"},
            "Si es adulto: aspecto típico",
            "If an adult: aspecto típico",
        ),
        (
            sentences.LEFT,
            {"e": "10 %", "left": "A, B"},
            "Con el margen de error (10 % por categoría), el modelo deja como posible: A, B.",
            "At its accepted error (10 % a category) the model leaves: A, B.",
        ),
    ],
)
def test_values_are_put_in(
    text: Text, values: dict[str, object], spanish: str, english: str
) -> None:
    filled = Text(text.msgid, values)
    assert filled.in_language("es") == spanish
    assert filled.in_language("en") == english
