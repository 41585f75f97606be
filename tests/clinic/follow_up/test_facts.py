"""Follow-up: what holds now, what was before, and that nothing is overwritten or counted twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from case_rows import add_row
from clinic_clock import CLOCK, today
from clinic_factory import add_unit, add_user
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.access import case_of
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import Case
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import ConflictError, InvalidInputError, NotFoundError
from covid_d.clinic.follow_up.entry import AFTER_CASE, Entry, add
from covid_d.clinic.follow_up.facts import (
    Current,
    Fact,
    current,
    history,
)
from covid_d.clinic.follow_up.laboratory import (
    Laboratory,
    ResultToDate,
    laboratory_of,
    result_to_date_is,
)
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail import audit_trail
from covid_d.clinic.trail.audit_trail import Actor

pytestmark = pytest.mark.postgres

Add = Callable[..., int]


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    return people[Role.DOCTOR]


@pytest.fixture
def case_id(installation: Installation, doctor: Person) -> int:
    return add_row(
        installation,
        doctor,
        "positive",
        created_at=now() - timedelta(days=10),
        symptom_onset=today() - timedelta(days=12),
    )


@pytest.fixture
def record(installation: Installation, doctor: Person, case_id: int) -> Add:
    """Record an entry of the doctor's; the day is today unless said."""

    def add_entry(kind: str, value: str, **more: Any) -> int:
        entry = Entry(EntryKind(kind), value, **{"day": today(), **more})
        return add(installation, doctor, Actor(doctor.id), case_id, entry)

    return add_entry


def _facts(installation: Installation, case_id: int) -> list[Fact]:
    with installation.reading() as session:
        return history(session, case_id)


def _current(installation: Installation, case_id: int) -> Current:
    with installation.reading() as session:
        return current(session, session.get_one(Case, case_id), CLOCK)


def _ago(days: int) -> date:
    return today() - timedelta(days=days)


def test_a_case_without_follow_up_is_pending(installation: Installation, case_id: int) -> None:
    found = _current(installation, case_id)
    assert found == Current((), None, None, None, False, Laboratory.of((), today()))
    assert found.laboratory.to_date is ResultToDate.PENDING


def test_a_result_holds_with_its_day_author_and_words(
    installation: Installation, case_id: int, record: Add
) -> None:
    record("rt_pcr", "positive", day=_ago(9), notes=" Hisopado nasofaríngeo ")
    (fact,) = _current(installation, case_id).tests
    assert (fact.kind, fact.value, fact.day) == (EntryKind.RT_PCR, "positive", _ago(9))
    assert (fact.author, fact.notes) == ("Doctor", "Hisopado nasofaríngeo")
    assert fact.text.in_language("es") == "positiva"
    assert _current(installation, case_id).laboratory.to_date is ResultToDate.POSITIVE


@pytest.mark.parametrize(
    ("results", "state"),
    [
        (["negative"], ResultToDate.NEGATIVE),
        (["indeterminate"], ResultToDate.PENDING),
        (["indeterminate", "negative"], ResultToDate.NEGATIVE),
        (["negative", "positive"], ResultToDate.POSITIVE),
        (["positive", "negative"], ResultToDate.POSITIVE),
    ],
)
def test_the_laboratory_state_is_one_everywhere(
    installation: Installation,
    doctor: Person,
    case_id: int,
    record: Add,
    results: list[str],
    state: ResultToDate,
) -> None:
    for days, value in enumerate(results):
        record("antigen", value, day=_ago(5 - days))
    untested = add_row(installation, doctor, "negative")
    assert _current(installation, case_id).laboratory.to_date is state
    with installation.reading() as session:
        said = laboratory_of(session, {case_id: _ago(10), untested: today()})
        assert {number: one.to_date for number, one in said.items()} == {
            case_id: state,
            untested: ResultToDate.PENDING,
        }
        for asked in ResultToDate:
            found = session.scalars(select(Case.id).where(result_to_date_is(asked))).all()
            assert (case_id in found) == (asked is state)


