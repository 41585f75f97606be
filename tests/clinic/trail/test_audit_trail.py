"""The audit trail finds every kind of tampering, on either database."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from covid_d.clinic.installation import DATABASE_FILE, Installation
from covid_d.clinic.keys import Keys
from covid_d.clinic.trail import anchor, audit_trail
from covid_d.clinic.trail.anchor import Anchor
from covid_d.clinic.trail.audit_trail import START, Actor, verify

pytestmark = pytest.mark.postgres


def _write(installation: Installation, count: int) -> None:
    for number in range(count):
        with installation.writing() as session:
            audit_trail.record(
                session,
                installation.keys,
                Actor(None, "10.0.0.1"),
                "case.view",
                f"case:{number}",
                {"ñ": number},
            )


def _verify(installation: Installation) -> audit_trail.Verification:
    with installation.reading() as session:
        return verify(session, installation.keys)


def test_an_untouched_chain_is_whole(installation: Installation) -> None:
    assert _verify(installation) == audit_trail.Verification(0, START, None)
    _write(installation, 5)
    found = _verify(installation)
    assert (found.entries, found.broken) == (5, None)
    assert found.head != START


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE audit_entry SET action = 'case.create' WHERE sequence = 3", 3),
        ("UPDATE audit_entry SET subject = 'case:9' WHERE sequence = 1", 1),
        ("UPDATE audit_entry SET address = '' WHERE sequence = 5", 5),
        ("UPDATE audit_entry SET detail = '{}' WHERE sequence = 2", 2),
        ("DELETE FROM audit_entry WHERE sequence = 4", 5),
        ("DELETE FROM audit_entry WHERE sequence = 1", 2),
        ("UPDATE audit_entry SET sequence = 9 WHERE sequence = 5", 9),
    ],
)
def test_tampering_is_found_where_it_was_done(
    installation: Installation, change: str, broken: int
) -> None:
    _write(installation, 5)
    with installation.engine.begin() as connection:
        connection.execute(text(change))
    assert _verify(installation).broken == broken


def test_whoever_lacks_the_key_cannot_chain_anew(installation: Installation) -> None:
    _write(installation, 2)
    forged = replace(installation, keys=Keys(b"x" * 32))
    with installation.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_entry WHERE sequence = 2"))
        connection.execute(text("DELETE FROM shared_note"))  # which would have refused them
    _write(forged, 1)
    assert _verify(installation).broken == 2


def _act(installation: Installation, count: int) -> None:
    for number in range(count):
        with installation.act(Actor(None)) as act:
            act.record("case.view", f"case:{number}")


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE sequence = 3",
        "DELETE FROM audit_entry WHERE sequence > 1",
    ],
)
def test_an_emptied_table_and_a_cut_end_are_found(installation: Installation, change: str) -> None:
    _act(installation, 3)
    assert installation.verify_trail().sound
    with installation.engine.begin() as connection:
        connection.execute(text(change))
    found = installation.verify_trail()
    assert (found.broken, found.cut_off, found.sound) == (None, True, False)
    _act(installation, 1)  # going on does not heal it
    assert not installation.verify_trail().sound


def test_an_anchor_of_another_key_says_nothing(installation: Installation) -> None:
    _act(installation, 1)
    anchor.note(installation.folder, Keys(b"x" * 32), Anchor(9, "a" * 64))
    assert anchor.read(installation.folder, installation.keys) is None
    _act(installation, 1)
    found = anchor.read(installation.folder, installation.keys)
    assert found is not None
    assert found.entries == 2


def test_both_put_back_are_found_by_an_anchor_outside(
    installation: Installation, tmp_path: Path
) -> None:
    outside = str(tmp_path / "heads.log")
    settings = installation.settings.model_copy(update={"trail_anchor": outside})
    place = replace(installation, settings=settings)
    _act(place, 2)
    file = place.folder / anchor.FILE
    as_it_was = file.read_bytes()
    _act(place, 1)
    assert place.verify_trail().sound
    with place.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_entry WHERE sequence = 3"))
    file.write_bytes(as_it_was)
    assert installation.verify_trail().sound, "the folder alone cannot tell"
    assert place.verify_trail().cut_off
    assert len((tmp_path / "heads.log").read_text().splitlines()) == 3


@pytest.mark.only_on("sqlite")  # PostgreSQL takes no such value
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entry SET at = 'yesterday' WHERE sequence = 2",
        "UPDATE audit_entry SET detail = '{garbage' WHERE sequence = 2",
        "UPDATE audit_entry SET detail = x'00ff' WHERE sequence = 2",
        "UPDATE audit_entry SET user_id = 'nobody' WHERE sequence = 2",
        "UPDATE audit_entry SET hash = x'00' WHERE sequence = 2",
    ],
)
def test_garbage_is_a_finding(installation: Installation, change: str) -> None:
    _act(installation, 3)
    connection = sqlite3.connect(installation.folder / DATABASE_FILE)
    connection.execute(change)
    connection.commit()
    connection.close()
    assert installation.verify_trail().broken == 2


def test_a_failed_change_leaves_no_trace(installation: Installation) -> None:
    def fail() -> None:
        with installation.writing() as session:
            audit_trail.record(session, installation.keys, Actor(None), "case.create", "case:1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _verify(installation).entries == 0


def test_many_writers_make_one_chain(installation: Installation) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: _write(installation, 5), range(8)))
    found = _verify(installation)
    assert (found.entries, found.broken) == (40, None)
