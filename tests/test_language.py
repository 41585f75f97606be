from __future__ import annotations

import dataclasses

import pytest

from covid_d.language import INTENDED_USE, Language, Message, localised


def test_message_speaks_both_languages() -> None:
    message = Message("sí", "yes")
    assert message.in_language("es") == "sí"
    assert message.in_language("en") == "yes"
    assert message.to_dict() == {"es": "sí", "en": "yes"}


def test_format_fills_both_and_leaves_the_original() -> None:
    message = Message("{n} películas", "{n} films")
    assert message.format(n=3) == Message("3 películas", "3 films")
    assert message.es == "{n} películas"


def test_format_needs_every_field() -> None:
    with pytest.raises(KeyError):
        Message("{n} películas", "{m} films").format(n=3)


@pytest.mark.parametrize(("language", "written"), [("es", "−2,5 %"), ("en", "−2.5 %")])
def test_spanish_writes_a_decimal_comma(language: Language, written: str) -> None:
    assert localised("−2.5 %", language) == written


def test_message_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Message("sí", "yes").es = "no"  # type: ignore[misc]


def test_intended_use_names_the_tests_that_decide_and_never_promises() -> None:
    for language in ("es", "en"):
        text = INTENDED_USE.in_language(language)  # type: ignore[arg-type]
        assert "RT-PCR" in text
        assert "COVID-19" in text
        assert "valida" not in text.lower()
    assert "no es un diagnóstico" in INTENDED_USE.es
    assert "not a diagnosis" in INTENDED_USE.en
