"""How the last backup went is kept, whatever went wrong, and a spoilt note is none."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from clinic_clock import Hands
from covid_d.clinic.database.shared import SharedNote
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations.last_backup import FILE, LastBackup, note_failed, note_made, read


def test_nothing_is_known_at_first(installation: Installation) -> None:
    assert read(installation) == LastBackup(None, 0, None)


def test_a_failure_does_not_hide_the_last_good_one(
    installation: Installation, hands: Hands
) -> None:
    hands.moment = hands.moment.replace(microsecond=0)
    note_made(installation, 2)
    made = hands.moment
    assert read(installation) == LastBackup(made, 2, None)
    hands.on(hours=5)
    note_failed(installation)
    assert read(installation) == LastBackup(made, 2, made + timedelta(hours=5))
    hands.on(hours=5)
    note_made(installation, 0)
    assert read(installation) == LastBackup(hands.moment, 0, None)
    assert stat.S_IMODE((installation.folder / FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"made_at": "yesterday", "missing": 0, "failed_at": null}',
        '{"made_at": "2026-01-01T00:00:00", "missing": 0, "failed_at": null}',
        '{"made_at": null, "missing": null, "failed_at": null}',
        '{"made_at": 7, "missing": 0, "failed_at": null}',
    ],
)
def test_a_spoilt_note_is_none(installation: Installation, content: str) -> None:
    (installation.folder / FILE).write_text(content)
    assert read(installation) == LastBackup()


def test_a_folder_that_is_gone_breaks_nothing(installation: Installation) -> None:
    nowhere = replace(installation, folder=installation.folder / FILE / "none")
    (installation.folder / FILE).write_text("")
    note_made(nowhere, 3)
    assert read(nowhere).missing == 3, "the database was told"


def test_what_one_machine_did_the_other_knows(installation: Installation, tmp_path: Path) -> None:
    other = replace(installation, folder=tmp_path)
    note_made(installation, 1)
    assert read(other) == read(installation)
    note_failed(other)
    assert read(installation).failed_at is not None
    assert read(installation).missing == 1
    with installation.writing() as session:
        session.execute(delete(SharedNote))  # by another hand: who made it still knows
    assert read(other).failed_at is not None
    assert read(installation).failed_at is None
