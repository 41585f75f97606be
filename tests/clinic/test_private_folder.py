"""Nobody else on the machine reads the clinic's folder, however it was made."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from clinic_factory import add_case
from covid_d.cli.backup import backup
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.installation import DATABASE_FILE, Installation
from covid_d.clinic.private_folder import make_private, private_files
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.errors import CovidDError
from old_clinic import lay_out

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX modes")


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def _open_to_others(folder: Path) -> list[Path]:
    return [path for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077]


def test_a_folder_that_was_there_is_closed(clinic_settings: ClinicSettings, tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "old")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    place = Installation.open(
        clinic_settings.model_copy(update={"data": folder, "database_url": None})
    )
    try:
        with place.reading():
            assert _open_to_others(folder) == []
    finally:
        place.close()


@pytest.mark.only_on("sqlite")
def test_database_journal_and_films_are_the_owners(clinic_settings: ClinicSettings) -> None:
    clinic_settings.data.mkdir(mode=0o755)
    place = Installation.open(clinic_settings)
    try:
        place.films.put(b"a film")
        journal = place.folder / f"{DATABASE_FILE}-wal"
        for path in (place.folder, journal, place.folder / DATABASE_FILE):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
        assert [path for path in _open_to_others(place.folder) if path.is_file()] == []
    finally:
        place.close()


def test_one_that_is_not_ours_is_refused_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o755)

    def refuse(path: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "chmod", refuse)  # root, who runs tests, may change any
    with pytest.raises(CovidDError) as caught:
        make_private(folder)
    assert str(folder) in str(caught.value)
    assert f"chmod -R go-rwx {folder}" in str(caught.value.next_step)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "shared.txt"
    outside.write_text("everybody's")
    outside.chmod(0o644)
    folder = tmp_path / "clinic"
    folder.mkdir(mode=0o755)
    (folder / "link").symlink_to(outside)
    make_private(folder)
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_files_made_meanwhile_are_private(tmp_path: Path) -> None:
    with private_files():
        (tmp_path / "inside").write_text("")
    (tmp_path / "after").write_text("")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("inside", "after")]
    assert modes == [0o600, 0o644]


def test_a_backup_and_its_folder_are_the_owners(
    installation: Installation, people: dict[Role, Person], tmp_path: Path
) -> None:
    if installation.settings.database_url is not None:
        pytest.skip("the command opens SQLite here")
    add_case(installation, people[Role.DOCTOR])
    target = tmp_path / "backups" / "today.zip"
    ran = CliRunner().invoke(backup, [str(target), "--no-progress"], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    assert _open_to_others(target.parent) == []
