"""What is asked of an account's details: the edges, and what is said of what lies beyond them."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.accounts.user_details import UserDetails, changes, fault_of_name
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

LETTERS = string.ascii_letters + string.digits
SIGNS = "._@+-"


def _faults(installation: Installation, details: UserDetails, but: int | None = None) -> set[str]:
    with installation.reading() as session:
        try:
            details.check(session, but=but)
        except InvalidInputError as error:
            return set(error.fields)
    return set()


@pytest.mark.parametrize(
    ("username", "sound"),
    [
        ("ana", True),
        ("an", False),
        ("a" * 80, True),
        ("a" * 81, False),
        ("ana.vera@hospital.gob.ec", True),
        ("7up", True),
        ("a+b-c_d", True),
        (".ana", False),
        ("@ana", False),
        ("-ana", False),
        ("ana vera", False),
        ("ana\n", False),
        ("ána", False),
        ("анна", False),  # Cyrillic: reads like Latin, is another name
        ("ana/..", False),
        ("", False),
    ],
)
def test_user_names(installation: Installation, username: str, sound: bool) -> None:
    details = UserDetails(username, "Ana Vera", Role.RESEARCHER)
    assert _faults(installation, details) == (set() if sound else {"username"})


def test_a_name_that_somebody_has_in_other_capitals_is_taken(
    installation: Installation, people: dict[Role, Person]
) -> None:
    doctor = people[Role.DOCTOR]
    same = UserDetails("DocTor", "Ana Vera", Role.RESEARCHER)
    assert _faults(installation, same) == {"username"}
    assert _faults(installation, same, but=people[Role.RESEARCHER].id) == {"username"}
    assert _faults(installation, same, but=doctor.id) == set(), "it is one's own"


@pytest.mark.parametrize(
    ("role", "needed"),
    [
        (Role.DOCTOR, True),
        (Role.RADIOLOGIST, True),
        (Role.RESEARCHER, False),
        (Role.ADMINISTRATOR, False),
    ],
)
def test_who_sees_patients_needs_a_unit_that_exists(
    installation: Installation, people: dict[Role, Person], role: Role, needed: bool
) -> None:
    unit = people[Role.DOCTOR].unit_id
    assert _faults(installation, UserDetails("ana", "Ana", role)) == (
        {"unit_id"} if needed else set()
    )
    assert _faults(installation, UserDetails("ana", "Ana", role, unit)) == set()
    assert _faults(installation, UserDetails("ana", "Ana", role, 999)) == {"unit_id"}


def test_every_fault_is_said_at_once(installation: Installation) -> None:
    wrong = UserDetails("", "", Role.DOCTOR)
    assert _faults(installation, wrong) == {"username", "full_name", "unit_id"}


@pytest.mark.parametrize(
    ("name", "es"),
    [
        ("", "Complete este campo."),
        ("x" * 121, "Use como máximo 120 caracteres."),
        ("Ana\tVera", None),
        ("Ana\u202eareV", None),  # turns the direction of what follows on a page
        ("Ana\x00", None),
        ("Ana\u200b", None),
    ],
)
def test_names_that_cannot_be_shown(name: str, es: str | None) -> None:
    fault = fault_of_name(name)
    assert fault is not None
    said = fault.in_language("es")
    assert said != fault.in_language("en")
    assert es is None or said == es


@pytest.mark.parametrize(
    "name", ["x", "x" * 120, "María-José Ñúñez de la Ó", "D'Angelo", "李 明", "Ana (UCI 2)"]
)
def test_names_of_people_and_units(name: str) -> None:
    assert fault_of_name(name) is None


@given(st.text(max_size=130))
@settings(max_examples=50, deadline=None)
def test_a_name_without_fault_fits_its_column_and_one_line(name: str) -> None:
    if fault_of_name(name) is None:
        assert 0 < len(name) <= 120
        assert not re.search(r"[\x00-\x1f\x7f\u2028\u2029]", name)


keys = st.sampled_from(["name", "role", "unit"])
values = st.one_of(st.none(), st.integers(0, 2), st.text(max_size=2))


@given(st.fixed_dictionaries({"name": values, "role": values, "unit": values}), st.data())
@settings(max_examples=50, deadline=None)
def test_changes_are_what_was_and_what_is(before: dict[str, object], data: st.DataObject) -> None:
    altered = data.draw(st.dictionaries(keys, values))
    after = before | altered
    told = changes(before, after)
    assert before | {name: pair[1] for name, pair in told.items()} == after
    assert after | {name: pair[0] for name, pair in told.items()} == before
    assert all(was != is_now for was, is_now in told.values())
