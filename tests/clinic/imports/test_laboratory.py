"""Laboratory results by the hundred: matched, never overwritten, nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from case_rows import add_row
from clinic_clock import today
from clinic_factory import add_case, add_unit, add_user
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import FollowUp
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.imports.case_run import TableSource
from covid_d.clinic.imports.laboratory_plan import ResultPlan, ResultState, plan_results
from covid_d.clinic.imports.laboratory_rows import read_laboratory_table, results_in
from covid_d.clinic.imports.laboratory_run import record_results
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import DatasetError
from episode_factory import add, follow_up

READY, DONE = ResultState.READY, ResultState.DONE
CONFLICT, FAULTY = ResultState.CONFLICT, ResultState.FAULTY
CEDULA = "1710034065"
SOURCE = TableSource("lab.csv", "cd" * 8)


def _day(before: int = 1) -> str:
    return (today() - timedelta(days=before)).strftime("%d/%m/%Y")


def _table(rows: Sequence[dict[str, str]]) -> bytes:
    headings = list(dict.fromkeys(heading for row in rows for heading in row))
    lines = [headings, *([row.get(heading, "") for heading in headings] for row in rows)]
    return "".join(";".join(line) + "\r\n" for line in lines).encode("cp1252")


def _plan(
    installation: Installation, admin: Person, *rows: dict[str, str], test: EntryKind | None = None
) -> ResultPlan:
    table = read_laboratory_table("lab.csv", _table(rows))
    return plan_results(installation, admin, table, results_in(table, test=test))


def _record(
    installation: Installation, admin: Person, plan: ResultPlan, **more: Any
) -> list[tuple[int, ResultState]]:
    done = record_results(installation, admin, Actor(admin.id), plan, SOURCE, **more)
    return [(one.stated.row, one.state) for one in done]


def _row(
    case: int | str = "", result: str = "positivo", test: str = "PCR", **more: str
) -> dict[str, str]:
    row = {"Caso": str(case), "Prueba": test, "Resultado": result, "Fecha de toma": _day()}
    return row | more


def _faults(plan: ResultPlan) -> list[str]:
    return [fault.text.in_language("en") for one in plan.results for fault in one.faults]


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    return people[Role.DOCTOR]


@pytest.mark.postgres
def test_results_are_recorded_as_the_form_records_them(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    cases = [add_row(installation, doctor, "positive", patient_code=f"P{n}") for n in range(3)]
    plan = _plan(
        installation,
        admin,
        _row(cases[0], "DETECTADO", "RT-PCR", Observaciones="CT 24"),
        _row(cases[1], "no detectado", "Prueba rápida de antígeno"),
        _row(cases[2], "Indeterminado", "antígeno"),
    )
    assert plan.counts == {READY: 3}
    assert _record(installation, admin, plan) == [(2, DONE), (3, DONE), (4, DONE)]
    with installation.reading() as session:
        rows = session.scalars(select(FollowUp).order_by(FollowUp.id)).all()
        found = [(row.case_id, row.kind, row.value, row.notes, row.user_id) for row in rows]
        assert {row.day for row in rows} == {today() - timedelta(days=1)}
        trail = session.execute(
            select(AuditEntry.action, AuditEntry.subject, AuditEntry.detail)
        ).all()
    assert found == [
        (cases[0], "rt_pcr", "positive", "CT 24", admin.id),
        (cases[1], "antigen", "negative", "", admin.id),
        (cases[2], "antigen", "indeterminate", "", admin.id),
    ]
    added = [subject for action, subject, _ in trail if action == "follow_up.add"]
    assert added == [f"case:{case}" for case in cases]
    (whole,) = [detail for action, _, detail in trail if action == "import.laboratory"]
    assert whole == {"table": "cd" * 8, "rows": 3, "results": 3, "cases": cases}


def test_run_again_nothing_is_twice(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    case = add_row(installation, doctor, "positive")
    _record(installation, admin, _plan(installation, admin, _row(case)))
    again = _plan(installation, admin, _row(case))
    assert again.counts == {DONE: 1}
    assert _record(installation, admin, again) == []
    with installation.reading() as session:
        assert session.scalar(select(func.count()).select_from(FollowUp)) == 1


def test_stopped_in_the_middle_it_goes_on_where_it_was(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    numbers = [add_row(installation, doctor, patient_code=f"HC-{n:03}") for n in range(1, 41)]
    rows = [_row(case, "negativo") for case in numbers]
    plan = _plan(installation, admin, *rows)
    running = record_results(installation, admin, Actor(admin.id), plan, SOURCE)
    for _ in range(15):
        next(running)
    running.close()  # what a stop leaves; a killed process is tried in `test_killed.py`
    again = _plan(installation, admin, *rows)
    assert again.counts == {READY: 25, DONE: 15}
    assert len(_record(installation, admin, again)) == 25
    with installation.reading() as session:
        assert session.scalar(select(func.count()).select_from(FollowUp)) == 40


@pytest.mark.postgres
def test_another_value_recorded_is_a_conflict_and_stays(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    case = add_row(installation, doctor, "positive")
    yesterday = today() - timedelta(days=1)
    old = add(installation, FollowUp, follow_up(case, "rt_pcr", "negative", doctor.id, yesterday))
    del old
    plan = _plan(installation, admin, _row(case, "positivo"), _row(case, "positivo", "antígeno"))
    assert plan.counts == {READY: 1, CONFLICT: 1}
    assert plan.results[0].recorded is not None
    assert plan.results[0].recorded.value == "negative"
    assert _record(installation, admin, plan) == [(3, DONE)]
    with installation.reading() as session:
        values = session.scalars(select(FollowUp.value).where(FollowUp.kind == "rt_pcr")).all()
    assert values == ["negative"]


def test_a_chosen_conflict_is_a_correction_that_keeps_both(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    case = add_row(installation, doctor, "positive")
    yesterday = today() - timedelta(days=1)
    add(installation, FollowUp, follow_up(case, "rt_pcr", "negative", doctor.id, yesterday))
    plan = _plan(installation, admin, _row(case, "positivo"))
    with pytest.raises(InvalidInputError) as raised:
        _record(installation, admin, plan, replacing={2})
    assert set(raised.value.fields) == {"reason"}
    done = _record(installation, admin, plan, replacing={2}, reason="informe corregido del 3/11")
    assert done == [(2, DONE)]
    with installation.reading() as session:
        first, second = session.scalars(select(FollowUp).order_by(FollowUp.id)).all()
    assert (first.value, second.value) == ("negative", "positive")
    assert (second.supersedes_id, second.reason) == (first.id, "informe corregido del 3/11")
    assert _plan(installation, admin, _row(case, "positivo")).counts == {DONE: 1}


def test_what_somebody_recorded_meanwhile_is_not_overwritten(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    case = add_row(installation, doctor, "positive")
    plan = _plan(installation, admin, _row(case, "positivo"))
    yesterday = today() - timedelta(days=1)
    add(installation, FollowUp, follow_up(case, "rt_pcr", "negative", doctor.id, yesterday))
    assert _record(installation, admin, plan) == [(2, CONFLICT)]


def test_by_the_patients_code_and_day(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    case = add_row(installation, doctor, "positive", patient_code="HC 12")
    add_row(installation, doctor, "positive", patient_code="HC-13")
    plan = _plan(installation, admin, _row(**{"Historia clínica": "hc 12"}))
    assert [(one.state, one.case_id) for one in plan.results] == [(READY, case)]


def test_by_the_cedula(installation: Installation, doctor: Person, admin: Person) -> None:
    case = add_case(installation, doctor, patient_code="HC-1", national_id=CEDULA)
    plan = _plan(installation, admin, _row(**{"Cédula": "171003406-5"}))
    assert [(one.state, one.case_id) for one in plan.results] == [(READY, case)]
    other = _plan(installation, admin, _row(**{"Cédula": CEDULA, "HC": "HC-2"}))
    assert _faults(other) == ["This unit has no case of this patient."]
    wrong = _plan(installation, admin, _row(**{"Cédula": "1710034066"}))
    assert wrong.counts == {FAULTY: 1}


def test_of_two_cases_the_sample_can_belong_to_nobody_guesses(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    first = add_row(installation, doctor, "positive", patient_code="HC-1")
    second = add_row(installation, doctor, "positive", patient_code="HC-1")
    plan = _plan(installation, admin, _row(HC="HC-1"))
    assert _faults(plan) == [f"It may be of the cases {first}, {second}: state which one."]
    stated = _plan(installation, admin, _row(second, HC="HC-1"))
    assert [one.case_id for one in stated.results] == [second]


def test_a_case_long_ago_is_not_meant(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    from covid_d.clinic.clock import now

    add_row(
        installation,
        doctor,
        "positive",
        patient_code="HC-1",
        created_at=now() - timedelta(days=200),
    )
    recent = add_row(installation, doctor, "positive", patient_code="HC-1")
    plan = _plan(installation, admin, _row(HC="HC-1"))
    assert [one.case_id for one in plan.results] == [recent]


def test_a_number_of_another_patient_is_refused(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    case = add_row(installation, doctor, "positive", patient_code="HC-1")
    plan = _plan(installation, admin, _row(case, HC="HC-2"))
    assert _faults(plan) == [f"Case {case} is of another patient: check both."]


def test_another_units_cases_are_not_there(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    add_unit(installation, "Hospital Dos")
    elsewhere = add_user(installation, "other", Role.DOCTOR, unit="Hospital Dos")
    case = add_row(installation, elsewhere, "positive", patient_code="HC-1")
    plan = _plan(installation, admin, _row(case), _row(HC="HC-1"))
    assert _faults(plan) == [
        f"This unit has no case {case}.",
        "This unit has no case of this patient.",
    ]


def test_rows_that_contradict_each_other_are_refused_and_twins_are_one(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    one, two = (add_row(installation, doctor, patient_code=f"P{n}") for n in range(2))
    plan = _plan(
        installation, admin, _row(one), _row(one, "negativo"), _row(two), _row(two), _row(two)
    )
    assert [(row.stated.row, row.state) for row in plan.results] == [
        (2, FAULTY), (3, FAULTY), (4, READY),
    ]  # fmt: skip
    assert _faults(plan) == [
        "Row 3 says otherwise of this test and day.",
        "Row 2 says otherwise of this test and day.",
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"Resultado": "quizás"}, "This is none of the values known here."),
        ({"Prueba": "radiografía"}, "This is none of the values known here."),
        ({"Prueba": ""}, "State the test: RT-PCR or antigen."),
        ({"Fecha de toma": ""}, "State the day."),
        ({"Fecha de toma": "ayer"}, "Write the day as 31/01/2026 or 2026-01-31."),
        ({"Fecha de toma": "31/12/2150"}, "This day is in the future."),
        ({"Caso": ""}, "State the case, or the patient's code or cédula."),
        ({"Caso": "999"}, "This unit has no case 999."),
        ({"Caso": "uno"}, "Enter a whole number from 1 to 2147483647."),
    ],
)
def test_what_cannot_be_accepted_is_said(
    row: dict[str, str], said: str, installation: Installation, doctor: Person, admin: Person
) -> None:
    case = add_row(installation, doctor, "positive")
    plan = _plan(installation, admin, _row(case) | row)
    assert plan.counts == {FAULTY: 1}
    assert said in _faults(plan)
    assert all(fault.row == 2 for one in plan.results for fault in one.faults)


def test_too_early_a_sample_is_said(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    case = add_row(installation, doctor, "positive")
    plan = _plan(installation, admin, _row(case) | {"Fecha de toma": _day(100)})
    assert "too early" in _faults(plan)[0]


def test_a_test_said_once_for_the_whole_table(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    case = add_row(installation, doctor, "positive")
    row = {"Caso": str(case), "Resultado": "negativo", "Fecha": _day()}
    (found,) = _plan(installation, admin, row, test=EntryKind.ANTIGEN).results
    assert (found.state, found.stated.kind) == (READY, EntryKind.ANTIGEN)


def test_a_row_without_its_result_waits(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    case = add_row(installation, doctor, "positive")
    assert _plan(installation, admin, _row(case, ""), _row(case, "S/D")).results == ()


def test_the_sample_film_gets_no_result(
    installation: Installation, doctor: Person, admin: Person
) -> None:
    case = add_row(installation, doctor, "positive", sample=True, patient_code="HC-1")
    plan = _plan(installation, admin, _row(case), _row(HC="HC-1"))
    assert plan.counts == {FAULTY: 2}


def test_a_table_says_whose_what_and_when() -> None:
    with pytest.raises(DatasetError, match="lacks the columns day"):
        read_laboratory_table("t.csv", b"caso;resultado\n1;positivo\n")
    with pytest.raises(DatasetError, match="case or patient_code or national_id"):
        read_laboratory_table("t.csv", b"resultado;fecha\npositivo;01/11/2026\n")


def test_days_month_first_are_not_guessed() -> None:
    rows = b"caso;prueba;resultado;fecha\n1;pcr;pos;03/04/2026\n2;pcr;pos;11/29/2026\n"
    one, two = results_in(read_laboratory_table("t.csv", rows))
    assert "two days" in one.faults[0].text.in_language("en")
    assert two.day is None
    alone = b"caso;prueba;resultado;fecha\n1;pcr;pos;03/04/2026\n"
    (found,) = results_in(read_laboratory_table("t.csv", alone))
    assert found.day == date(2026, 4, 3)
