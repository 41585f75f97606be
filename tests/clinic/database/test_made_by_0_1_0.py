"""A clinic made by COVID-D 0.1.0 opens in this version, with all it held and its trail whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from clinic_factory import add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.worklist import Filters, list_cases
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.migrate import is_current
from covid_d.clinic.database.tables import TableBase
from covid_d.clinic.installation import DATABASE_FILE, Installation
from covid_d.clinic.operations.restore import restore
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.statistics.episodes import bundles, load
from covid_d.clinic.trail import audit_trail
from covid_d.detector import Bundle
from old_clinic import BACKUP, ENTRIES, HEAD, lay_out

pytestmark = pytest.mark.postgres

# By film: whether it came with its case (README.md beside the fixture says what is in it).
AT_INTAKE = {1: True, 2: True, 3: True, 4: True, 5: True, 6: True, 7: True, 8: True, 9: True,
             10: False}  # fmt: skip
# By case: the result to date, the reference standard, why they differ.
SAID = {
    1: ("positive", "outside", "sample_outside_window"),
    2: ("positive", "negative", "rt_pcr_before_antigen"),
    3: ("pending", "indeterminate", None),
    4: ("negative", "negative", None),
    5: ("pending", "none", None),
}


@pytest.fixture
def opened(clinic_settings: ClinicSettings, tmp_path: Path) -> Iterator[Installation]:
    """The old folder, opened by this version: SQLite, as it was made."""
    old = lay_out(tmp_path / "old")
    place = Installation.open(
        clinic_settings.model_copy(update={"data": old, "database_url": None})
    )
    yield place
    place.close()


@pytest.fixture
def restored(clinic_settings: ClinicSettings, tmp_path: Path) -> Iterator[Installation]:
    """The old backup, restored by this version into whichever database is tried."""
    chosen = clinic_settings.model_copy(update={"data": tmp_path / "restored"})
    restore(BACKUP, chosen, trust_older=True)
    place = Installation.open(chosen)
    yield place
    place.close()


@pytest.fixture(params=["opened", "restored"])
def place(request: pytest.FixtureRequest) -> Installation:
    """The old clinic, by either way."""
    found: Installation = request.getfixturevalue(request.param)
    return found


def _person(place: Installation, name: str) -> Person:
    with place.reading() as session:
        return Person.of(session.scalars(select(User).where(User.username == name)).one())


def test_no_row_is_lost(opened: Installation, tmp_path: Path) -> None:
    before = sqlite3.connect(lay_out(tmp_path / "untouched") / DATABASE_FILE)
    after = sqlite3.connect(opened.folder / DATABASE_FILE)
    assert is_current(opened.engine)
    known = {name for (name,) in before.execute("SELECT name FROM sqlite_master")}
    for table in TableBase.metadata.sorted_tables:
        if table.name not in known:
            continue  # of a later version
        count = f"SELECT COUNT(*) FROM {table.name}"
        if table.name not in known:  # of a later version
            assert after.execute(count).fetchone() == (0,), table.name
            continue
        (rows,) = before.execute(count).fetchone()
        assert rows > 0, f"the fixture has no row of {table.name}"
        assert after.execute(count).fetchone() == (rows,), table.name
    assert after.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_trail_still_verifies_and_goes_on(place: Installation) -> None:
    with place.reading() as session:
        found = audit_trail.verify(session, place.keys)
    assert (found.entries, found.head, found.sound) == (ENTRIES, HEAD, True)
    number = add_case(place, _person(place, "ana"), seed=3)
    with place.reading() as session:
        assert audit_trail.verify(session, place.keys).sound
        assert [film.at_intake for film in session.get_one(Case, number).films] == [True]


def test_films_that_came_later_are_known_as_such(place: Installation) -> None:
    with place.reading() as session:
        assert {film.id: film.at_intake for film in session.scalars(select(Film))} == AT_INTAKE
        doctor = _person(place, "ana")
        found = load(
            session,
            bundles(session),
            unit_id=doctor.unit_id,
            end=place.clock.midnight(place.clock.today()),
            told=Case.id == 2,
            clock=place.clock,
        )
    # The first film was refused; the third, with the same answer, came a day too late to count.
    assert found.outcome.tolist() == ["positive"]
    assert found.probability.tolist() == pytest.approx([0.6627], abs=1e-4)


def test_every_follow_up_is_read_by_the_one_rule(place: Installation) -> None:
    with place.reading() as session:
        rows = list_cases(session, _person(place, "ana"), Filters(), clock=place.clock).rows
    said = {
        row.id: (row.laboratory.to_date, row.laboratory.reference, row.laboratory.why)
        for row in rows
        if row.laboratory is not None
    }
    assert {number: said[number] for number in SAID} == SAID


def test_films_cedula_and_bundle_are_readable(place: Installation) -> None:
    with place.reading() as session:
        case = session.get_one(Case, 1)
        assert place.keys.decrypt(case.national_id_encrypted or "") == "1710034065"
        assert all(place.films.has(film.sha256) for film in session.scalars(select(Film)))
    (archive,) = (place.folder / "bundles").glob("*.zip")
    assert Bundle.load(archive).id.name == "phantom"
