"""Marks: set and taken off for many cases at once, whole or not at all, with a trace."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from clinic_factory import add_case, add_unit, add_user
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.access import case_of
from covid_d.clinic.cases.marks import Mark, is_marked, marks_of, set_mark
from covid_d.clinic.database.cases import Case, CaseMark
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

pytestmark = pytest.mark.postgres

URGENT, SECOND = Mark.URGENT, Mark.SECOND


@pytest.fixture
def cases(installation: Installation, people: dict[Role, Person]) -> list[int]:
    """Three cases of one unit."""
    return [add_case(installation, people[Role.DOCTOR], seed=seed) for seed in (1, 2, 3)]


def _set(place: Installation, person: Person, cases: list[int], mark: Mark, on: bool) -> int:
    with place.act(Actor(person.id)) as act:
        return set_mark(act, person, cases, mark, on)


def _marked(place: Installation, mark: Mark) -> list[int]:
    with place.reading() as session:
        return list(session.scalars(select(Case.id).where(is_marked(mark)).order_by(Case.id)))


def _trail(place: Installation) -> list[tuple[str, str, object]]:
    with place.reading() as session:
        entries = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.action.in_(("case.mark", "case.unmark")))
            .order_by(AuditEntry.sequence)
        )
        return [(entry.action, entry.subject, entry.detail["mark"]) for entry in entries]


def test_marks_are_set_and_taken_off(
    installation: Installation, people: dict[Role, Person], cases: list[int]
) -> None:
    doctor = people[Role.DOCTOR]
    first, second, third = cases
    assert _set(installation, doctor, [first, third, first], URGENT, True) == 2
    assert _set(installation, doctor, [first], SECOND, True) == 1
    assert (_marked(installation, URGENT), _marked(installation, SECOND)) == (
        [first, third],
        [first],
    )
    with installation.reading() as session:
        assert marks_of(session, cases) == {
            first: {URGENT, SECOND},
            second: frozenset(),
            third: {URGENT},
        }
    assert _set(installation, doctor, cases, URGENT, False) == 2
    assert _marked(installation, URGENT) == []
    assert _trail(installation) == [
        ("case.mark", f"case:{first}", "urgent"),
        ("case.mark", f"case:{third}", "urgent"),
        ("case.mark", f"case:{first}", "second"),
        ("case.unmark", f"case:{first}", "urgent"),
        ("case.unmark", f"case:{third}", "urgent"),
    ]


def test_a_mark_set_twice_keeps_who_set_it_first(
    installation: Installation, people: dict[Role, Person], cases: list[int]
) -> None:
    _set(installation, people[Role.DOCTOR], cases[:1], URGENT, True)
    assert _set(installation, people[Role.RADIOLOGIST], cases[:1], URGENT, True) == 0
    with installation.reading() as session:
        assert session.scalars(select(CaseMark)).one().user_id == people[Role.DOCTOR].id
    assert len(_trail(installation)) == 1


def test_all_of_them_or_none(
    installation: Installation, people: dict[Role, Person], cases: list[int]
) -> None:
    add_unit(installation, "Centro Dos")
    stranger = add_user(installation, "ajena", Role.DOCTOR, unit="Centro Dos")
    theirs = add_case(installation, stranger, seed=4)
    for wrong in (theirs, 999_999):
        with pytest.raises(NotFoundError):
            _set(installation, people[Role.DOCTOR], [*cases, wrong], URGENT, True)
    assert _marked(installation, URGENT) == []
    assert _trail(installation) == []


def test_the_names_are_said_in_both_languages() -> None:
    said = [(mark.text.in_language("es"), mark.text.in_language("en")) for mark in Mark]
    assert said == [
        ("Urgente", "Urgent"),
        ("Se pide segunda lectura", "Second reading wanted"),
    ]


@pytest.mark.only_on("postgresql")  # SQLite has one writer at a time
def test_who_marks_many_and_who_writes_to_one_never_wait_in_a_ring(
    installation: Installation, people: dict[Role, Person], cases: list[int]
) -> None:
    """The trail has one writer: who holds it must not wait for a case that another one holds."""
    doctor = people[Role.DOCTOR]
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        "AND datname = current_database()"
    )
    with ThreadPoolExecutor(1) as pool:
        with installation.act(Actor(doctor.id)) as act:
            case = case_of(act.session, doctor, cases[2], lock=True)
            marking = pool.submit(_set, installation, doctor, cases, URGENT, True)
            with installation.engine.connect() as beside:
                while not beside.scalar(waits):
                    assert not marking.done(), "it went on, though a case is held"
                    beside.rollback()
            act.record("case.view", case)
        assert marking.result() == 3
    assert _marked(installation, URGENT) == cases
