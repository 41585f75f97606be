"""A clinic with consented cases, ready to be exported."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from clinic_clock import today
from clinic_factory import add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.collection.documents import ExportTerms, License
from covid_d.clinic.collection.export import Export
from covid_d.clinic.database.cases import FollowUp
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from episode_factory import add, follow_up

Enter = Callable[..., int]
Exported = Callable[[], tuple[dict[str, bytes], Export]]


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    return people[Role.DOCTOR]


@pytest.fixture
def enter(installation: Installation, doctor: Person) -> Enter:
    """Enter a case and its follow-ups by kind and value; give its id."""

    def add_one(seed: int, follow_ups: dict[str, str] | None = None, **case: Any) -> int:
        case_id = add_case(installation, doctor, seed=seed, **case)
        for kind, value in (follow_ups or {}).items():
            day = today() - timedelta(days=1)
            add(installation, FollowUp, follow_up(case_id, kind, value, doctor.id, day))
        return case_id

    return add_one


@pytest.fixture
def exported(installation: Installation, people: dict[Role, Person]) -> Exported:
    """Make an export and give its files."""

    def make() -> tuple[dict[str, bytes], Export]:
        person = people[Role.RESEARCHER]
        terms = ExportTerms(License.CC_BY_NC_SA, "Hospital Uno,\nGuayaquil")
        made = Export(installation, person, Actor(person.id, "127.0.0.1"), terms)
        return dict(made.files()), made

    return make
