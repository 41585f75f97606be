"""The worklist's state in its address: what is read of it, what links carry."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covid_d.clinic.cases.worklist import Sort
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.follow_up.laboratory import ResultToDate
from covid_d.clinic.installation import Installation
from covid_d.clinic.pages.worklist.address import (
    NAMES,
    filters_of,
    link,
    page_of,
    typed,
    without_national_id,
)
from covid_d.detector import Outcome

EMPTY = dict.fromkeys(NAMES, "")
# Two cédulas whose last digit is right (Registro Civil's rule: modulus 10).
CEDULA, OTHER = "1710034065", "0926687856"


def test_what_is_not_asked_is_empty_and_what_is_no_text_as_well() -> None:
    given = {"text": "  HC-1 ", "page": 3, "sex": None, "evil": "x", "own": "1"}
    assert typed(given) == EMPTY | {"text": "HC-1", "own": "1"}


def test_a_bare_worklist_has_a_bare_address() -> None:
    assert link(EMPTY) == "/cases"
    assert link(EMPTY | {"sort": "newest"}) == "/cases", "the order without being asked"


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({"sex": "F"}, "/cases?text=a+b%26c&sex=F"),
        ({"text": ""}, "/cases"),
        ({"sort": "oldest"}, "/cases?text=a+b%26c&sort=oldest"),
        ({"page": "2"}, "/cases?text=a+b%26c&page=2"),
    ],
)
def test_a_link_changes_a_part_and_begins_at_page_one(
    changes: dict[str, str], address: str
) -> None:
    assert link(EMPTY | {"text": "a b&c", "page": "7"}, **changes) == address


values = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(str.strip)


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, values)))
@settings(max_examples=50)
def test_a_state_survives_its_address(state: dict[str, str]) -> None:
    address = link(state, page=state["page"])
    found = {name: read[0] for name, read in parse_qs(urlsplit(address).query).items()}
    wanted = {name: value for name, value in state.items() if value}
    if state["sort"] == Sort.NEWEST:
        wanted.pop("sort")
    assert typed(found) == EMPTY | {name: value.strip() for name, value in wanted.items()}
    assert urlsplit(address).path == "/cases"


def test_filters_are_what_the_address_names() -> None:
    asked = {
        "text": "HC",
        "since": "2026-03-01",
        "until": "2026-03-31",
        "outcome": "positive",
        "laboratory": next(iter(ResultToDate)).value,
        "province": "Los Ríos",
        "sex": "F",
        "own": "1",
        "sort": "code_down",
    }
    found = filters_of(EMPTY | asked)
    assert (found.text, found.since, found.until) == ("HC", date(2026, 3, 1), date(2026, 3, 31))
    assert found.outcome is Outcome.POSITIVE
    assert found.laboratory is next(iter(ResultToDate))
    assert (found.province, found.sex, found.own) == ("Los Ríos", "F", True)
    assert found.sort is Sort.CODE_DOWN


def test_without_being_asked_nothing_is_left_out_and_the_newest_come_first() -> None:
    found = filters_of(EMPTY)
    assert found.sort is Sort.NEWEST
    assert not found.own
    chosen = found.since, found.until, found.outcome, found.laboratory, found.province, found.sex
    assert chosen == (None,) * 6


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("since", "31/02/2026"),
        ("until", "x"),
        ("outcome", "sick"),
        ("laboratory", "x"),
        ("province", "Lima"),
        ("sex", "W"),
        ("sort", "random"),
    ],
)
def test_what_is_not_offered_is_said_at_its_place(name: str, value: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        filters_of(EMPTY | {name: value, "text": "HC"})
    assert list(caught.value.fields) == [name]


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("", 1),
        ("1", 1),
        ("25", 25),
        ("-1", 1),
        ("2.5", 1),
        ("x", 1),
        ("²", 1),  # a digit to Python, no number
        ("٣", 1),
        ("999999999", 999_999_999),
        ("9999999999", 1),
    ],
)
def test_a_page_that_is_no_number_is_the_first(text: str, page: int) -> None:
    assert page_of(EMPTY | {"page": text}) == page


def test_a_cedula_does_not_stay_in_the_address(installation: Installation) -> None:
    state = EMPTY | {"text": CEDULA, "sex": "F"}
    hidden = without_national_id(installation, state)
    assert hidden["text"] == ""
    assert hidden["sex"] == "F"
    assert len(hidden["patient"]) == 64
    assert CEDULA not in link(hidden)
    assert state["text"] == CEDULA, "what was typed is not changed"
    spaced = without_national_id(installation, EMPTY | {"text": f"{CEDULA[:2]} {CEDULA[2:]}"})
    assert spaced["patient"] == hidden["patient"], "however it is written"
    other = without_national_id(installation, EMPTY | {"text": OTHER})
    assert other["patient"] != hidden["patient"]


@pytest.mark.parametrize("text", ["", "HC-0042", CEDULA[:9], CEDULA[:9] + "6", "García"])
def test_what_is_no_cedula_stays_as_typed(installation: Installation, text: str) -> None:
    state = EMPTY | {"text": text}
    assert without_national_id(installation, state) == state


def test_a_clinic_that_keeps_no_cedulas_looks_for_none(installation: Installation) -> None:
    place = replace(
        installation, settings=installation.settings.model_copy(update={"national_id": "off"})
    )
    assert without_national_id(place, EMPTY | {"text": CEDULA})["text"] == CEDULA
