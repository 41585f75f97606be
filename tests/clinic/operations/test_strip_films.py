"""A film names nobody: neither where it lies, nor in a backup, nor after an older version."""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from clinic_factory import add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import staging
from covid_d.clinic.cases.intake import GivenFilm, NewCase, create_case
from covid_d.clinic.cases.keeping import identifiers
from covid_d.clinic.database.cases import Film
from covid_d.clinic.database.operations import AuditEntry, FilmReview
from covid_d.clinic.films import FilmStore
from covid_d.clinic.installation import DATABASE_FILE, Installation
from covid_d.clinic.operations.backup import back_up
from covid_d.clinic.operations.strip_films import strip_films
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail.audit_trail import Actor, verify
from covid_d.places import FolderPlace
from films import dicom
from old_clinic import lay_out
from row_seals import seal_rows

pytestmark = pytest.mark.postgres

NAME, NUMBER = b"QUISPE^ROSA", b"1710034065"


def named(**elements: Any) -> bytes:
    """A DICOM film that names its patient."""
    film = dicom(PatientName=NAME.decode(), PatientID=NUMBER.decode(), **elements)
    assert NAME in film
    return film


def _files(place: Installation) -> bytes:
    return b"".join(path.read_bytes() for path in (place.folder / "films").glob("??/*"))


def _films(place: Installation) -> list[Film]:
    with place.reading() as session:
        return list(session.scalars(select(Film).order_by(Film.id)))


def test_a_film_is_kept_without_its_patient(
    installation: Installation, people: dict[Role, Person]
) -> None:
    add_case(installation, people[Role.DOCTOR], films=[named()])
    assert NAME not in _files(installation)
    assert NUMBER not in _files(installation)
    (film,) = _films(installation)
    assert film.sha256 != film.received_sha256
    assert NUMBER.decode() not in (film.identity_encrypted or "")
    assert identifiers(installation.keys, film.identity_encrypted) == {
        "SOPInstanceUID": "1.2.826.0.1.3680043.8.498.1",
        "PatientID": NUMBER.decode(),
    }


def test_the_answer_is_the_originals(
    installation: Installation, people: dict[Role, Person]
) -> None:
    add_case(installation, people[Role.DOCTOR], films=[named()])
    detector = installation.active_detector.detector
    (film,) = _films(installation)
    with installation.reading() as session:
        stored = session.get_one(Film, film.id).assessments[0].assessment
    assert stored.probability == detector.assess(named()).probability
    assert stored.probability == detector.assess(installation.films.get(film.sha256)).probability


def test_a_film_sent_ahead_is_stripped_too(
    installation: Installation, people: dict[Role, Person]
) -> None:
    doctor, actor = people[Role.DOCTOR], Actor(None)
    staged = staging.stage(installation, doctor, actor, named())
    assert NAME not in _files(installation)
    case = NewCase(patient_code="HC-1", unit_id=doctor.unit_id or 0, province="Guayas")
    create_case(installation, doctor, actor, case, [GivenFilm(token=staged.token)])
    (film,) = _films(installation)
    assert identifiers(installation.keys, film.identity_encrypted)["PatientID"] == NUMBER.decode()
    assert film.received_sha256 == staged.kept.received_sha256 != film.sha256


def test_what_cannot_be_read_is_not_kept(
    installation: Installation, people: dict[Role, Person]
) -> None:
    add_case(installation, people[Role.DOCTOR], films=[named()[:-500]])
    assert NAME not in _files(installation)
    (film,) = _films(installation)
    assert installation.films.has(film.sha256)


@pytest.fixture
def older(clinic_settings: ClinicSettings, tmp_path: Path) -> Iterator[Installation]:
    """A clinic of 0.1.0 with two DICOM films as they were sent: one of them in two cases."""
    folder = lay_out(tmp_path / "old")
    store = FilmStore(FolderPlace(folder))
    database = sqlite3.connect(folder / DATABASE_FILE)
    for sha256, films in (
        (store.put(named()), (1, 2)),
        (store.put(named(PatientAge="070Y")), (3,)),
    ):
        for film in films:
            database.execute(
                "UPDATE film SET sha256 = ?, format = 'DICOM' WHERE id = ?", (sha256, film)
            )
    database.commit()
    database.close()
    place = Installation.open(
        clinic_settings.model_copy(update={"data": folder, "database_url": None})
    )
    yield place
    place.close()


def test_films_of_an_older_version_are_stripped(older: Installation) -> None:
    assert NAME in _files(older)
    before = {film.id: film.sha256 for film in _films(older)}
    with older.reading() as session:
        entries = verify(session, older.keys).entries
    assert (strip_films(older).stripped, strip_films(older).stripped) == (2, 0)
    assert NAME not in _files(older)
    films = {film.id: film for film in _films(older)}
    assert films[1].sha256 == films[2].sha256 != films[3].sha256
    for number in (1, 2, 3):
        assert films[number].received_sha256 == before[number]
        assert identifiers(older.keys, films[number].identity_encrypted)["PatientID"]
    assert films[4].sha256 == films[4].received_sha256 == before[4], "a picture stays"
    assert all(older.films.has(film.sha256) for film in films.values())
    with older.reading() as session:
        said = session.scalars(select(AuditEntry).where(AuditEntry.action == "film.strip")).all()
        told = [entry for entry in said if entry.detail["received"] != entry.detail["kept"]]
        found = verify(session, older.keys)
    assert (found.entries, found.sound) == (entries + len(said), True)
    assert {entry.subject: entry.detail["received"] for entry in told} == {
        f"film:{number}": before[number] for number in (1, 2, 3)
    }


def test_a_stopped_run_goes_on(older: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    removed: list[str] = []

    def stop(_: FilmStore, sha256: str) -> None:
        removed.append(sha256)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(FilmStore, "remove", stop)
        with pytest.raises(KeyboardInterrupt):
            strip_films(older)
    assert strip_films(older).stripped == 1
    named_now = {film.sha256 for film in _films(older)}
    assert removed[0] not in named_now
    assert all(older.films.has(sha256) for sha256 in named_now)


def test_a_film_that_is_gone_is_told_and_left(older: Installation) -> None:
    gone = _films(older)[0].sha256
    older.films.remove(gone)
    found = strip_films(older)
    assert (found.stripped, found.left) == (1, (gone,))


def test_two_files_of_one_picture_in_one_case_stay_two(older: Installation) -> None:
    other = older.films.put(named(StudyDescription="X"))
    first, _, third, *_ = _films(older)
    older.films.remove(third.sha256)
    with older.writing() as session:
        session.execute(
            update(Film)
            .where(Film.id == 3)
            .values(case_id=first.case_id, sha256=other, received_sha256=None)
        )
        seal_rows(session, anew=True)
    strip_films(older)
    films = {film.id: film for film in _films(older)}
    assert films[1].sha256 != films[3].sha256
    assert NAME not in _files(older)


def test_the_review_of_a_film_follows_it(older: Installation) -> None:
    sha256 = _films(older)[0].sha256
    with older.writing() as session:
        session.execute(update(FilmReview).values(sha256=sha256, decision="mask"))
    strip_films(older)
    with older.reading() as session:
        review = session.get_one(FilmReview, _films(older)[0].sha256)
        assert review.decision == "mask"


def test_a_backup_holds_no_name(older: Installation, tmp_path: Path) -> None:
    back_up(older, tmp_path / "backup.zip")
    with zipfile.ZipFile(tmp_path / "backup.zip") as archive:
        assert all(NAME not in archive.read(name) for name in archive.namelist())
