"""The worklist: who sees which cases, what each filter leaves, and how many queries it takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from case_rows import add_many, add_row
from clinic_clock import CLOCK, today
from clinic_factory import add_unit, add_user
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import national_id, readings
from covid_d.clinic.cases.access import case_of
from covid_d.clinic.cases.leading_answer import leading
from covid_d.clinic.cases.worklist import Filters, Sort, WorklistPage, list_cases, waiting
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import StoredAssessment, assessment_columns
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.laboratory import ResultToDate
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import Outcome

pytestmark = pytest.mark.postgres


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    return people[Role.DOCTOR]


@pytest.fixture
def radiologist(people: dict[Role, Person]) -> Person:
    return people[Role.RADIOLOGIST]


def _list(
    installation: Installation, person: Person, number: int = 1, **filters: Any
) -> WorklistPage:
    with installation.reading() as session:
        return list_cases(session, person, Filters(**filters), clock=CLOCK, number=number)


def _ids(installation: Installation, person: Person, **filters: Any) -> set[int]:
    return {row.id for row in _list(installation, person, **filters).rows}


def test_only_the_persons_own_unit_is_listed(installation: Installation, doctor: Person) -> None:
    add_row(installation, doctor, "positive")
    add_unit(installation, "Hospital Dos")
    stranger = add_user(installation, "stranger", Role.DOCTOR, unit="Hospital Dos")
    nowhere = add_user(installation, "nowhere", Role.DOCTOR)
    assert _list(installation, doctor).total == 1
    for person in (stranger, nowhere):
        assert _list(installation, person) == WorklistPage((), 1, 1, 0)
        with installation.reading() as session:
            assert waiting(session, person).cases == 0


def test_a_row_tells_what_a_doctor_looks_for(installation: Installation, doctor: Person) -> None:
    case_id = add_row(installation, doctor, "negative", "positive", patient_code="HC-9")
    (row,) = _list(installation, doctor).rows
    assert (row.id, row.patient_code, row.age_years, row.sex) == (case_id, "HC-9", 50, "F")
    assert (row.entered_by, row.films, row.withheld) == ("Doctor", 2, False)
    assert row.laboratory is not None
    assert (row.outcome, row.laboratory.to_date) == (Outcome.POSITIVE, ResultToDate.PENDING)


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ([], None),
        ([None], None),
        (["refused"], Outcome.REFUSED),
        (["refused", "negative"], Outcome.NEGATIVE),
        (["negative", "inconclusive"], Outcome.INCONCLUSIVE),
        (["refused", "inconclusive", "positive"], Outcome.POSITIVE),
    ],
)
def test_the_most_telling_answer_is_the_cases(outcomes: list[Any], told: Outcome | None) -> None:
    assert leading([Outcome(name) if name else None for name in outcomes]) is told


def test_each_outcome_filter_finds_the_rows_that_show_it(
    installation: Installation, doctor: Person
) -> None:
    for outcomes in (
        ["positive"],
        ["negative", "positive"],
        ["inconclusive", "refused"],
        ["negative", "refused"],
        ["refused"],
        [],
    ):
        add_row(installation, doctor, *outcomes)
    shown = {row.id: row.outcome for row in _list(installation, doctor).rows}
    for outcome in Outcome:
        assert _ids(installation, doctor, outcome=outcome) == {
            case_id for case_id, told in shown.items() if told is outcome
        }


@pytest.mark.parametrize(
    ("outcome", "appearance", "said"),
    [
        ("negative", (0.9, 0.05, 0.03, 0.02), "sin signos de neumonía"),
        ("positive", (0.02, 0.03, 0.05, 0.9), "aspecto típico de COVID-19"),
        ("inconclusive", (0.1, 0.2, 0.6, 0.1), "no concluyente (posible aspecto indeterminado)"),
        ("refused", (0.9, 0.05, 0.03, 0.02), "imagen no analizada"),
        ("positive", None, "compatible con COVID-19"),
    ],
)
def test_a_row_says_how_the_film_looks(
    installation: Installation,
    doctor: Person,
    outcome: str,
    appearance: tuple[float, ...] | None,
    said: str,
) -> None:
    case_id = add_row(installation, doctor, outcome, appearance=appearance)
    (row,) = _list(installation, doctor).rows
    assert row.headline is not None
    assert row.headline.es == said
    with installation.reading() as session:
        (film,) = case_of(session, doctor, case_id).films
        (stored,) = film.assessments
        assert stored.headline == stored.assessment.headline == row.headline


def test_a_films_newest_answer_counts(installation: Installation, doctor: Person) -> None:
    case_id = add_row(installation, doctor, "positive")
    with installation.writing() as session:
        (film,) = case_of(session, doctor, case_id).films
        old = film.assessments[0]
        newer = assessment_columns(
            replace(old.assessment, outcome=Outcome.NEGATIVE), prevalence=None, milliseconds=1.0
        )
        session.add(StoredAssessment(film_id=film.id, created_at=old.created_at, **newer))
    (row,) = _list(installation, doctor).rows
    assert row.outcome is Outcome.NEGATIVE
    assert _ids(installation, doctor, outcome=Outcome.POSITIVE) == set()
    assert _ids(installation, doctor, outcome=Outcome.NEGATIVE) == {case_id}


def test_a_blind_answer_is_neither_shown_nor_found_before_ones_own_reading(
    installation: Installation, doctor: Person, radiologist: Person
) -> None:
    case_id = add_row(installation, doctor, "positive", blind=True)

    def told(person: Person) -> tuple[bool, Outcome | None, int]:
        (row,) = _list(installation, person).rows
        assert (row.headline is None) == (row.outcome is None)
        found = _ids(installation, person, outcome=Outcome.POSITIVE)
        return row.withheld, row.outcome, len(found)

    assert told(doctor) == told(radiologist) == (True, None, 0)
    with installation.act(Actor(radiologist.id)) as act:
        case = case_of(act.session, radiologist, case_id)
        readings.record_reading(act, case, radiologist, finding="negative")
    assert told(radiologist) == (False, Outcome.POSITIVE, 1)
    assert told(doctor) == (True, None, 0)


@pytest.mark.parametrize(
    ("searched", "found"),
    [
        ("hc-0", {1, 2}),
        ("HC-01", {1}),
        ("2", {2}),
        ("#3", {3}),
        ("%", {3}),
        ("_", set()),
        ("99999999999999999999", set()),
        ("nadie", set()),
    ],
)
def test_a_code_in_part_or_a_number_finds_the_case(
    installation: Installation, doctor: Person, searched: str, found: set[int]
) -> None:
    for code in ("HC-01", "HC-0x", "100%"):
        add_row(installation, doctor, patient_code=code)
    assert _ids(installation, doctor, text=searched) == found


def test_a_cedula_is_found_by_its_keyed_hash(installation: Installation, doctor: Person) -> None:
    hashed = national_id.hash_of(installation.keys, "1710034065")
    found = add_row(installation, doctor, national_id_hash=hashed)
    add_row(installation, doctor)
    assert _ids(installation, doctor, patient=hashed) == {found}
    assert _ids(installation, doctor, patient="0" * 64) == set()


def test_days_are_those_of_the_installations_time_zone(
    installation: Installation, doctor: Person
) -> None:
    # 23:30 of 1 March in Guayaquil is 2 March in UTC.
    late = datetime(2026, 3, 1, 23, 30, tzinfo=CLOCK.zone)
    case_id = add_row(installation, doctor, created_at=late)
    first, second = date(2026, 3, 1), date(2026, 3, 2)
    assert _ids(installation, doctor, since=first, until=first) == {case_id}
    assert _ids(installation, doctor, since=second) == set()
    assert _ids(installation, doctor, until=date(2026, 2, 28)) == set()


def test_the_other_filters_leave_what_they_name(
    installation: Installation, doctor: Person, radiologist: Person
) -> None:
    mine = add_row(installation, doctor, sex="M", province="Azuay")
    other = add_row(installation, radiologist)
    actor = Actor(doctor.id)
    add(installation, doctor, actor, mine, Entry(EntryKind.RT_PCR, "negative", today()))
    assert _ids(installation, doctor, own=True) == {mine}
    assert _ids(installation, doctor, sex="M") == {mine}
    assert _ids(installation, doctor, province="Azuay") == {mine}
    assert _ids(installation, doctor, laboratory=ResultToDate.NEGATIVE) == {mine}
    assert _ids(installation, doctor, laboratory=ResultToDate.PENDING) == {other}
    assert _ids(installation, doctor, laboratory=ResultToDate.PENDING, own=True) == set()


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"text": "x" * 81}, "text"),
        ({"text": "\x00"}, "text"),
        ({"patient": "1710034065"}, "patient"),
        ({"since": date(1, 1, 1)}, "since"),
        ({"until": date.max}, "until"),
        ({"since": date(2026, 1, 2), "until": date(2026, 1, 1)}, "until"),
    ],
)
def test_filters_that_cannot_be_are_refused(filters: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        Filters(**filters)
    assert set(refused.value.fields) == {field}


@pytest.mark.parametrize("sort", list(Sort))
def test_pages_together_hold_every_case_once_in_order(
    installation: Installation, doctor: Person, sort: Sort
) -> None:
    moment = now()
    for number in range(60):  # the same moments and codes again and again
        add_row(
            installation,
            doctor,
            patient_code=f"P-{number % 7}",
            created_at=moment - timedelta(hours=number % 5),
        )
    pages = [_list(installation, doctor, number, sort=sort) for number in (1, 2, 3)]
    assert [(page.number, page.pages, page.total) for page in pages] == [
        (1, 3, 60),
        (2, 3, 60),
        (3, 3, 60),
    ]
    rows = [row for page in pages for row in page.rows]
    assert len({row.id for row in rows}) == 60
    by_code = sort in {Sort.CODE, Sort.CODE_DOWN}
    keys = [(row.patient_code if by_code else row.created_at, row.id) for row in rows]
    assert keys == sorted(keys, reverse=sort in {Sort.NEWEST, Sort.CODE_DOWN})
    assert _list(installation, doctor, 99, sort=sort) == pages[-1]


def test_what_waits_for_the_laboratory_is_counted_with_its_oldest(
    installation: Installation, doctor: Person
) -> None:
    old = add_row(installation, doctor, created_at=now() - timedelta(days=9))
    oldest = now() - timedelta(days=12)
    add_row(installation, doctor, created_at=oldest)
    add(
        installation,
        doctor,
        Actor(doctor.id),
        old,
        Entry(EntryKind.ANTIGEN, "positive", today() - timedelta(days=8)),
    )
    with installation.reading() as session:
        found = waiting(session, doctor)
    assert (found.cases, found.pending, found.oldest) == (2, 1, oldest)


def test_a_page_takes_the_same_few_queries_however_many_cases_there_are(
    installation: Installation, doctor: Person
) -> None:
    counts = []
    for more in (3, 300):
        add_many(installation, doctor, more, outcomes=["positive", "refused"])
        statements: list[str] = []

        def count(*call: Any, into: list[str] = statements) -> None:
            into.append(call[2])

        event.listen(installation.engine, "before_cursor_execute", count)
        page = _list(installation, doctor)
        event.remove(installation.engine, "before_cursor_execute", count)
        assert page.rows
        counts.append(len([one for one in statements if not one.startswith(("BEGIN", "PRAGMA"))]))
    assert counts == [5, 5]


@pytest.mark.only_on("sqlite")  # the plan is read in its words
def test_thousands_of_cases_are_found_by_indexes(
    installation: Installation, doctor: Person
) -> None:
    add_many(installation, doctor, 2000, outcomes=["positive"])
    statements: list[tuple[str, Any]] = []
    event.listen(
        installation.engine,
        "before_cursor_execute",
        lambda *call: statements.append((call[2], call[3])),
    )
    _list(installation, doctor, laboratory=ResultToDate.PENDING, outcome=Outcome.POSITIVE)
    plans: dict[str, list[str]] = {}
    with installation.engine.connect() as connection:
        for statement, values in [one for one in statements if one[0].startswith("SELECT")]:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plans[statement] = [row[3] for row in rows]
    assert not [step for plan in plans.values() for step in plan if step.startswith("SCAN")]
    # The newest come from the index in order: thousands are not sorted for one page.
    (page,) = [plan for statement, plan in plans.items() if "LIMIT" in statement]
    assert any("ix_patient_case_unit_created" in step for step in page)
    assert not [step for step in page if "TEMP B-TREE" in step]
