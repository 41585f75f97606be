"""Saved views are a person's own, few, and replaced under their name."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import ConflictError, InvalidInputError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics.saved_views import MOST, remove_view, save_view, views_of
from covid_d.clinic.trail.audit_trail import Actor

pytestmark = pytest.mark.postgres


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    return people[Role.DOCTOR]


def _save(installation: Installation, person: Person, name: str, query: str = "units=all") -> None:
    save_view(installation, person, Actor(person.id), name, query)


def _names(installation: Installation, person: Person) -> list[tuple[str, str]]:
    return [(view.name, view.query) for view in views_of(installation, person)]


def test_views_are_ones_own_and_in_order(
    installation: Installation, doctor: Person, people: dict[Role, Person]
) -> None:
    _save(installation, doctor, "b", "units=own")
    _save(installation, doctor, "a")
    _save(installation, people[Role.RESEARCHER], "a", "bundle=x")
    assert _names(installation, doctor) == [("a", "units=all"), ("b", "units=own")]
    assert _names(installation, people[Role.RESEARCHER]) == [("a", "bundle=x")]


def test_the_same_name_is_replaced(installation: Installation, doctor: Person) -> None:
    _save(installation, doctor, "a", "units=all")
    _save(installation, doctor, "a", "units=own")
    assert _names(installation, doctor) == [("a", "units=own")]


def test_a_view_without_a_name_is_none(installation: Installation, doctor: Person) -> None:
    with pytest.raises(InvalidInputError) as refused:
        _save(installation, doctor, "")
    assert set(refused.value.fields) == {"name"}
    assert _names(installation, doctor) == []


def test_nobody_has_more_than_some(
    installation: Installation, doctor: Person, people: dict[Role, Person]
) -> None:
    for number in range(MOST):
        _save(installation, doctor, f"{number:02}")
    with pytest.raises(ConflictError) as refused:
        _save(installation, doctor, "one more")
    assert refused.value.code == "too_many_views"
    _save(installation, doctor, "00", "units=own")  # an old one may change
    _save(installation, people[Role.RADIOLOGIST], "another's")
    assert len(_names(installation, doctor)) == MOST


def test_removed_by_its_owner_alone(
    installation: Installation, doctor: Person, people: dict[Role, Person]
) -> None:
    _save(installation, doctor, "a")
    (view,) = views_of(installation, doctor)
    other = people[Role.RADIOLOGIST]
    for person, number in ((other, view.id), (doctor, view.id + 1)):
        with pytest.raises(NotFoundError):
            remove_view(installation, person, Actor(person.id), number)
    remove_view(installation, doctor, Actor(doctor.id), view.id)
    assert _names(installation, doctor) == []
    with installation.reading() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.sequence)).all()
    assert [action for action in actions if action.startswith("view.")] == [
        "view.save",
        "view.remove",
    ]
