"""A backup holds everything, taken while the clinic works; a damaged one is never restored."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from sqlalchemy import select, text

from authenticator import code_of, enrol
from clinic_backups import content_of
from clinic_clock import Hands
from clinic_factory import PASSWORD, add_case
from covid_d import __version__
from covid_d.cli.backup import backup as backup_command
from covid_d.cli.backup import restore as restore_command
from covid_d.cli.check import clinic as clinic_command
from covid_d.clinic import seals
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.accounts.sign_in import HalfWay, WrongCodeError, finish, sign_in
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import Keys
from covid_d.clinic.operations import integrity
from covid_d.clinic.operations.backup import MANIFEST, NOT_KEPT, back_up
from covid_d.clinic.operations.restore import read_manifest, restore
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail import anchor, audit_trail
from covid_d.clinic.trail.anchor import Anchor
from covid_d.errors import CovidDError
from covid_d.provenance import source_sha256


@pytest.mark.postgres
def test_everything_comes_back(
    filled: Installation, archive: Path, elsewhere: ClinicSettings
) -> None:
    before = content_of(filled)
    assert len(before["patient_case"]) == 2
    restore(archive, elsewhere)
    again = Installation.open(elsewhere)
    assert content_of(again) == before
    with again.reading() as session:
        assert audit_trail.verify(session, again.keys).broken is None
        for film in session.scalars(select(Film)):
            assert again.films.get(film.sha256) == filled.films.get(film.sha256)
        case = session.scalars(select(Case)).first()
        assert case is not None
        assert again.keys.decrypt(case.national_id_encrypted or "") == "1710034065"
    again.close()


def test_the_restored_clinic_counts_on(
    archive: Path, elsewhere: ClinicSettings, people: dict[Role, Person]
) -> None:
    restore(archive, elsewhere)
    again = Installation.open(elsewhere)
    assert add_case(again, people[Role.DOCTOR], seed=3) == 3
    again.close()


@pytest.mark.only_on("postgresql")  # from it into SQLite and back
def test_a_second_factor_comes_back(
    filled: Installation,
    people: dict[Role, Person],
    elsewhere: ClinicSettings,
    tmp_path: Path,
    hands: Hands,
) -> None:
    """And codes used before the backup stay used."""
    secret, codes = enrol(filled, people[Role.DOCTOR], PASSWORD, at=hands.moment)
    used = code_of(secret, hands.moment)
    back_up(filled, tmp_path / "later.zip")
    restore(tmp_path / "later.zip", elsewhere)
    again = Installation.open(elsewhere)
    half_way = sign_in(again, "doctor", PASSWORD, "")
    assert isinstance(half_way, HalfWay)
    with pytest.raises(WrongCodeError):
        finish(again, half_way, used, "")
    assert finish(again, half_way, codes[1], "")
    with zipfile.ZipFile(tmp_path / "later.zip") as made:
        assert secret.encode() not in b"".join(made.read(name) for name in made.namelist())
    again.close()


def test_a_backup_moves_to_the_other_database(
    filled: Installation, archive: Path, elsewhere: ClinicSettings
) -> None:
    as_sqlite = elsewhere.model_copy(update={"database_url": None})
    restore(archive, as_sqlite)
    middle = Installation.open(as_sqlite)
    assert content_of(middle) == content_of(filled)
    back_up(middle, archive.with_name("second.zip"))
    home = elsewhere.model_copy(update={"data": elsewhere.data / "home"})
    restore(archive.with_name("second.zip"), home)
    last = Installation.open(home)
    # The second backup left its own line in the trail.
    assert content_of(last)["patient_case"] == content_of(filled)["patient_case"]
    middle.close()
    last.close()


def test_a_backup_is_of_one_moment_while_cases_come_in(
    filled: Installation, tmp_path: Path, elsewhere: ClinicSettings, people: dict[Role, Person]
) -> None:
    stop, coming = threading.Event(), threading.Event()

    def work() -> None:
        for seed in itertools.count(10):
            add_case(filled, people[Role.DOCTOR], seed=seed)
            coming.set()
            if stop.is_set():
                return

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert coming.wait(120)
        back_up(filled, tmp_path / "busy.zip")
    finally:
        stop.set()
        worker.join()
    restore(tmp_path / "busy.zip", elsewhere)
    again = Installation.open(elsewhere)
    with again.reading() as session:
        cases = session.scalars(select(Case)).all()
        assert len(cases) >= 3
        for case in cases:
            assert [len(film.assessments) for film in case.films] == [1]
            assert all(again.films.has(film.sha256) for film in case.films)
        assert audit_trail.verify(session, again.keys).broken is None
    again.close()


def test_without_the_key_identities_stay_closed(
    filled: Installation, tmp_path: Path, elsewhere: ClinicSettings
) -> None:
    manifest = back_up(filled, tmp_path / "keyless.zip", with_key=False)
    assert not manifest.with_key
    secret = filled.keys.secret.hex().encode()
    with zipfile.ZipFile(tmp_path / "keyless.zip") as opened:
        assert all(secret not in opened.read(name) for name in opened.namelist())
    with pytest.raises(CovidDError, match="holds no key"):
        restore(tmp_path / "keyless.zip", elsewhere)
    assert not (elsewhere.data / "secret.key").exists()
    restore(tmp_path / "keyless.zip", elsewhere, keys=filled.keys)
    again = Installation.open(elsewhere)
    assert content_of(again) == content_of(filled)
    again.close()


def test_sessions_are_not_kept(filled: Installation, archive: Path) -> None:
    assert NOT_KEPT.isdisjoint(read_manifest(archive).rows)
    assert (archive.stat().st_mode & 0o077) == 0 or os.name == "nt"


def test_a_backup_says_which_code_made_it(archive: Path) -> None:
    manifest = read_manifest(archive)
    assert (manifest.format, manifest.covid_d) == (3, __version__)
    assert manifest.source_sha256 == source_sha256()


def test_a_backup_made_with_another_key_is_refused(
    archive: Path, elsewhere: ClinicSettings
) -> None:
    """Whoever makes a whole archive of their own has a key of their own too."""
    with pytest.raises(CovidDError, match="another key"):
        restore(archive, elsewhere, keys=Keys(b"k" * 32))
    assert not elsewhere.data.exists()


def test_the_restored_clinic_knows_its_seals_and_its_anchor(
    filled: Installation, archive: Path, elsewhere: ClinicSettings
) -> None:
    manifest = restore(archive, elsewhere)
    assert (manifest.entries, manifest.head) != (0, "")
    assert anchor.read(elsewhere.data, filled.keys) == Anchor(manifest.entries, manifest.head)
    assert seals.is_begun(elsewhere.data, filled.keys)
    again = Installation.open(elsewhere)
    assert integrity.check(again).sound
    again.close()


@pytest.mark.postgres
def test_what_was_altered_before_the_backup_is_still_found_after_it(
    filled: Installation, tmp_path: Path, elsewhere: ClinicSettings
) -> None:
    with filled.engine.begin() as connection:
        connection.execute(text("UPDATE patient_case SET age_years = 3, seal = NULL WHERE id = 1"))
    back_up(filled, tmp_path / "later.zip")
    restore(tmp_path / "later.zip", elsewhere)
    again = Installation.open(elsewhere)
    assert integrity.check(again).altered == ("patient_case:1",)
    again.close()


@pytest.mark.only_on("sqlite")  # the options are the same
def test_the_options_of_restore(
    filled: Installation, tmp_path: Path, elsewhere: ClinicSettings
) -> None:
    target, kept = tmp_path / "clinic.zip", tmp_path / "kept.key"
    made = CliRunner().invoke(
        backup_command, [str(target), "--without-key", "--no-progress"], catch_exceptions=False
    )
    sha256 = hashlib.sha256(target.read_bytes()).hexdigest()
    assert f"SHA-256: {sha256}" in made.output
    words = [str(target), "--data", str(elsewhere.data), "--no-progress"]

    def refused(*more: str) -> str:
        result = CliRunner().invoke(restore_command, [*words, *more])
        assert isinstance(result.exception, CovidDError), result.output
        return str(result.exception)

    assert "holds no key" in refused()
    kept.write_text("not a key")
    assert "does not hold" in refused("--key", str(kept))
    kept.write_text(filled.keys.secret.hex() + "\n")
    assert "not the file" in refused("--key", str(kept), "--expect", "0" * 64)
    more = ["--key", str(kept), "--expect", sha256.upper()]
    back = CliRunner().invoke(restore_command, [*words, *more], catch_exceptions=False)
    assert back.exit_code == 0, back.output
    assert (elsewhere.data / "secret.key").read_text() == kept.read_text()


@pytest.mark.postgres
def test_an_installation_is_never_overwritten(filled: Installation, archive: Path) -> None:
    before = content_of(filled)
    with pytest.raises(CovidDError, match="already"):
        restore(archive, filled.settings)
    assert content_of(filled) == before


@pytest.mark.only_on("postgresql")  # one database, another folder
def test_a_filled_database_is_never_overwritten(
    filled: Installation, archive: Path, tmp_path: Path
) -> None:
    with pytest.raises(CovidDError, match="already"):
        restore(archive, filled.settings.model_copy(update={"data": tmp_path / "other"}))


def test_a_missing_film_is_listed_and_all_else_is_saved(
    filled: Installation, tmp_path: Path, elsewhere: ClinicSettings
) -> None:
    with filled.reading() as session:
        film = session.scalars(select(Film)).first()
        assert film is not None
    filled.films.remove(film.sha256)
    assert back_up(filled, tmp_path / "backup.zip").missing == [film.sha256]
    restore(tmp_path / "backup.zip", elsewhere)
    again = Installation.open(elsewhere)
    with again.reading() as session:
        films = session.scalars(select(Film)).all()
    assert [again.films.has(one.sha256) for one in films] == [
        one.sha256 != film.sha256 for one in films
    ]
    again.close()


def test_what_is_missing_is_told_everywhere(
    filled: Installation, tmp_path: Path, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    if filled.settings.database_url is not None:
        monkeypatch.setenv("COVID_D_DATABASE_URL", filled.settings.database_url.get_secret_value())
    whole = CliRunner().invoke(clinic_command, ["check"], catch_exceptions=False)
    assert whole.exit_code == 0, whole.output
    assert client.get("/readyz").json()["films"] is True
    with filled.reading() as session:
        gone, altered = session.scalars(select(Film.sha256).order_by(Film.id)).all()
    filled.films.remove(gone)
    path = filled.folder / "films" / altered[:2] / altered
    path.write_bytes(path.read_bytes() + b"0")
    words = [str(tmp_path / "backup.zip"), "--no-progress"]
    made = CliRunner().invoke(backup_command, words, catch_exceptions=False)
    found = CliRunner().invoke(clinic_command, ["check"], catch_exceptions=False)
    for ran in (made, found):
        assert ran.exit_code == 1
        for sha256 in (gone, altered):
            assert f"film missing or altered: {sha256}" in ran.output
    assert (tmp_path / "backup.zip").exists()
    assert client.get("/readyz").json()["films"] is False
    assert client.get("/readyz").status_code == 503


def test_an_existing_file_is_kept(filled: Installation, tmp_path: Path) -> None:
    (tmp_path / "backup.zip").write_bytes(b"mine")
    with pytest.raises(CovidDError, match="already exists"):
        back_up(filled, tmp_path / "backup.zip")
    assert (tmp_path / "backup.zip").read_bytes() == b"mine"


@pytest.mark.postgres
def test_a_stale_backup_is_not_restored_over_newer_data(
    filled: Installation, archive: Path, people: dict[Role, Person]
) -> None:
    """Refused in a sentence, and every row, film and file of the clinic is as it was."""
    newer = add_case(filled, people[Role.DOCTOR], seed=3)

    def files() -> dict[Path, bytes]:
        # SQLite's own change with every opening; the database is compared row by row.
        found = (path for path in filled.folder.rglob("*") if path.is_file())
        return {path: path.read_bytes() for path in found if ".sqlite" not in path.name}

    rows, there = content_of(filled), files()
    with pytest.raises(CovidDError, match="holds an installation already") as caught:
        restore(archive, filled.settings)
    assert "empty database" in str(caught.value.next_step)
    assert (content_of(filled), files()) == (rows, there)
    with filled.reading() as session:
        assert session.get(Case, newer) is not None
    assert integrity.check(filled).sound


@pytest.mark.only_on("sqlite")  # what is asked is the same
def test_a_refused_restore_changes_no_older_database(filled: Installation, archive: Path) -> None:
    """It is looked at before it is brought to the backup's revision, which would be a change."""
    with filled.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(CovidDError, match="holds an installation already"):
        restore(archive, filled.settings)
    with filled.engine.connect() as connection:
        assert (
            connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0001"
        )


