"""Ages and birth dates as people write them; what is not understood is said, never dropped."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_d.radiograph.ages import Age, age_on, parse_age, parse_date


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("045Y", 45),
        ("45", 45),
        ("5A", 5),
        ("012A", 12),
        ("5 AÑOS", 5),
        ("5 años", 5),
        ("1 año", 1),
        ("5 an\u0303os", 5),  # decomposed
        ("5 A?OS", 5),
        ("5 AÃ‘OS", 5),  # UTF-8 read as Latin-1
        ("5 A\ufffdOS", 5),
        ("8 MESES", 8 / 12),
        ("1 mes", 1 / 12),
        ("6M", 0.5),
        ("006M", 0.5),
        ("18 months", 1.5),
        ("5Y 6M", 5.5),
        ("5Y6M", 5.5),
        ("5a 6m", 5.5),
        ("5 años y 6 meses", 5.5),
        ("2 years and 3 months", 2.25),
        ("2 años, 3 meses", 2.25),
        ("5.5Y", 5.5),
        ("12,5", 12.5),
        ("12.5", 12.5),
        ("3 SEMANAS", 21 / 365.2425),
        ("003W", 21 / 365.2425),
        ("10 días", 10 / 365.2425),
        ("010D", 10 / 365.2425),
        ("12 horas", 12 / 8765.82),
        ("45 yo", 45),
        ("45 y/o", 45),
        ("45 years old", 45),
        ("45 yrs.", 45),
        ("45 años de edad", 45),
        ("Edad: 45", 45),
        ("age 45", 45),
        ("~45", 45),
        ("aprox. 45", 45),
        (">89", 89),
        ("90+", 90),
        ("mayor de 65 años", 65),
        ("40-50", 40),
        ("15 a 20 años", 15),
        ("0", 0),
        ("120", 120),
        ("４５", 45),  # full-width digits
    ],
)
def test_a_stated_age_is_its_years(text: str, years: float) -> None:
    age = parse_age(text)
    assert age is not None
    assert age.years == pytest.approx(years)
    assert age.child is (years < 18)
    assert parse_age(f"  {text.lower()} ") == age


@pytest.mark.parametrize(
    "text",
    [
        "niño",
        "NIÑA",
        "nin\u0303o",
        "menor",
        "menor de edad",
        "lactante",
        "recién nacido",
        "child",
        "Pediatric",
        "newborn",
        "adolescente",
        "<1",
        "<18",
        "menor de 5 años",
        "under 16",
    ],
)
def test_words_and_bounds_state_a_child(text: str) -> None:
    assert parse_age(text) == Age(None, child=True)


@pytest.mark.parametrize("text", ["adulto", "Adult", "mayor de edad", "anciana"])
def test_words_state_an_adult(text: str) -> None:
    assert parse_age(text) == Age(None, child=False)


@pytest.mark.parametrize("text", ["", " ", "-", "?", "N/A", "nan", "unknown", "Desconocida", "ND"])
def test_an_unknown_age_is_none(text: str) -> None:
    assert parse_age(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "412",
        "999Y",
        "-5",
        "5X",
        "Y5",
        "5 6",
        "6M 5Y",
        "5M 6M",
        "cinco",
        "<50",
        "50-40",
        "19450312",
        "45Y?!",
        "٤٥",
        "1e1",
        "5Y" * 30,
        "0x20",
        "20 lustros",
        "años",
        "5,5,5",
    ],
)
def test_what_is_not_understood_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="not an age"):
        parse_age(text)


@given(st.text(max_size=60))
def test_any_text_is_an_age_or_none_or_said_not_to_be(text: str) -> None:
    try:
        age = parse_age(text)
    except ValueError:
        return
    assert age is None or age.years is None or 0 <= age.years <= 120


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20100505", date(2010, 5, 5)),
        ("2010.05.05", date(2010, 5, 5)),  # ACR-NEMA 2.0
        ("2010-05-05", date(2010, 5, 5)),
        ("2010/05/05", date(2010, 5, 5)),
        ("2010-05-05T10:20:30", date(2010, 5, 5)),
        ("25/12/2010", date(2010, 12, 25)),
        ("12/25/2010", date(2010, 12, 25)),
        ("3.4.2010", date(2010, 4, 3)),  # or 4 March: the later one
        ("201002", date(2010, 2, 28)),
        ("2010-12", date(2010, 12, 31)),
        ("2010", date(2010, 12, 31)),
        ("20100000", date(2010, 12, 31)),
    ],
)
def test_dates(text: str, expected: date) -> None:
    assert parse_date(text) == expected


@pytest.mark.parametrize("text", ["", "00000000", "0000-00-00", "19000101", "18500101", "unknown"])
def test_a_date_that_stands_for_none_is_none(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize("text", ["20101340", "2010-02-30", "yesterday", "31/31/2010", "20100005"])
def test_a_date_that_does_not_exist_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="not a date"):
        parse_date(text)


def test_nobody_is_older_before_the_birthday() -> None:
    assert age_on(date(2020, 6, 14), date(1980, 6, 15)) == 39
    assert age_on(date(2020, 6, 15), date(1980, 6, 15)) == 40
    assert age_on(date(2021, 2, 28), date(2003, 3, 1)) == 17
