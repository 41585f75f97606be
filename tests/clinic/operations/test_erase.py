"""An erased patient is in no table, no file, no later backup; the trail keeps that it happened."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from clinic_clock import today
from clinic_factory import add_case, add_unit, add_user, phantom_png
from covid_d.cli.main import cli
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import readings
from covid_d.clinic.cases.load_case import whole_case
from covid_d.clinic.collection import review
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.operations import AuditEntry, CollectionExport, FilmReview
from covid_d.clinic.database.tables import TableBase
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import DATABASE_FILE, Installation
from covid_d.clinic.operations import integrity
from covid_d.clinic.operations.backup import back_up
from covid_d.clinic.operations.erase import erase, find, remains
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError

pytestmark = pytest.mark.postgres

CEDULA = "1710034065"
OTHER = "0926687856"
CODE = "HC-BORRAR"

People = dict[Role, Person]


@pytest.fixture
def place(installation: Installation, people: People) -> Installation:
    """Cases 1 and 2 of one patient, with all that hangs on a case; case 3 of another."""
    doctor = people[Role.DOCTOR]
    for seed, code, digits in ((1, CODE, CEDULA), (2, "HC-2", CEDULA), (3, "HC-3", OTHER)):
        number = add_case(
            installation, doctor, seed=seed, patient_code=code, national_id=digits, notes="dolor"
        )
        first = Entry(EntryKind.RT_PCR, "negative", today())
        one = add(installation, doctor, Actor(doctor.id), number, first)
        again = Entry(EntryKind.RT_PCR, "positive", today(), supersedes=one, reason="error")
        add(installation, doctor, Actor(doctor.id), number, again)
        with installation.act(Actor(doctor.id)) as act:
            case = whole_case(act.session, doctor, number)
            readings.note_answer_shown(act.session, case, doctor)
            readings.record_reading(act, case, doctor, finding="negative")
            review.ask_for(act.session, {case.films[0].sha256: ()})
    return installation


def _counts(place: Installation) -> dict[str, int]:
    with place.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in TableBase.metadata.sorted_tables
        }


def _hashes(place: Installation, *case_ids: int) -> list[str]:
    with place.reading() as session:
        return list(session.scalars(select(Film.sha256).where(Film.case_id.in_(case_ids))))


def test_a_patients_cases_are_found_by_any_of_them(place: Installation) -> None:
    for found in (find(place, case_id=1), find(place, case_id=2), find(place, digits=CEDULA)):
        assert [(case.id, case.unit, case.films) for case in found] == [
            (1, "Hospital Uno", 1),
            (2, "Hospital Uno", 1),
        ]
    assert [case.id for case in find(place, digits=OTHER)] == [3]


def test_one_code_in_two_units_is_two_patients(place: Installation) -> None:
    add_unit(place, "Hospital Dos", province="Loja")
    other = add_user(place, "other.doctor", Role.DOCTOR, unit="Hospital Dos")
    number = add_case(place, other, seed=9, patient_code=CODE)
    assert [case.id for case in find(place, case_id=number)] == [number]


@pytest.mark.parametrize("whom", [{"case_id": 99}, {"digits": "0000000000"}, {}])
def test_nobody_is_found(place: Installation, whom: dict[str, object]) -> None:
    with pytest.raises(NotFoundError):
        find(place, **whom)  # type: ignore[arg-type]


def test_everything_of_the_patient_goes_and_nothing_else(place: Installation) -> None:
    before, files = _counts(place), _hashes(place, 1, 2)
    (kept,) = _hashes(place, 3)
    assert erase(place, Actor(None), [1, 2]) == 2
    after = _counts(place)
    third = ("patient_case", "film", "assessment", "reading", "follow_up", "answer_shown")
    for table in (*third, "film_review", "film_print"):
        assert after[table] * 3 == before[table], table
    assert after["audit_entry"] == before["audit_entry"] + 2
    assert not any(place.films.has(sha256) for sha256 in files)
    assert place.films.has(kept)
    assert place.films.get(kept)


def test_the_trail_says_that_it_happened_and_not_to_whom(
    place: Installation, people: People
) -> None:
    erase(place, Actor(people[Role.ADMINISTRATOR].id, "10.0.0.1"), [1, 2])
    with place.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)).all()
        last = [(one.action, one.subject, one.detail) for one in entries[-2:]]
        assert last == [
            ("case.erase", "case:1", {"films": 1}),
            ("case.erase", "case:2", {"films": 1}),
        ]
        assert entries[-1].user_id == people[Role.ADMINISTRATOR].id
        for entry in entries:
            for word in (CODE, CEDULA, "dolor"):
                assert word not in str(entry.detail)
    assert place.verify_trail().sound
    assert integrity.check(place).sound, "an erased case is not a removed one"


@pytest.mark.only_on("sqlite")
def test_the_database_file_holds_nothing_of_the_patient(place: Installation) -> None:
    path = place.folder / DATABASE_FILE
    wal = path.with_name(f"{DATABASE_FILE}-wal")
    assert CODE.encode() in path.read_bytes() + wal.read_bytes()
    erase(place, Actor(None), [1, 2])
    assert CODE.encode() not in path.read_bytes()
    assert CODE.encode() not in (wal.read_bytes() if wal.exists() else b"")


def test_a_later_backup_does_not_hold_the_patient(place: Installation, tmp_path: Path) -> None:
    files = _hashes(place, 1, 2)
    back_up(place, tmp_path / "before.zip")
    erase(place, Actor(None), [1, 2])
    back_up(place, tmp_path / "after.zip")

    def whole(name: str) -> bytes:
        with zipfile.ZipFile(tmp_path / name) as archive:
            return b"".join(
                archive.read(one)
                for one in archive.namelist()
                if not one.endswith("audit_entry.jsonl")
            )

    assert CODE.encode() in whole("before.zip")
    assert CODE.encode() not in whole("after.zip")
    with zipfile.ZipFile(tmp_path / "after.zip") as archive:
        assert not {f"films/{one[:2]}/{one}" for one in files} & set(archive.namelist())


def test_what_still_holds_the_patient_is_named(
    place: Installation, people: People, tmp_path: Path
) -> None:
    cases = find(place, case_id=1)
    assert remains(place, cases) == remains(place, cases).__class__((), ())
    back_up(place, tmp_path / "clinic-1.zip")
    with place.act(Actor(None)) as act:
        row = CollectionExport(
            created_at=act.now,
            user_id=people[Role.RESEARCHER].id,
            cases=3,
            films=3,
            sha256="e" * 64,
        )
        act.session.add(row)
        act.record("export.download", row)
    left = remains(place, cases)
    assert [archive for _, archive in left.backups] == ["clinic-1.zip"]
    assert [(number, sha256) for number, _, sha256 in left.exports] == [(1, "e" * 64)]


def test_what_was_made_before_the_patient_came_is_not_named(
    installation: Installation, people: People, tmp_path: Path
) -> None:
    back_up(installation, tmp_path / "early.zip")
    add_case(installation, people[Role.DOCTOR])
    assert remains(installation, find(installation, case_id=1)).backups == ()


def test_a_film_that_is_another_patients_too_stays(place: Installation, people: People) -> None:
    shared = phantom_png(1)
    number = add_case(place, people[Role.DOCTOR], seed=7, films=[shared])
    (sha256,) = _hashes(place, number)
    assert sha256 in _hashes(place, 1)
    assert erase(place, Actor(None), [1, 2]) == 1
    assert place.films.has(sha256)
    with place.reading() as session:
        assert session.get(FilmReview, sha256) is not None


def test_a_case_that_is_gone_already_leaves_the_others(place: Installation) -> None:
    before = _counts(place)
    with pytest.raises(NotFoundError):
        erase(place, Actor(None), [1, 99])
    with pytest.raises(NotFoundError):
        erase(place, Actor(None), [])
    assert _counts(place) == before


def test_a_changed_record_can_be_erased_all_the_same(place: Installation) -> None:
    with place.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE patient_case SET age_years = 3 WHERE id = 3")
    assert erase(place, Actor(None), [3]) == 1


@pytest.mark.only_on("sqlite")  # the words are the same
def test_the_command_asks_erases_and_says_what_is_left(place: Installation, tmp_path: Path) -> None:
    back_up(place, tmp_path / "before.zip")
    words = ["clinic", "erase", "--data", str(place.folder)]
    for wrong in ([], ["--case", "1", "--national-id", CEDULA]):
        assert CliRunner().invoke(cli, [*words, *wrong]).exit_code == 2
    nobody = CliRunner().invoke(cli, [*words, "--case", "99"])
    assert isinstance(nobody.exception, CovidDError)
    refused = CliRunner().invoke(cli, [*words, "--case", "1"], input="n\n")
    assert refused.exit_code == 1
    assert len(_hashes(place, 1, 2)) == 2
    done = CliRunner().invoke(cli, [*words, "--national-id", CEDULA], input="y\n")
    assert done.exit_code == 0, done.output
    assert "Hospital Uno: 1 films" in done.output
    assert "erased, with 2 films" in done.output
    assert "before.zip" in done.output
    with place.reading() as session:
        assert list(session.scalars(select(Case.id))) == [3]
