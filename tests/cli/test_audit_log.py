"""``covid-d audit-log``: whole chains exit 0, altered ones 1 with the entry's number."""

from __future__ import annotations

import csv
import io
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from clinic_factory import add_user
from covid_d.cli.audit_log import audit_log
from covid_d.clinic.installation import DATABASE_FILE, Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail import audit_trail
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError
from old_clinic import lay_out


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """An installation with three entries of one doctor."""
    opened = Installation.open(ClinicSettings(data=tmp_path / "clinic"))
    person = add_user(opened, "luis", Role.RESEARCHER)
    with opened.writing() as session:
        for number in range(3):
            actor = Actor(person.id, "10.0.0.1")
            audit_trail.record(session, opened.keys, actor, "case.view", f"case:{number}")
    return opened


def _run(place: Installation, *words: str) -> Result:
    return CliRunner().invoke(audit_log, [*words, "--data", str(place.folder)])


def _change(place: Installation, statement: str) -> None:
    with place.engine.begin() as connection:
        connection.execute(text(statement))


def _head(place: Installation) -> str:
    with place.reading() as session:
        return audit_trail.verify(session, place.keys).head


def test_a_whole_chain(place: Installation) -> None:
    ran = _run(place, "verify")
    assert ran.exit_code == 0, ran.output
    assert ran.output == f"entries: 3\nhead: {_head(place)}\nwhole\n"


def test_reading_leaves_an_older_database_alone(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "old")

    def version() -> str:
        connection = sqlite3.connect(folder / DATABASE_FILE)
        (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        connection.close()
        return str(found)

    before = version()
    for words in (["verify"], ["show"]):
        ran = CliRunner().invoke(audit_log, [*words, "--data", str(folder)])
        assert isinstance(ran.exception, CovidDError)
        assert "another version" in str(ran.exception)
    assert version() == before


def test_an_altered_row_is_named(place: Installation) -> None:
    _change(place, "UPDATE audit_entry SET address = '10.0.0.2' WHERE sequence = 2")
    ran = _run(place, "verify")
    assert ran.exit_code == 1
    assert "broken at entry 2" in ran.output


def test_a_cut_off_end_is_found_by_its_head(place: Installation) -> None:
    head = _head(place)
    assert _run(place, "verify", "--expect", head).exit_code == 0
    _change(place, "DELETE FROM audit_entry WHERE sequence = 3")
    assert _run(place, "verify").exit_code == 0  # the chain alone cannot tell
    ran = _run(place, "verify", "--expect", head)
    assert ran.exit_code == 1
    assert f"cut off: the head {head}" in ran.output


def test_an_earlier_head_is_still_in_a_longer_chain(place: Installation) -> None:
    head = _head(place)
    with place.writing() as session:
        audit_trail.record(session, place.keys, Actor(None), "case.view", "case:9")
    assert _run(place, "verify", "--expect", head).exit_code == 0
    assert _run(place, "verify", "--expect", "f" * 64).exit_code == 1


def test_entries_are_shown_with_names(place: Installation) -> None:
    rows = list(csv.DictReader(io.StringIO(_run(place, "show").output)))
    assert [row["subject"] for row in rows] == ["case:0", "case:1", "case:2"]
    assert {row["person"] for row in rows} == {"Luis (luis)"}
    narrowed = _run(place, "show", "--subject", "case:1", "--person", "LUIS", "--action", "case.")
    assert len(narrowed.output.splitlines()) == 2
    assert len(_run(place, "show", "--since", "2999-01-01").output.splitlines()) == 1


def test_who_is_not_there_is_an_error(place: Installation) -> None:
    ran = _run(place, "show", "--person", "nobody")
    assert isinstance(ran.exception, CovidDError)
    assert "'nobody'" in str(ran.exception)


def test_looking_makes_no_clinic(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    ran = CliRunner().invoke(audit_log, ["verify", "--data", str(folder)])
    assert isinstance(ran.exception, CovidDError)
    assert not folder.exists()