def test_another_key_is_never_replaced(archive: Path, elsewhere: ClinicSettings) -> None:
    elsewhere.data.mkdir()
    (elsewhere.data / "secret.key").write_text("ab" * 32 + "\n")
    with pytest.raises(CovidDError, match="already"):
        restore(archive, elsewhere)
    assert (elsewhere.data / "secret.key").read_text() == "ab" * 32 + "\n"


@pytest.mark.kill
@pytest.mark.only_on("sqlite")  # the steps are the same
@pytest.mark.parametrize("step", [0, 1, 3])
def test_a_killed_restore_can_be_run_again(
    archive: Path, elsewhere: ClinicSettings, step: int
) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from covid_d.clinic.operations.restore import restore\n"
        "from covid_d.clinic.settings import ClinicSettings\n"
        "def step(done, total):\n"
        f"    if done == {step}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "restore(Path(sys.argv[1]), ClinicSettings(data=Path(sys.argv[2])), progress=step)\n"
    )
    words = [sys.executable, "-c", script, str(archive), str(elsewhere.data)]
    ran = subprocess.run(words, check=False, capture_output=True)
    assert ran.returncode == -signal.SIGKILL, ran.stderr.decode()
    restore(archive, elsewhere)
    again = Installation.open(elsewhere)
    with again.reading() as session:
        assert len(session.scalars(select(Case)).all()) == 2
    again.close()


