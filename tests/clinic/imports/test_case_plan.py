"""What an import will do, said before it does it, and what it then does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

import films as drawn
from clinic_factory import add_case, add_unit, add_user, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import ForbiddenError, InvalidInputError, UnavailableError
from covid_d.clinic.imports.case_plan import CasePlan, CaseState, plan_cases
from covid_d.clinic.imports.case_rows import Consent, cases_in, read_film_table
from covid_d.clinic.imports.case_run import TableSource, enter_cases
from covid_d.clinic.imports.films import FolderFilms
from covid_d.clinic.imports.importer import importer, named_importer
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError

Written = Callable[..., Path]
READY, DONE, CHANGED = CaseState.READY, CaseState.DONE, CaseState.CHANGED


def _plan(
    installation: Installation,
    admin: Person,
    folder: Path,
    table: Path,
    consent: Consent = Consent.COLUMN,
) -> CasePlan:
    assert admin.unit_id is not None
    read = read_film_table(table.name, table.read_bytes())
    stated = cases_in(read, unit_id=admin.unit_id, province="Guayas", consent=consent)
    return plan_cases(installation, admin, read, stated, FolderFilms(folder))


def _run(
    installation: Installation, admin: Person, folder: Path, plan: CasePlan
) -> list[tuple[int, CaseState]]:
    done = enter_cases(
        installation,
        admin,
        Actor(admin.id, "127.0.0.1"),
        plan,
        FolderFilms(folder),
        TableSource("tabla.csv", "ab" * 8),
    )
    return [(one.stated.rows[0], one.state) for one in done]


def _rows(*numbers: int, **more: str) -> list[dict[str, str]]:
    return [{"Archivo": f"film{n}.png", "HC": f"HC-{n}", "Edad": "50", **more} for n in numbers]


def test_a_table_is_entered_as_a_doctor_would(
    installation: Installation, admin: Person, folder: Path, written: Written
) -> None:
    table = written(_rows(1, 2, 3, Consentimiento="Sí", Sexo="F", FIS="05/11/2026"))
    plan = _plan(installation, admin, folder, table)
    assert plan.counts == {READY: 3}
    assert plan.consented == 3
    assert plan.unnamed == ("film4.png",)
    assert _run(installation, admin, folder, plan) == [(2, DONE), (3, DONE), (4, DONE)]
    with installation.reading() as session:
        cases = session.scalars(select(Case).order_by(Case.id)).all()
        assert [case.patient_code for case in cases] == ["HC-1", "HC-2", "HC-3"]
        for case in cases:
            assert (case.unit_id, case.created_by_id) == (admin.unit_id, admin.id)
            assert (case.age_years, case.sex, case.research_consent) == (50, "F", True)
            (film,) = case.films
            assert len(film.assessments) == 1
            assert film.at_intake
        trail = session.execute(select(AuditEntry.action, AuditEntry.subject, AuditEntry.detail))
        entries = [tuple(row) for row in trail]
    created = [entry for entry in entries if entry[0] == "case.create"]
    assert [subject for _, subject, _ in created] == ["case:1", "case:2", "case:3"]
    assert all(detail["research_consent"] is True for _, _, detail in created)
    (whole,) = [entry for entry in entries if entry[0] == "import.cases"]
    assert whole[1] == f"unit:{admin.unit_id}"
    assert whole[2] == {"table": "ab" * 8, "rows": 3, "cases": [1, 2, 3]}


def test_run_again_nothing_is_twice(
    installation: Installation, admin: Person, folder: Path, written: Written
) -> None:
    table = written(_rows(1, 2))
    _run(installation, admin, folder, _plan(installation, admin, folder, table))
    again = _plan(installation, admin, folder, table)
    assert again.counts == {DONE: 2}
    assert [one.cases for one in again.cases] == [(1,), (2,)]
    assert _run(installation, admin, folder, again) == []
    # A longer table of another name goes on where the first one ended.
    longer = written(_rows(3, 1, 2), name="otra.csv", encoding="utf-16")
    assert _plan(installation, admin, folder, longer).counts == {READY: 1, DONE: 2}


def test_a_row_changed_since_is_left_as_it_was(
    installation: Installation, admin: Person, folder: Path, written: Written
) -> None:
    _run(installation, admin, folder, _plan(installation, admin, folder, written(_rows(1))))
    table = written(_rows(1, Sexo="M"))
    plan = _plan(installation, admin, folder, table)
    assert plan.counts == {CHANGED: 1}
    assert plan.cases[0].cases == (1,)
    assert _run(installation, admin, folder, plan) == []
    with installation.reading() as session:
        assert session.get_one(Case, 1).sex is None


def test_a_film_of_the_patient_is_not_entered_again(
    installation: Installation,
    people: dict[Role, Person],
    admin: Person,
    folder: Path,
    written: Written,
) -> None:
    case = add_case(installation, people[Role.DOCTOR], films=[phantom_png(1)], patient_code="HC-1")
    plan = _plan(installation, admin, folder, written(_rows(1, 2)))
    assert plan.counts == {READY: 1, CaseState.HELD: 1}
    assert plan.cases[0].cases == (case,)


@pytest.mark.postgres
def test_a_film_of_another_patient_needs_a_reason(
    installation: Installation,
    people: dict[Role, Person],
    admin: Person,
    folder: Path,
    written: Written,
) -> None:
    case = add_case(installation, people[Role.DOCTOR], films=[phantom_png(1)], patient_code="X-9")
    plan = _plan(installation, admin, folder, written(_rows(1)))
    assert plan.counts == {CaseState.OTHER_PATIENT: 1}
    assert plan.cases[0].cases == (case,)
    reasoned = _plan(
        installation, admin, folder, written(_rows(1, Motivo="mismo paciente, dos HC"))
    )
    assert _run(installation, admin, folder, reasoned) == [(2, DONE)]
    with installation.reading() as session:
        detail = session.scalars(
            select(AuditEntry.detail)
            .where(AuditEntry.action == "case.create")
            .order_by(AuditEntry.sequence.desc())
        ).first()
    assert detail is not None
    assert detail["same_film_as"] == [case]
    assert detail["reason"] == "mismo paciente, dos HC"


def test_a_copy_whose_header_differs_is_found_when_it_is_entered(
    installation: Installation,
    people: dict[Role, Person],
    admin: Person,
    folder: Path,
    written: Written,
) -> None:
    (folder / "copy.dcm").write_bytes(drawn.dicom(PatientName="OTRO^NOMBRE"))
    case = add_case(
        installation,
        people[Role.DOCTOR],
        films=[drawn.dicom(PatientName="PEREZ^JUAN")],
        patient_code="X-9",
    )
    plan = _plan(installation, admin, folder, written([{"Archivo": "copy", "HC": "HC-1"}]))
    assert plan.counts == {READY: 1}
    (done,) = enter_cases(
        installation, admin, Actor(admin.id), plan, FolderFilms(folder), TableSource("t", "0")
    )
    assert (done.state, done.cases) == (CaseState.OTHER_PATIENT, (case,))


def test_another_units_case_is_not_named(
    installation: Installation, admin: Person, folder: Path, written: Written
) -> None:
    add_unit(installation, "Hospital Dos")
    elsewhere = add_user(installation, "other", Role.DOCTOR, unit="Hospital Dos")
    add_case(installation, elsewhere, films=[phantom_png(1)], patient_code="X-9")
    plan = _plan(installation, admin, folder, written(_rows(1)))
    assert plan.counts == {CaseState.OTHER_PATIENT: 1}
    assert plan.cases[0].cases == ()


def test_missing_films_and_faults_are_told_row_by_row(
    installation: Installation, admin: Person, folder: Path, written: Written
) -> None:
    rows = _rows(1, 9, 2, 3)
    rows[2]["Edad"] = "vieja"
    rows[3]["HC"] = "1710034065"  # a cédula where everybody sees it
    plan = _plan(installation, admin, folder, written(rows))
    assert plan.counts == {READY: 1, CaseState.MISSING: 1, CaseState.FAULTY: 2}
    told = [
        (fault.row, fault.heading, fault.text.in_language("en"))
        for one in plan.cases
        for fault in one.faults
    ]
    assert told[0] == (3, "", "The film film9.png is not there.")
    assert told[1] == (4, "Edad", "This is no age that can be read.")
    assert told[2][:2] == (5, "HC")
    assert "This is a cédula" in told[2][2]


def test_one_film_in_two_cases_of_a_table_is_refused_in_both(
    installation: Installation, admin: Person, folder: Path, written: Written
) -> None:
    (folder / "copy.png").write_bytes(phantom_png(1))
    rows = [*_rows(1, 2), {"Archivo": "copy.png", "HC": "HC-3", "Edad": "50"}]
    plan = _plan(installation, admin, folder, written(rows))
    assert [one.state for one in plan.cases] == [CaseState.FAULTY, READY, CaseState.FAULTY]
    assert plan.cases[0].faults[0].text.in_language("en") == "The same film is also in row 4."
    assert plan.cases[2].faults[0].text.in_language("en") == "The same film is also in row 2."


def test_a_name_that_may_be_two_films_is_said(
    installation: Installation, admin: Person, folder: Path, written: Written
) -> None:
    (folder / "film1.jpg").write_bytes(phantom_png(8))
    plan = _plan(installation, admin, folder, written([{"Archivo": "film1", "HC": "HC-1"}]))
    (fault,) = plan.cases[0].faults
    assert "film1.jpg, film1.png" in fault.text.in_language("en")


def test_too_many_films_of_a_case(
    installation: Installation, admin: Person, folder: Path, written: Written
) -> None:
    for seed in range(5, 14):
        (folder / f"film{seed}.png").write_bytes(phantom_png(seed))
    rows = [{"Archivo": f"film{n}.png", "HC": "HC-1", "caso": "1"} for n in range(1, 14)]
    (one,) = _plan(installation, admin, folder, written(rows)).cases
    assert one.state is CaseState.FAULTY
    assert "at most 12" in one.faults[0].text.in_language("en")


def test_a_case_of_several_films(
    installation: Installation, admin: Person, folder: Path, written: Written
) -> None:
    rows = [{"Archivo": f"film{n}.png", "HC": "HC-1", "caso": "1"} for n in (1, 2, 3)]
    _run(installation, admin, folder, _plan(installation, admin, folder, written(rows)))
    with installation.reading() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 1
        assert session.scalar(select(func.count()).select_from(Film)) == 3


@pytest.mark.postgres
def test_a_full_disk_ends_the_import_and_keeps_what_was_entered(
    installation: Installation, admin: Person, folder: Path, written: Written
) -> None:
    plan = _plan(installation, admin, folder, written(_rows(1, 2, 3)))
    films = FolderFilms(folder)
    running = enter_cases(installation, admin, Actor(admin.id), plan, films, TableSource("t", "0"))
    assert next(running).state is DONE
    store = installation.folder / "films"
    kept = store.with_name("kept")
    store.rename(kept)
    store.write_text("in the way: no film can be stored")
    with pytest.raises(UnavailableError):
        next(running)
    store.unlink()
    kept.rename(store)
    again = _plan(installation, admin, folder, written(_rows(1, 2, 3)))
    assert again.counts == {READY: 2, DONE: 1}
    with installation.reading() as session:
        detail = session.scalar(
            select(AuditEntry.detail).where(AuditEntry.action == "import.cases")
        )
    assert detail == {"table": "0", "rows": 3, "cases": [1]}


def test_a_run_ends_when_its_time_is_over(
    installation: Installation, admin: Person, folder: Path, written: Written
) -> None:
    plan = _plan(installation, admin, folder, written(_rows(1, 2)))
    films, source = FolderFilms(folder), TableSource("t", "0")
    actor = Actor(admin.id)
    assert list(enter_cases(installation, admin, actor, plan, films, source, seconds=-1)) == []
    assert _plan(installation, admin, folder, written(_rows(1, 2))).counts == {READY: 2}


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.RADIOLOGIST, Role.RESEARCHER])
def test_only_administrators_import(
    role: Role, installation: Installation, people: dict[Role, Person]
) -> None:
    unit = people[role].unit_id
    assert unit is not None
    with pytest.raises(ForbiddenError):
        importer(installation, people[role], unit)


def test_a_unit_that_is_off_takes_nothing(
    installation: Installation, people: dict[Role, Person]
) -> None:
    from covid_d.clinic.database.accounts import Unit

    with pytest.raises(InvalidInputError):
        importer(installation, people[Role.ADMINISTRATOR], 999)
    with installation.writing() as session:
        session.get_one(Unit, 1).active = False
    with pytest.raises(InvalidInputError):
        importer(installation, people[Role.ADMINISTRATOR], 1)


def test_by_names(installation: Installation, people: dict[Role, Person]) -> None:
    found = named_importer(installation, "Administrator", " hospital  UNO")
    assert (found.id, found.unit_id) == (people[Role.ADMINISTRATOR].id, 1)
    with pytest.raises(CovidDError, match="Nobody with an active account"):
        named_importer(installation, "nobody", "Hospital Uno")
    with pytest.raises(CovidDError, match="Hospital Uno"):
        named_importer(installation, "administrator", "Hospital Tres")
    with pytest.raises(ForbiddenError):
        named_importer(installation, "doctor", "Hospital Uno")
