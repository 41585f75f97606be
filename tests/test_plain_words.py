"""Words as they are compared."""

from __future__ import annotations

import pytest

from covid_d.plain_words import is_unstated, words_in, words_of


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Edad (años)", "edad anos"), ("N.º de caso", "n o de caso"), ("  Cédula ", "cedula"),
        ("PATIENT_ID", "patient id"), ("", ""), ("¿?", ""), ("E\u0301poca", "epoca"),
    ],
)  # fmt: skip
def test_capitals_accents_and_marks_do_not_count(text: str, plain: str) -> None:
    assert words_of(text) == plain


def test_a_list_of_words() -> None:
    assert words_in("sin  dato,\n    no consta, ,x") == {"sin dato", "no consta", "x"}


@pytest.mark.parametrize("text", ["", "?", "No consta", "S/D", "N/A", "unknown", "sin dato"])
def test_what_says_nothing(text: str) -> None:
    assert is_unstated(text)


@pytest.mark.parametrize("text", ["AP foo", "0", "no", "F"])
def test_what_says_something(text: str) -> None:
    assert not is_unstated(text)
