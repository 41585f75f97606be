"""A unit of work leaves a trace of every change, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from clinic_factory import add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import SignInSession, Unit, User
from covid_d.clinic.database.cases import Case
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail import audit_trail
from covid_d.clinic.trail.act import Act, UnrecordedError, subject_of
from covid_d.clinic.trail.audit_trail import Actor

pytestmark = pytest.mark.postgres

WHO = Actor(None, "10.0.0.9")


def _unit(name: str) -> Unit:
    return Unit(name=name, province="Guayas", created_at=now())


def _renames(act: Act) -> None:
    act.session.scalars(select(Unit)).one().name = "Hospital Dos"


def _deletes(act: Act) -> None:
    act.session.delete(act.session.scalars(select(Unit)).one())


CHANGES: dict[str, Callable[[Act], object]] = {
    "a row added": lambda act: act.session.add(_unit("Hospital Dos")),
    "a row changed": _renames,
    "a row deleted": _deletes,
    "many added": lambda act: act.session.execute(
        insert(Unit).values(
            name="X", province="Loja", blind_mode=False, active=True, created_at=now()
        )
    ),
    "many changed": lambda act: act.session.execute(update(Unit).values(province="Loja")),
    "many deleted": lambda act: act.session.execute(delete(Unit)),
    "words of SQL": lambda act: act.session.execute(text("UPDATE unit SET province = 'Loja'")),
}


def _units(installation: Installation) -> list[tuple[str, str]]:
    with installation.reading() as session:
        return [tuple(row) for row in session.execute(select(Unit.name, Unit.province))]  # type: ignore[misc]


def _entries(installation: Installation) -> list[AuditEntry]:
    with installation.reading() as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)))


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_without_a_trace_is_not_kept(installation: Installation, what: str) -> None:
    with (
        pytest.raises(UnrecordedError, match="told nothing"),
        installation.act(WHO) as act,
    ):
        CHANGES[what](act)
    assert _units(installation) == [("Hospital Uno", "Guayas")]
    assert _entries(installation) == []


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_with_its_trace_is_kept(installation: Installation, what: str) -> None:
    with installation.act(WHO) as act:
        CHANGES[what](act)
        act.record("unit.edit", "unit")
    assert _units(installation) != [("Hospital Uno", "Guayas")]
    (entry,) = _entries(installation)
    assert (entry.action, entry.subject, entry.address) == ("unit.edit", "unit", "10.0.0.9")


def test_the_trace_counts_whenever_in_the_act_it_is_told(installation: Installation) -> None:
    with installation.act(WHO) as act:
        act.record("unit.create", "unit")
        act.session.add(_unit("Hospital Dos"))
    assert len(_units(installation)) == 2


def test_looking_needs_no_trace_and_may_leave_one(installation: Installation) -> None:
    with installation.act(WHO) as act:
        assert act.session.scalar(select(func.count()).select_from(Unit)) == 1
        unit = act.session.scalars(select(Unit)).one()
        unit.name = str(unit.name)  # set to what it was: no change
    assert _entries(installation) == []
    with installation.act(WHO) as act:
        act.record("case.list", "cases", cases=[])
    assert [entry.action for entry in _entries(installation)] == ["case.list"]


def test_a_failure_keeps_neither_the_change_nor_its_trace(installation: Installation) -> None:
    def fail() -> None:
        with installation.act(WHO) as act:
            act.session.add(_unit("Hospital Dos"))
            act.record("unit.create", "unit")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (len(_units(installation)), _entries(installation)) == (1, [])


def test_a_row_is_named_by_its_kind_and_number(
    installation: Installation, people: dict[Role, Person]
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    with installation.act(WHO) as act:
        unit = _unit("Hospital Dos")
        act.session.add(unit)
        act.record("unit.create", unit, name="a detail may be called name", action="or action")
        case = act.session.get_one(Case, case_id)
        act.record("case.view", case)
        assert subject_of(case.films[0]) == f"film:{case.films[0].id}"
        assert subject_of(case.created_by) == f"user:{people[Role.DOCTOR].id}"
        number = unit.id
    created, viewed = _entries(installation)[-2:]
    assert (created.subject, viewed.subject) == (f"unit:{number}", f"case:{case_id}")
    assert created.detail == {"name": "a detail may be called name", "action": "or action"}


def test_a_row_that_the_trail_has_no_word_for_is_a_fault(installation: Installation) -> None:
    with pytest.raises(KeyError), installation.act(WHO) as act:
        act.record("sign_in", SignInSession(token_sha256="x"))
    assert _entries(installation) == []


def test_who_acts_may_be_known_only_within(
    installation: Installation, people: dict[Role, Person]
) -> None:
    with installation.act(WHO) as act:
        user = act.session.get_one(User, people[Role.DOCTOR].id)
        act.known_as(user.id)
        act.record("sign_in", user)
    (entry,) = _entries(installation)
    assert (entry.user_id, entry.address) == (user.id, "10.0.0.9")
    assert entry.subject == f"user:{user.id}"


def test_acts_continue_the_chain_of_entries_made_before(installation: Installation) -> None:
    with installation.writing() as session:
        audit_trail.record(session, installation.keys, WHO, "case.view", "case:1", {"ñ": [1, None]})
    with installation.act(WHO) as act:
        act.record("case.view", "case:2", **{"for": "review"})
    with installation.reading() as session:
        assert audit_trail.verify(session, installation.keys).entries == 2
        assert audit_trail.verify(session, installation.keys).sound
