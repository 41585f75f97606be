"""What servers tell each other is believed if the clinic's key made it, and of nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete, update

from covid_d.clinic import shared_notes
from covid_d.clinic.database.shared import SharedNote
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import FILE, Keys
from covid_d.clinic.operations.rotate_key import rotate
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.shared_notes import OtherKeyError
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError

pytestmark = pytest.mark.postgres


@pytest.fixture
def elsewhere(
    installation: Installation, clinic_settings: ClinicSettings
) -> Iterator[Installation]:
    """Another process that works on the same database, opened before anything else happens."""
    assert installation
    opened = Installation.open(clinic_settings)
    yield opened
    opened.close()


def _say(place: Installation, name: str, told: dict[str, Any]) -> None:
    with place.writing() as session:
        shared_notes.write(session, place.keys, name, told)


def _hear(place: Installation, name: str) -> dict[str, Any] | None:
    with place.reading() as session:
        return shared_notes.read(session, place.keys, name)


def test_what_one_says_the_other_hears(installation: Installation, elsewhere: Installation) -> None:
    assert _hear(elsewhere, "a note") is None
    _say(installation, "a note", {"word": "sí", "numbers": [1, 2.5, None]})
    assert _hear(elsewhere, "a note") == {"word": "sí", "numbers": [1, 2.5, None]}
    _say(elsewhere, "a note", {"word": "no"})
    assert _hear(installation, "a note") == {"word": "no"}
    assert _hear(installation, "another note") is None


@pytest.mark.parametrize(
    "change", [{"told": {"word": "no"}}, {"mac": "0" * 64}, {"name": "moved"}, {"told": []}]
)
def test_what_another_hand_wrote_is_not_believed(
    installation: Installation, change: dict[str, Any]
) -> None:
    _say(installation, "a note", {"word": "sí"})
    with installation.writing() as session:
        session.execute(update(SharedNote).where(SharedNote.name == "a note").values(**change))
    assert _hear(installation, change.get("name", "a note")) is None


def test_the_first_act_notes_the_key(installation: Installation) -> None:
    with installation.writing() as session:
        session.execute(delete(SharedNote))  # as an older version left it
    with installation.act(Actor(None)) as act:
        act.record("test", "installation")
    with installation.reading() as session:
        assert session.get(SharedNote, shared_notes.KEY) is not None
        assert not shared_notes.has_other_key(session, installation.keys)
        assert shared_notes.has_other_key(session, Keys(b"x" * 32))


def test_nobody_goes_on_under_a_key_that_was_changed(
    installation: Installation, elsewhere: Installation, clinic_settings: ClinicSettings
) -> None:
    """Two servers on two machines: the key is changed on one, the other has the old one."""
    with elsewhere.act(Actor(None)) as act:
        act.record("test.before", "installation")
    old = elsewhere.keys.text
    rotate(installation, Actor(None))
    with pytest.raises(OtherKeyError), elsewhere.act(Actor(None)) as act:
        act.record("test.after", "installation")
    (elsewhere.folder / FILE).write_text(old)
    with pytest.raises(CovidDError, match="is not the key of this database"):
        Installation.open(clinic_settings)
    (elsewhere.folder / FILE).write_text("")


def test_a_new_key_goes_on(installation: Installation, clinic_settings: ClinicSettings) -> None:
    rotate(installation, Actor(None))
    again = Installation.open(clinic_settings)
    with again.act(Actor(None)) as act:
        act.record("test.after", "installation")
    found = again.verify_trail()
    again.close()
    assert found.sound
    with again.reading() as session:
        assert not shared_notes.has_other_key(session, again.keys)
        assert shared_notes.has_other_key(session, installation.keys)
    again.close()