def test_a_correction_holds_and_keeps_what_was_before(
    installation: Installation, case_id: int, record: Add
) -> None:
    old = record("rt_pcr", "positive", day=_ago(9))
    new = record(
        "rt_pcr", "negative", day=_ago(9), supersedes=old, reason="Muestra de otro paciente"
    )
    assert [fact.id for fact in _current(installation, case_id).tests] == [new]
    before, after = _facts(installation, case_id)
    assert (before.value, before.superseded, before.holds) == ("positive", True, False)
    assert (after.supersedes, after.reason) == (old, "Muestra de otro paciente")
    with installation.reading() as session:
        said = laboratory_of(session, {case_id: _ago(10)})
        assert said[case_id].to_date is ResultToDate.NEGATIVE
        condition = result_to_date_is(ResultToDate.POSITIVE)
        assert session.scalar(select(Case.id).where(condition)) is None


def test_an_entry_of_the_wrong_patient_can_be_taken_back(
    installation: Installation, case_id: int, record: Add
) -> None:
    old = record("antigen", "positive")
    record("antigen", "void", day=None, supersedes=old, reason="Otro paciente")
    assert _current(installation, case_id).facts == ()
    assert [fact.text.in_language("es") for fact in _facts(installation, case_id)] == [
        "positiva",
        "Registrado por error",
    ]
    record("antigen", "negative")  # the day is free again
    assert _current(installation, case_id).laboratory.to_date is ResultToDate.NEGATIVE


def test_the_test_itself_may_have_been_the_wrong_one(
    installation: Installation, case_id: int, record: Add
) -> None:
    old = record("rt_pcr", "positive")
    record("antigen", "positive", supersedes=old, reason="Era antígeno")
    assert [fact.kind for fact in _current(installation, case_id).tests] == [EntryKind.ANTIGEN]


def test_the_latest_outcome_counts_by_its_day_not_by_when_it_was_typed(
    installation: Installation, case_id: int, record: Add
) -> None:
    record("outcome", "discharged", day=_ago(1))
    record("outcome", "admitted", day=_ago(8))
    outcome = _current(installation, case_id).outcome
    assert outcome is not None
    assert outcome.value == "discharged"


def test_withdrawn_consent_holds_at_once_and_can_be_given_again(
    installation: Installation, doctor: Person
) -> None:
    case_id = add_row(installation, doctor, research_consent=True)
    actor = Actor(doctor.id)
    assert _current(installation, case_id).research_consent
    add(installation, doctor, actor, case_id, Entry(EntryKind.CONSENT, "withdrawn"))
    assert not _current(installation, case_id).research_consent
    with pytest.raises(ConflictError):
        add(installation, doctor, actor, case_id, Entry(EntryKind.CONSENT, "withdrawn"))
    add(installation, doctor, actor, case_id, Entry(EntryKind.CONSENT, "given"))
    assert _current(installation, case_id).research_consent


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("rt_pcr", "positive", 3), ("rt_pcr", "negative", 3)),
        (("diagnosis", "U07.1", 3), ("diagnosis", "J18.9", 2)),
        (("outcome", "icu", 3), ("outcome", "icu", 3)),
        (("outcome", "died", 3), ("outcome", "discharged", 2)),
    ],
)
def test_what_is_recorded_already_is_not_recorded_twice(
    installation: Installation,
    case_id: int,
    record: Add,
    first: tuple[str, str, int],
    second: tuple[str, str, int],
) -> None:
    record(first[0], first[1], day=_ago(first[2]))
    with pytest.raises(ConflictError):
        record(second[0], second[1], day=_ago(second[2]))
    assert len(_facts(installation, case_id)) == 1


def test_a_correction_cannot_make_a_second_result_of_the_same_day(record: Add) -> None:
    record("rt_pcr", "negative", day=_ago(5))
    later = record("rt_pcr", "positive", day=_ago(2))
    with pytest.raises(ConflictError):
        record("rt_pcr", "positive", day=_ago(5), supersedes=later, reason="Fecha")


