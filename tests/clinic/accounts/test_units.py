"""Health units: what is accepted, and that every change is traced."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from covid_d.clinic.accounts import units
from covid_d.clinic.accounts.units import UnitDetails
from covid_d.clinic.cases.value_sets import PROVINCES
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import InvalidInputError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor

pytestmark = pytest.mark.postgres

GOOD = UnitDetails("Hospital del Guasmo", "Guayas", 0.125, blind_mode=True)
NOBODY = Actor(None)


def test_a_unit_is_kept_as_entered_and_traced(installation: Installation) -> None:
    unit_id = units.create(installation, NOBODY, GOOD)
    assert UnitDetails.of(units.one(installation, unit_id)) == GOOD
    units.edit(installation, NOBODY, unit_id, replace(GOOD, prevalence=None, active=False))
    units.edit(installation, NOBODY, unit_id, replace(GOOD, prevalence=None, active=False))
    with installation.reading() as session:
        created, edited = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence))
    assert (created.action, created.subject) == ("unit.create", f"unit:{unit_id}")
    assert edited.detail == {"prevalence": [0.125, None], "active": [True, False]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "HOSPITAL UNO"}, "name"),
        ({"province": "Lima"}, "province"),
        ({"prevalence": 0.0009}, "prevalence"),
        ({"prevalence": 0.901}, "prevalence"),
        ({"prevalence": 0.0}, "prevalence"),
        ({"prevalence": float("nan")}, "prevalence"),
        ({"prevalence": float("inf")}, "prevalence"),
    ],
)
def test_wrong_details_are_refused_by_field(
    installation: Installation, change: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        units.create(installation, NOBODY, replace(GOOD, **change))  # type: ignore[arg-type]
    assert set(caught.value.fields) == {field}
    assert len(units.every(installation)) == 1


@pytest.mark.parametrize("prevalence", [0.001, 0.9, None])
def test_the_bounds_themselves_are_accepted(
    installation: Installation, prevalence: float | None
) -> None:
    units.create(installation, NOBODY, replace(GOOD, prevalence=prevalence))


def test_there_are_24_provinces_and_each_is_accepted(installation: Installation) -> None:
    assert len(PROVINCES) == 24
    for number, province in enumerate(PROVINCES):
        units.create(installation, NOBODY, UnitDetails(f"Unidad {number}", province))


def test_a_unit_that_is_not_there(installation: Installation) -> None:
    with pytest.raises(NotFoundError):
        units.one(installation, 999)
    with pytest.raises(NotFoundError):
        units.edit(installation, NOBODY, 999, GOOD)
