"""A backup holds everything, taken while the clinic works; a damaged one is never restored."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import select

from clinic_factory import add_case
from covid_d import __version__
from covid_d.cli.backup import backup as backup_command
from covid_d.cli.backup import restore as restore_command
from covid_d.cli.check import clinic as clinic_command
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.tables import TableBase
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations.backup import MANIFEST, NOT_KEPT, back_up
from covid_d.clinic.operations.restore import read_manifest, restore
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail import audit_trail
from covid_d.errors import CovidDError
from covid_d.provenance import source_sha256
from postgres_server import PostgresServer


@pytest.fixture
def filled(installation: Installation, people: dict[Role, Person]) -> Installation:
    """An installation with two cases."""
    for seed in (1, 2):
        add_case(installation, people[Role.DOCTOR], seed=seed, national_id="1710034065")
    return installation


@pytest.fixture
def archive(filled: Installation, tmp_path: Path) -> Path:
    back_up(filled, tmp_path / "backup.zip")
    return tmp_path / "backup.zip"


@pytest.fixture
def elsewhere(
    clinic_settings: ClinicSettings, postgres: PostgresServer | None, tmp_path: Path
) -> ClinicSettings:
    """Settings of an empty folder and database on the same kind of server."""
    url = SecretStr(postgres.new_database()) if postgres else None
    return clinic_settings.model_copy(update={"data": tmp_path / "new", "database_url": url})


def _content(installation: Installation) -> dict[str, list[tuple[Any, ...]]]:
    with installation.reading() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table))]
            for table in TableBase.metadata.sorted_tables
            if table.name not in NOT_KEPT
        }


def _rewritten(archive: Path, name: str, change: Callable[[bytes], bytes | None]) -> None:
    with zipfile.ZipFile(archive) as old:
        members = {entry: old.read(entry) for entry in old.namelist()}
    changed = change(members.pop(name))
    if changed is not None:
        members[name] = changed
    with zipfile.ZipFile(archive, "w") as new:
        for entry, content in members.items():
            new.writestr(entry, content)


def test_everything_comes_back(
    filled: Installation, archive: Path, elsewhere: ClinicSettings
) -> None:
    before = _content(filled)
    assert len(before["patient_case"]) == 2
    restore(archive, elsewhere)
    again = Installation.open(elsewhere)
    assert _content(again) == before
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
def test_a_backup_moves_to_the_other_database(
    filled: Installation, archive: Path, elsewhere: ClinicSettings
) -> None:
    as_sqlite = elsewhere.model_copy(update={"database_url": None})
    restore(archive, as_sqlite)
    middle = Installation.open(as_sqlite)
    assert _content(middle) == _content(filled)
    back_up(middle, archive.with_name("second.zip"))
    home = elsewhere.model_copy(update={"data": elsewhere.data / "home"})
    restore(archive.with_name("second.zip"), home)
    last = Installation.open(home)
    # The second backup left its own line in the trail.
    assert _content(last)["patient_case"] == _content(filled)["patient_case"]
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
    restore(tmp_path / "keyless.zip", elsewhere)
    assert not (elsewhere.data / "secret.key").exists()


def test_sessions_are_not_kept(filled: Installation, archive: Path) -> None:
    assert NOT_KEPT.isdisjoint(read_manifest(archive).rows)
    assert (archive.stat().st_mode & 0o077) == 0 or os.name == "nt"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("tables/patient_case.jsonl", lambda content: content.replace(b"HC-0001", b"HC-9999")),
        ("tables/patient_case.jsonl", lambda content: content.splitlines()[0]),
        ("tables/film.jsonl", lambda _: None),
        (MANIFEST, lambda _: None),
        (MANIFEST, lambda _: b"{}"),
        (MANIFEST, lambda content: content.replace(b'"format": 2', b'"format": 9')),
        (MANIFEST, lambda content: content.replace(b'"secret.key"', b'"../secret.key"')),
        (MANIFEST, lambda content: content.replace(b'"revision": "', b'"revision": "later')),
    ],
)
def test_an_altered_backup_is_refused(
    archive: Path, elsewhere: ClinicSettings, name: str, change: Callable[[bytes], bytes | None]
) -> None:
    _rewritten(archive, name, change)
    with pytest.raises(CovidDError) as caught:
        restore(archive, elsewhere)
    assert caught.value.next_step
    assert not (elsewhere.data.parent / "secret.key").exists()


def test_a_backup_says_which_code_made_it(archive: Path) -> None:
    manifest = read_manifest(archive)
    assert (manifest.format, manifest.covid_d) == (2, __version__)
    assert manifest.source_sha256 == source_sha256()


def test_a_backup_of_the_first_format_is_restored(
    filled: Installation, archive: Path, elsewhere: ClinicSettings
) -> None:
    def as_then(content: bytes) -> bytes:
        manifest = json.loads(content) | {"format": 1, "covid_d": "0.1.0"}
        del manifest["source_sha256"]
        return json.dumps(manifest).encode()

    _rewritten(archive, MANIFEST, as_then)
    assert restore(archive, elsewhere).source_sha256 == ""
    again = Installation.open(elsewhere)
    assert _content(again) == _content(filled)
    again.close()


@pytest.mark.parametrize("keep", [0, 100, -1000])
def test_a_cut_off_backup_is_refused(archive: Path, elsewhere: ClinicSettings, keep: int) -> None:
    archive.write_bytes(archive.read_bytes()[:keep])
    with pytest.raises(CovidDError, match="damaged"):
        restore(archive, elsewhere)


def test_an_altered_film_is_refused(archive: Path, elsewhere: ClinicSettings) -> None:
    (name,) = [n for n in read_manifest(archive).files if n.startswith("films/")][:1]
    _rewritten(archive, name, lambda content: content + b"\0")
    with pytest.raises(CovidDError, match="altered"):
        restore(archive, elsewhere)


def test_an_installation_is_never_overwritten(filled: Installation, archive: Path) -> None:
    before = _content(filled)
    with pytest.raises(CovidDError, match="already"):
        restore(archive, filled.settings)
    assert _content(filled) == before


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
    path = filled.films.folder / altered[:2] / altered
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
