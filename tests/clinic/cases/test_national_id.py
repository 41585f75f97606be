"""The cédula: checked by issuer and check digit, found by a hash, read only with the key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clinic_factory import add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import national_id
from covid_d.clinic.database.cases import Case
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import Keys
from covid_d.clinic.roles import Role

KEYS = Keys(b"k" * 32)
CEDULA = "1710034065"  # the check digit's usual textbook example; nobody's


@pytest.mark.parametrize("digits", [CEDULA, "0926687856", "3000000004", "0100000009"])
def test_a_sound_cedula_is_accepted(digits: str) -> None:
    assert national_id.is_valid(digits)


@pytest.mark.parametrize(
    "digits",
    [
        "",
        "171003406",
        "17100340655",
        "1710034066",  # check digit
        "1710043065",  # two digits changed places
        "2500000007",  # no such province
        "0000000000",
        "171003406x",
        "١٧١٠٠٣٤٠٦٥",  # digits of another script
    ],
)
def test_anything_else_is_not(digits: str) -> None:
    assert not national_id.is_valid(digits)


def test_every_single_wrong_digit_is_noticed() -> None:
    for place in range(2, 10):
        for digit in "0123456789":
            wrong = CEDULA[:place] + digit + CEDULA[place + 1 :]
            assert national_id.is_valid(wrong) == (wrong == CEDULA)


def test_spaces_and_hyphens_do_not_matter() -> None:
    assert national_id.normalise(" 171003406-5 ") == CEDULA


def test_each_way_of_keeping_keeps_no_more_than_it_says() -> None:
    encrypted = national_id.columns(KEYS, "encrypted", CEDULA)
    hashed = national_id.columns(KEYS, "hashed", CEDULA)
    off = national_id.columns(KEYS, "off", CEDULA)
    assert KEYS.decrypt(encrypted["national_id_encrypted"] or "") == CEDULA
    assert hashed["national_id_encrypted"] is None
    assert hashed["national_id_hash"] == encrypted["national_id_hash"]
    assert set(off.values()) == {None}
    assert CEDULA not in str([encrypted, hashed])


def test_without_the_key_the_hash_cannot_be_guessed() -> None:
    assert national_id.hash_of(KEYS, CEDULA) != national_id.hash_of(Keys(b"x" * 32), CEDULA)


def test_a_patient_is_found_by_the_cedula(
    installation: Installation, people: dict[Role, Person]
) -> None:
    doctor = people[Role.DOCTOR]
    mine = add_case(installation, doctor, seed=1, national_id="171003406-5", patient_code="")
    again = add_case(installation, doctor, seed=2, national_id=CEDULA, patient_code="")
    add_case(installation, doctor, seed=3)
    with installation.reading() as session:
        found = national_id.cases_of(session, installation.keys, CEDULA, doctor.unit_id or 0)
        codes = {session.get_one(Case, number).patient_code for number in found}
    assert found == [mine, again]
    assert len(codes) == 1, "the same patient has the same code"
    assert CEDULA not in codes.pop()


def test_another_unit_finds_nothing(installation: Installation, people: dict[Role, Person]) -> None:
    add_case(installation, people[Role.DOCTOR], national_id=CEDULA)
    with installation.reading() as session:
        assert national_id.cases_of(session, installation.keys, CEDULA, 99) == []


def test_an_installation_may_keep_the_hash_alone(
    installation: Installation, people: dict[Role, Person]
) -> None:
    chosen = installation.settings.model_copy(update={"national_id": "hashed"})
    place = replace(installation, settings=chosen)
    number = add_case(place, people[Role.DOCTOR], national_id=CEDULA)
    with installation.reading() as session:
        case = session.get_one(Case, number)
    assert (case.national_id_encrypted, bool(case.national_id_hash)) == (None, True)
