"""Cells as people and programs write them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pytest
from pydantic import BaseModel

from covid_d.clinic.cases.value_sets import SYMPTOMS
from covid_d.clinic.fields import fill
from covid_d.clinic.imports.cells import (
    DAY_FIRST,
    NOTHING,
    UNKNOWN_WORD,
    NamedValue,
    NamedValues,
    TableDay,
    TableWhole,
    YesNo,
    day_in,
    is_month_first,
    is_two_days,
    known_words,
)
from covid_d.language import Text

_WORDS = known_words(SYMPTOMS, NOTHING | {"fever": "fiebre, alza termica", "cough": "tos"})


class _Row(BaseModel):
    day: Annotated[date | None, TableDay()] = None
    spo2: Annotated[int | None, TableWhole(40, 100)] = None
    one: Annotated[str | None, NamedValue(words=_WORDS)] = None
    many: Annotated[tuple[str, ...] | None, NamedValues(words=_WORDS)] = None
    agreed: Annotated[bool | None, YesNo()] = None


def _fault(name: str, text: str) -> Text:
    return fill(_Row, {name: text}).errors[name]


def _value(name: str, text: str) -> object:
    return getattr(fill(_Row, {name: text}).sound(), name)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("29/11/2026", date(2026, 11, 29)), ("3/4/2026", date(2026, 4, 3)),
        ("03-04-26", date(2026, 4, 3)), ("03.04.2026", date(2026, 4, 3)),
        ("2026-04-03", date(2026, 4, 3)), ("2026/4/3", date(2026, 4, 3)),
        ("29/11/2026 0:00", date(2026, 11, 29)), ("2026-11-29 13:45:10", date(2026, 11, 29)),
        ("2026-11-29T13:45:10.250", date(2026, 11, 29)),
        (" 29/11/2026  8:05 a. m.", date(2026, 11, 29)),
    ],
)  # fmt: skip
def test_days(text: str, day: date) -> None:
    assert day_in(text) == day
    assert _value("day", text) == day


@pytest.mark.parametrize(
    "text", ["31/02/2026", "11/29/2026", "2026", "29/11", "ayer", "46355", "1/1/0001", "0/1/2026"]
)
def test_what_is_no_day(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        day_in(text)
    assert _fault("day", text) == DAY_FIRST


def test_a_cell_that_says_nothing_is_no_day() -> None:
    assert _value("day", "S/D") is None
    assert _value("day", " ") is None


def test_a_column_with_the_month_first_is_known_by_one_day() -> None:
    assert is_month_first(["03/04/2026", "11/29/2026"])
    assert not is_month_first(["03/04/2026", "29/11/2026", "2026-11-29", "", "x"])
    assert is_two_days("03/04/2026")
    assert not is_two_days("04/04/2026")
    assert not is_two_days("29/11/2026")
    assert not is_two_days("2026-03-04")


@pytest.mark.parametrize(
    ("text", "number"), [("93", 93), ("93,0", 93), ("93.00", 93), ("93 %", 93), ("sin dato", None)]
)
def test_numbers(text: str, number: int | None) -> None:
    assert _value("spo2", text) == number


@pytest.mark.parametrize("text", ["93,5", "39", "101", "-93", "9e1", "noventa", "93%%"])
def test_what_is_no_such_number(text: str) -> None:
    assert _fault("spo2", text).in_language("en") == "Enter a whole number from 40 to 100."


@pytest.mark.parametrize(
    ("text", "code"),
    [("fever", "fever"), ("FIEBRE", "fever"), ("Fever", "fever"), ("Alza térmica", "fever"),
     ("ninguno", "none"), ("No", "none"), ("", None), ("No consta", None)],
)  # fmt: skip
def test_a_name_of_a_value(text: str, code: str | None) -> None:
    assert _value("one", text) == code


def test_several_names() -> None:
    assert _value("many", "fiebre, Tos") == ("fever", "cough")
    assert _value("many", "tos y fiebre; tos") == ("cough", "fever")
    assert _value("many", "sin síntomas") == ("none",)
    assert _fault("many", "fiebre, hipo") == UNKNOWN_WORD


def test_every_value_is_known_by_its_names_in_both_languages() -> None:
    for code, name in SYMPTOMS.items():
        for language in ("es", "en"):
            assert _value("one", name.in_language(language)) == code


@pytest.mark.parametrize(
    ("text", "answer"),
    [("Sí", True), ("si", True), ("X", True), ("1", True), ("NO", False), ("0", False), ("", None)],
)
def test_yes_and_no(text: str, answer: bool | None) -> None:
    assert _value("agreed", text) is answer


def test_perhaps_is_neither() -> None:
    assert "agreed" in fill(_Row, {"agreed": "quizás"}).errors