def test_the_commands(
    filled: Installation,
    tmp_path: Path,
    elsewhere: ClinicSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if filled.settings.database_url is not None:
        monkeypatch.setenv("COVID_D_DATABASE_URL", filled.settings.database_url.get_secret_value())
    target = tmp_path / "clinic.zip"
    made = CliRunner().invoke(
        backup_command, [str(target), "--no-progress"], catch_exceptions=False
    )
    assert "2 cases, 2 films, 4 users, with the secret key" in made.output
    if elsewhere.database_url is not None:
        monkeypatch.setenv("COVID_D_DATABASE_URL", elsewhere.database_url.get_secret_value())
    words = [str(target), "--data", str(elsewhere.data), "--no-progress"]
    back = CliRunner().invoke(restore_command, words, catch_exceptions=False)
    assert back.exit_code == 0, back.output
    assert "audit trail:" in back.output
    assert "whole" in back.output


def test_the_manifest_counts_what_is_there(filled: Installation, archive: Path) -> None:
    manifest = read_manifest(archive)
    assert manifest.rows["patient_case"] == 2
    with zipfile.ZipFile(archive) as opened:
        assert set(opened.namelist()) == {*manifest.files, MANIFEST}
        for name, count in manifest.rows.items():
            lines = opened.read(f"tables/{name}.jsonl").splitlines()
            assert len([json.loads(line) for line in lines]) == count


def test_progress_is_told(filled: Installation, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    back_up(
        replace(filled),
        tmp_path / "backup.zip",
        progress=lambda done, total: steps.append((done, total)),
    )
    assert steps == [(0, 2), (1, 2), (2, 2)]