@pytest.mark.parametrize(
    ("kind", "value", "more", "field"),
    [
        ("rt_pcr", "maybe", {}, "value"),
        ("rt_pcr", "void", {}, "value"),
        ("rt_pcr", "positive", {"day": None}, "day"),
        ("outcome", "died", {"day": None}, "day"),
        ("rt_pcr", "positive", {"day": today() + timedelta(days=1)}, "day"),
        ("rt_pcr", "positive", {"day": _ago(27)}, "day"),
        ("outcome", "admitted", {"day": _ago(13)}, "day"),
        ("diagnosis", "other", {}, "notes"),
        ("diagnosis", "U07.1", {"notes": "x" * 2001}, "notes"),
        ("diagnosis", "U07.1", {"notes": "x\x00"}, "notes"),
        ("rt_pcr", "positive", {"supersedes": 1}, "reason"),
        ("rt_pcr", "positive", {"supersedes": 999, "reason": "x"}, "supersedes"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    installation: Installation,
    case_id: int,
    record: Add,
    kind: str,
    value: str,
    more: dict[str, Any],
    field: str,
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        record(kind, value, **more)
    assert set(refused.value.fields) == {field}
    assert _facts(installation, case_id) == []


def test_a_contact_may_be_tested_before_the_onset(record: Add) -> None:
    record("rt_pcr", "positive", day=_ago(26))
    record("outcome", "admitted", day=_ago(12))


def test_a_late_sample_belongs_to_another_case(installation: Installation, doctor: Person) -> None:
    old = add_row(installation, doctor, created_at=now() - AFTER_CASE - timedelta(days=2))
    with pytest.raises(InvalidInputError):
        add(
            installation,
            doctor,
            Actor(doctor.id),
            old,
            Entry(EntryKind.ANTIGEN, "positive", today()),
        )
    add(
        installation, doctor, Actor(doctor.id), old, Entry(EntryKind.OUTCOME, "discharged", today())
    )


def test_a_correction_changes_something_of_the_same_kind(record: Add) -> None:
    old = record("rt_pcr", "positive", day=_ago(3))
    for kind, value in (("rt_pcr", "positive"), ("outcome", "died")):
        with pytest.raises(InvalidInputError):
            record(kind, value, day=_ago(3), supersedes=old, reason="x")


def test_of_two_corrections_at_once_one_is_told(
    installation: Installation, doctor: Person, case_id: int, record: Add
) -> None:
    old = record("rt_pcr", "positive", day=_ago(9))

    def correct(value: str) -> str:
        entry = Entry(EntryKind.RT_PCR, value, _ago(9), supersedes=old, reason="revisado")
        try:
            add(installation, doctor, Actor(doctor.id), case_id, entry)
        except ConflictError as error:
            return error.text.in_language("es")
        return "saved"

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(correct, ["negative", "indeterminate"]))
    assert answers == ["Otra persona corrigió este dato mientras tanto.", "saved"]
    assert len(_facts(installation, case_id)) == 2


def test_of_two_first_diagnoses_at_once_one_is_told(
    installation: Installation, doctor: Person, case_id: int
) -> None:
    def diagnose(code: str) -> bool:
        try:
            add(installation, doctor, Actor(doctor.id), case_id, Entry(EntryKind.DIAGNOSIS, code))
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(diagnose, ["U07.1", "U07.2", "J10", "J12.9"])) == 1


def test_another_units_case_does_not_exist(installation: Installation, case_id: int) -> None:
    add_unit(installation, "Hospital Dos")
    stranger = add_user(installation, "stranger", Role.DOCTOR, unit="Hospital Dos")
    nowhere = add_user(installation, "nowhere", Role.DOCTOR)
    for person in (stranger, nowhere):
        with pytest.raises(NotFoundError):
            add(installation, person, Actor(person.id), case_id, Entry(EntryKind.CONSENT, "given"))
        with installation.reading() as session, pytest.raises(NotFoundError):
            case_of(session, person, case_id)


def test_each_entry_is_in_the_audit_trail_without_its_value(
    installation: Installation, case_id: int, record: Add
) -> None:
    old = record("rt_pcr", "positive")
    record("rt_pcr", "void", supersedes=old, reason="Otro paciente")
    with installation.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)).all()
        assert audit_trail.verify(session, installation.keys).broken is None
    assert [entry.action for entry in entries] == ["follow_up.add", "follow_up.correct"]
    assert {entry.subject for entry in entries} == {f"case:{case_id}"}
    assert "positive" not in str([entry.detail for entry in entries])
