"""Every kind of field is read in one way, and says one sentence of what it cannot read."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from covid_d.clinic import sentences
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.fields import (
    Choice,
    Day,
    Filled,
    Line,
    Percent,
    Secret,
    Whole,
    Words,
    day_of,
    fill,
    number_of,
    sentence_of,
    whole_of,
)
from covid_d.language import Text


class Fruit(StrEnum):
    APPLE = "apple"
    PEAR = "pear"


class Form(BaseModel):
    """Every kind once, each may be left out."""

    day: Annotated[date | None, Day()] = None
    age: Annotated[int | None, Whole(0, 120)] = None
    share: Annotated[float | None, Percent(0.1, 90)] = None
    fruit: Annotated[Fruit | None, Choice()] = None
    order: Annotated[Fruit, Choice()] = Fruit.PEAR
    place: Annotated[str | None, Choice({"Guayas", "Loja"})] = None
    name: Annotated[str, Line(5)] = ""
    notes: Annotated[str, Words(8)] = ""
    password: Annotated[str, Secret(6)] = ""
    ticked: bool = False


class Needed(BaseModel):
    """Fields that may not be left out."""

    day: Annotated[date, Day()]
    days: Annotated[int, Whole(1, 365)]
    fruit: Annotated[Fruit, Choice()]
    name: Annotated[str, Line(5, needed=True)]


READ = [
    ("day", " 2026-01-31 ", date(2026, 1, 31)),
    ("day", "2024-02-29", date(2024, 2, 29)),
    ("day", "1900-01-01", date(1900, 1, 1)),
    ("day", "2199-12-31", date(2199, 12, 31)),
    ("age", "0", 0),
    ("age", " 120 ", 120),
    ("age", "007", 7),
    ("share", "12,5", 0.125),
    ("share", "12.5 %", 0.125),
    ("share", "0,1", 0.001),
    ("share", "90", 0.9),
    ("fruit", "apple", Fruit.APPLE),
    ("place", "Loja", "Loja"),
    ("name", "  Ñuño ", "Ñuño"),
    ("notes", "a\nb\tc", "a\nb\tc"),
    ("password", "  a b ", "  a b "),
    ("ticked", "yes", True),
]
RANGE = "Enter a whole number from 0 to 120."
SHARE = "Enter a number from 0.1 to 90."
REFUSED = [
    ("day", "2026-02-30", str(sentences.NO_DAY)),
    ("day", "31/01/2026", str(sentences.NO_DAY)),
    ("day", "20260131", str(sentences.NO_DAY)),  # Python itself reads these four
    ("day", "2026-W05-6", str(sentences.NO_DAY)),
    ("day", "2026-01-31T10:00", str(sentences.NO_DAY)),
    ("day", "1769817600", str(sentences.NO_DAY)),
    ("day", "1899-12-31", str(sentences.NO_DAY)),
    ("day", "2200-01-01", str(sentences.NO_DAY)),
    ("day", "٢٠٢٦-٠١-٣١", str(sentences.NO_DAY)),
    ("age", "121", RANGE),
    ("age", "-1", RANGE),
    ("age", "5.0", RANGE),
    ("age", "1e2", RANGE),
    ("age", "١٢", RANGE),
    ("age", "1_0", RANGE),
    ("age", "9" * 5000, RANGE),
    ("share", "0.09", SHARE),
    ("share", "90,1", SHARE),
    ("share", "nan", SHARE),
    ("share", "1,234.5", SHARE),
    ("share", "-3", SHARE),
    ("fruit", "plum", "Choose one of the values offered."),
    ("order", "plum", "Choose one of the values offered."),
    ("place", "Paris", "Choose one of the values offered."),
    ("name", "Ñandúes", "Use at most 5 characters."),
    ("name", "a\x00b", "This value cannot be read."),
    ("name", "a\nb", "This value cannot be read."),
    ("notes", "123456789", "Use at most 8 characters."),
    ("notes", "a\x00b", "This value cannot be read."),
    ("password", "1234567", "Use at most 6 characters."),
    ("ticked", "perhaps", "This value cannot be read."),
]


@pytest.mark.parametrize(("name", "text", "value"), READ)
def test_what_is_typed_is_read(name: str, text: str, value: object) -> None:
    filled = fill(Form, {name: text})
    assert (filled.errors, getattr(filled.sound(), name)) == ({}, value)


@pytest.mark.parametrize(("name", "text", "sentence"), REFUSED)
def test_what_cannot_be_read_is_said_at_its_field_and_kept(
    name: str, text: str, sentence: str
) -> None:
    filled = fill(Form, {name: text, "age" if name != "age" else "name": "5"})
    assert {field: str(said) for field, said in filled.errors.items()} == {name: sentence}
    assert filled.value is None
    assert filled.typed[name] == ("" if name == "password" else text)
    with pytest.raises(InvalidInputError) as refused:
        filled.sound()
    assert refused.value.fields == filled.errors


@pytest.mark.parametrize("empty", ["", "  "])
def test_what_is_left_empty_is_the_fields_default(empty: str) -> None:
    assert fill(Form, dict.fromkeys(Form.model_fields, empty)).sound() == Form()
    assert fill(Form, {}).sound() == Form()


def test_every_fault_is_said_at_once() -> None:
    filled = fill(Needed, {"day": "", "days": "0", "name": ""})
    assert {name: str(text) for name, text in filled.errors.items()} == {
        "day": str(sentences.NO_DAY),
        "days": "Enter a whole number from 1 to 365.",
        "fruit": "Fill this in.",
        "name": "Fill this in.",
    }


def test_a_form_shows_every_field_and_no_password_again() -> None:
    filled = fill(Form, {"password": "geheim", "name": " x ", "more": "not ours", "day": object()})
    assert filled.typed == dict.fromkeys(Form.model_fields, "") | {"name": " x "}


def test_a_sound_form_has_no_errors() -> None:
    assert fill(Form, {"age": "5"}) == Filled(
        typed=dict.fromkeys(Form.model_fields, "") | {"age": "5"}, value=Form(age=5)
    )


@pytest.mark.parametrize(
    ("kind", "value"),
    [(Day(), 1769817600), (Whole(0, 9), True), (Whole(0, 9), 5.0), (Line(9), 5), (Words(9), 5)],
)
def test_a_program_that_sends_another_type_is_refused_as_well(kind: object, value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Annotated[date | int | str | float, kind]).validate_python(value)


def test_what_is_of_its_type_already_stays() -> None:
    assert Form(day=date(2026, 1, 31), age=5).model_dump(include={"day", "age"}) == {
        "day": date(2026, 1, 31),
        "age": 5,
    }


def test_the_bounds_of_a_number_stand_in_the_schema() -> None:
    found = Form.model_json_schema()["properties"]["age"]
    assert found["anyOf"] == [{"type": "integer", "minimum": 0, "maximum": 120}, {"type": "null"}]


def test_what_pydantic_finds_by_itself_has_a_sentence_of_ours() -> None:
    too_long = {"type": "string_too_long", "ctx": {"max_length": 4}}
    assert str(sentence_of(too_long)) == "Use at most 4 characters."
    assert sentence_of({"type": "missing"}) == sentences.MISSING
    assert sentence_of({"type": "literal_error", "ctx": {}}) == sentences.NOT_OFFERED
    assert sentence_of({"type": "json_invalid"}) == sentences.UNREADABLE


def test_every_sentence_is_said_in_spanish() -> None:
    every = [value for value in vars(sentences).values() if isinstance(value, Text)]
    every += [sentences.no_whole_number(0, 9), sentences.no_number(0.1, 9), sentences.too_long(9)]
    assert len(every) == 10
    for text in every:
        assert text.in_language("es") != text.in_language("en")


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_day_is_read_as_it_is_written(day: date) -> None:
    assert day_of(f"{day.year:04}-{day.month:02}-{day.day:02}") == day


@given(st.text(max_size=12))
def test_no_text_is_more_than_refused(text: str) -> None:
    for read in (day_of, whole_of, number_of):
        try:
            read(text)
        except ValueError:
            continue
        assert text.isascii()
