"""A full disk, a real one: a clear page with all that was typed, and no half case."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

import real_parts
from clinic_factory import PASSWORD, csrf_of, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.app import create_app
from covid_d.clinic.database.cases import Case
from covid_d.clinic.database.operations import StagedFilm
from covid_d.clinic.films import FilmStore
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.places import FolderPlace

pytestmark = pytest.mark.usefixtures("small_disk")  # before every other fixture


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight megabytes of its own, where the clinic's data folder will be."""
    folder = tmp_path / "clinic"
    folder.mkdir()  # before the installation is opened in it
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        real_parts.lacking(f"no small file system can be mounted here: {error}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(disk: Path) -> Path:
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(4096))
    return filler


def _browser(installation: Installation) -> TestClient:
    browser = TestClient(create_app(installation), follow_redirects=False)
    browser.post("/sign-in", data={"username": "doctor", "password": PASSWORD})
    return browser


def _count(installation: Installation, table: type) -> int:
    with installation.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def doctor(small_disk: Path, installation: Installation, people: dict[Role, Person]) -> TestClient:
    assert installation.folder == small_disk
    return _browser(installation)


def _form(installation: Installation, browser: TestClient) -> dict[str, str]:
    token = csrf_of(installation, browser)
    return {"csrf_token": token, "patient_code": "HC-9", "province": "Loja", "notes": "escrito"}


def test_no_space_for_the_film(
    installation: Installation, doctor: TestClient, small_disk: Path
) -> None:
    form = _form(installation, doctor)
    upload = {"films": ("film.png", phantom_png(1))}
    filler = _fill(small_disk)
    answer = doctor.post("/cases/new", data=form, files=upload)
    assert answer.status_code == 503
    assert "el disco del servidor está lleno" in answer.text
    assert "escrito</textarea>" in answer.text
    headers = {"x-csrf-token": form["csrf_token"], "x-requested-with": "fetch"}
    ahead = doctor.post("/films/staged", content=phantom_png(1), headers=headers)
    assert (ahead.status_code, ahead.json()["error"]["code"]) == (503, "storage_full")
    filler.unlink()
    assert _count(installation, Case) == _count(installation, StagedFilm) == 0
    assert not list((installation.folder / "films").glob("??/*")), "no half of a film is left"
    assert doctor.post("/cases/new", data=form, files=upload).status_code == 303
    assert _count(installation, Case) == 1


@pytest.mark.only_on("sqlite")  # PostgreSQL's own disk is not this one
def test_no_space_for_the_database(
    installation: Installation, people: dict[Role, Person], small_disk: Path, tmp_path: Path
) -> None:
    elsewhere = replace(installation, films=FilmStore(FolderPlace(tmp_path)))
    doctor = _browser(elsewhere)
    form = _form(elsewhere, doctor)
    headers = {"x-csrf-token": form["csrf_token"], "x-requested-with": "fetch"}
    assert doctor.post("/films/staged", content=phantom_png(1), headers=headers).status_code == 201
    filler = _fill(small_disk)
    upload = {"films": ("film.png", phantom_png(2))}
    # The log may have room left for a few: what was accepted is counted, and then comes the end.
    answers: list[Any] = []
    while len(answers) < 100 and (not answers or answers[-1].status_code == 303):
        answers.append(doctor.post("/cases/new", data=form, files=upload))
    assert answers[-1].status_code == 503
    assert "No se puede escribir en la base de datos" in answers[-1].text
    assert "escrito</textarea>" in answers[-1].text
    filler.unlink()
    assert _count(installation, Case) == len(answers) - 1
    assert doctor.post("/cases/new", data=form, files=upload).status_code == 303


def test_no_space_for_the_upload_itself(
    installation: Installation,
    doctor: TestClient,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    form = _form(installation, doctor)
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    filler = _fill(small_disk)
    large = {"films": ("film.dcm", bytes(3 * 1024 * 1024))}  # beyond what is kept in memory
    answer = doctor.post("/cases/new", data=form, files=large)
    filler.unlink()
    assert answer.status_code == 503
    assert "El disco del servidor está lleno" in answer.text
    assert _count(installation, Case) == 0
