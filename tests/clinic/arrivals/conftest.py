"""What the tests of films from the network share."""

from __future__ import annotations

import pytest

from arrival_factory import ward_of
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.arrivals.desk import ClinicWard
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role


@pytest.fixture
def ward(installation: Installation) -> ClinicWard:
    return ward_of(installation)


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    return people[Role.DOCTOR]
