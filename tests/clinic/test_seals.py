"""Rows of an older version are sealed once, and never again by whoever takes their seals away."""

from __future__ import annotations

import stat

import pytest
from sqlalchemy import select, text, update

from clinic_factory import add_case, add_user
from covid_d.clinic import seals
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import Case, StoredAssessment
from covid_d.clinic.database.sealed import table_of, tables
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import Keys
from covid_d.clinic.roles import Role

pytestmark = pytest.mark.postgres


def _unseal(installation: Installation) -> None:
    with installation.engine.begin() as connection:
        for table in tables():
            connection.execute(update(table_of(table)).values(seal=None))


def _altered(installation: Installation) -> list[str]:
    with installation.engine.connect() as connection:
        return list(seals.altered_rows(connection, installation.keys.seal))


@pytest.fixture
def place(installation: Installation, people: dict[Role, Person]) -> Installation:
    """An installation with a case, whose rows have no seal and that never sealed any."""
    add_case(installation, people[Role.DOCTOR])
    _unseal(installation)
    (installation.folder / seals.FILE).unlink()
    return installation


def test_older_rows_are_sealed_when_the_clinic_is_opened(place: Installation) -> None:
    assert len(_altered(place)) == 7  # four people, a case, a film, an answer
    Installation.open(place.settings).close()
    assert _altered(place) == []
    assert seals.is_begun(place.folder, place.keys)


def test_reading_commands_seal_nothing(place: Installation) -> None:
    Installation.open(place.settings, only_reading=True).close()
    assert len(_altered(place)) == 7
    assert not seals.is_begun(place.folder, place.keys)


def test_it_is_done_once(place: Installation) -> None:
    Installation.open(place.settings).close()
    with place.engine.begin() as connection:
        connection.execute(update(table_of(User)).values(role="administrator", seal=None))
    Installation.open(place.settings).close()
    assert len(_altered(place)) == 4


def test_a_word_made_without_the_key_does_not_count(place: Installation) -> None:
    (place.folder / seals.FILE).write_text("0" * 64 + "\n")
    assert not seals.is_begun(place.folder, place.keys)
    seals.note_begun(place.folder, Keys(b"x" * 32))
    assert not seals.is_begun(place.folder, place.keys)


def test_the_word_is_its_owners_alone(place: Installation) -> None:
    seals.note_begun(place.folder, place.keys)
    assert stat.S_IMODE((place.folder / seals.FILE).stat().st_mode) == 0o600


def test_what_is_altered_is_named(installation: Installation, people: dict[Role, Person]) -> None:
    number = add_case(installation, people[Role.DOCTOR])
    assert _altered(installation) == []
    with installation.engine.begin() as connection:
        connection.execute(update(table_of(Case)).values(age_years=99))
        connection.execute(update(table_of(StoredAssessment)).values(outcome="negative"))
    with installation.reading() as session:
        answer = session.scalar(select(StoredAssessment.id))
    assert _altered(installation) == [f"assessment:{answer}", f"patient_case:{number}"]


@pytest.mark.only_on("sqlite")  # PostgreSQL holds no such values
@pytest.mark.parametrize(
    ("table", "column"),
    [("patient_case", "created_at"), ("patient_case", "symptoms"), ("assessment", "answer")],
)
def test_a_row_that_cannot_be_read_is_a_finding(
    installation: Installation, people: dict[Role, Person], table: str, column: str
) -> None:
    add_case(installation, people[Role.DOCTOR])
    add_case(installation, people[Role.DOCTOR], seed=2)
    with installation.engine.begin() as connection:
        connection.execute(text(f"UPDATE {table} SET {column} = 'garbage' WHERE id = 1"))
    assert _altered(installation) == [f"{table}:1"]


@pytest.mark.only_on("sqlite")
def test_a_row_that_cannot_be_read_gets_no_seal(place: Installation) -> None:
    with place.engine.begin() as connection:
        connection.execute(text("UPDATE patient_case SET created_at = 'garbage'"))
    Installation.open(place.settings).close()
    assert _altered(place) == ["patient_case:1"]


def test_many_rows_are_read_in_parts(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "_BATCH", 2)
    for number in range(5):
        add_user(installation, f"user.{number}", Role.RESEARCHER)
    _unseal(installation)
    assert len(_altered(installation)) == 5
    with installation.engine.begin() as connection:
        assert seals.seal_unsealed(connection, installation.keys.seal) == {"user_account": 5}
    assert _altered(installation) == []
