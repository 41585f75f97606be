from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from covid_d.language import (
    INTENDED_USE,
    N_,
    NN_,
    Language,
    Message,
    Sentence,
    entries,
    localised,
    said,
    translations,
)


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
        text = INTENDED_USE.in_language(language)
        assert "RT-PCR" in text
        assert "COVID-19" in text
        assert "valida" not in text.lower()
    assert "no es un diagnóstico" in INTENDED_USE.es
    assert "not a diagnosis" in INTENDED_USE.en


def test_a_text_is_said_in_both_languages_with_its_fields() -> None:
    text = N_("Use at least %(n)d characters; a short sentence is good.", n=12)
    assert text.in_language("en") == "Use at least 12 characters; a short sentence is good."
    assert text.in_language("es") == "Use al menos 12 caracteres; sirve una frase corta."
    assert str(text) == text.to_message().en


def test_a_field_may_be_a_sentence_itself() -> None:
    text = N_("signature: %(signature)s", signature=N_("none"))
    assert text.to_message() == Message("firma: ninguna", "signature: none")
    refusal = N_("signature: %(signature)s", signature=Message("sí", "yes"))
    assert refusal.to_message() == Message("firma: sí", "signature: yes")


@pytest.mark.parametrize(
    ("years", "spanish", "english"),
    [(0, "0 años", "0 years"), (1, "1 año", "1 year"), (2, "2 años", "2 years")],
)
def test_a_count_has_its_own_form(years: int, spanish: str, english: str) -> None:
    text = NN_("%(num)d year", "%(num)d years", years)
    assert (text.in_language("es"), text.in_language("en")) == (spanish, english)


def test_what_the_catalogue_lacks_stays_english() -> None:
    assert translations("es").gettext("never written") == "never written"


def test_a_sentence_of_any_form_is_said() -> None:
    sentences: list[Sentence] = ["film.png", N_("none"), Message("sí", "yes")]
    assert [said(sentence, "es") for sentence in sentences] == ["film.png", "ninguna", "sí"]
    assert [said(sentence, "en") for sentence in sentences] == ["film.png", "none", "yes"]


def test_a_catalogue_is_read_with_its_contexts_plurals_and_escapes() -> None:
    catalogue = r"""
# translators' words
msgid ""
msgstr ""
"Language: es\n"

#: somewhere.py
msgid "one \"word\"\n"
"more"
msgstr "una \"palabra\"\n"
"más"

msgctxt "film"
msgid "view"
msgstr "proyección"

msgid "%(num)d film"
msgid_plural "%(num)d films"
msgstr[0] "%(num)d radiografía"
msgstr[1] "%(num)d radiografías"

#, fuzzy
msgid "unsure"
msgstr "inseguro"

msgid "still to do"
msgstr ""
"""
    assert dict(entries(catalogue)) == {
        "": "Language: es\n",
        'one "word"\nmore': 'una "palabra"\nmás',
        "film\x04view": "proyección",
        "%(num)d film\0%(num)d films": "%(num)d radiografía\0%(num)d radiografías",
    }


@pytest.mark.parametrize(
    "line",
    ["msgid one", '"text of nothing"', 'msgid "a"\nmsgid "b"', 'msgid "a" msgstr "b"', "_('x')"],
)
def test_what_is_no_catalogue_is_not_read(line: str) -> None:
    with pytest.raises(ValueError, match="not a line of a catalogue"):
        list(entries(line))


def test_spanish_needs_no_library() -> None:
    script = (
        "import sys\n"
        "sys.modules['babel'] = None\n"  # as if it were not installed
        "from covid_d.language import N_\n"
        "print(N_('There is no bundle at %(path)s.', path='x').in_language('es'))\n"
        "print([name for name in sys.modules if name.startswith('covid_d.')])\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["No hay ningún modelo en x.", "['covid_d.language']"]
