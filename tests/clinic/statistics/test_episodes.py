"""The columns of the statistics say what the database says, by the rules stated."""

from __future__ import annotations

import gc
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import true
from sqlalchemy.exc import StatementError

from clinic_clock import CLOCK, today
from clinic_factory import add_case, add_unit
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import Film, StoredAssessment
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics.episodes import Episodes, bundles, load
from episode_factory import Told, add, assessment, write

pytestmark = pytest.mark.postgres

END = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    return people[Role.DOCTOR]


def _load(installation: Installation, unit_id: int | None = None, end: datetime = END) -> Episodes:
    with installation.reading() as session:
        return load(session, bundles(session), unit_id=unit_id, end=end, told=true(), clock=CLOCK)


def test_an_empty_clinic(installation: Installation) -> None:
    assert len(_load(installation)) == 0


def test_a_real_case(installation: Installation, doctor: Person) -> None:
    add_case(installation, doctor, seed=1)
    found = _load(installation, end=now() + timedelta(minutes=1))
    assert found.day.tolist() == [today().toordinal()]
    assert found.bundle.tolist() == [0]
    assert found.outcome[0] in {"positive", "negative", "inconclusive", "refused"}
    assert found.answered.tolist() == [found.outcome[0] != "refused"]


def test_the_index_test_is_the_first_answer_at_intake(
    installation: Installation, doctor: Person
) -> None:
    told = [
        Told(answers=(0.2, 0.9)),
        Told(answers=(None, 0.7, 0.1)),
        Told(answers=(None, None)),
        Told(answers=()),
    ]
    cases = write(installation, told, user_id=doctor.id)
    # Assessed again by another bundle; a film that came an hour later.
    add(installation, StoredAssessment, assessment(1, 0.99, "b" * 64))
    later = datetime.combine(told[0].day, datetime.min.time(), UTC) + timedelta(hours=18)
    extra = {"case_id": cases[3], "sha256": "c" * 64, "created_at": later, "at_intake": False}
    add(installation, StoredAssessment, assessment(add(installation, Film, extra), 0.99))
    found = _load(installation)
    assert found.outcome.tolist() == ["negative", "positive", "refused", "none"]
    np.testing.assert_array_equal(found.probability, [0.2, 0.7, np.nan, np.nan])
    with installation.reading() as session:
        known = bundles(session)
    shas = [known[place].sha256 if place >= 0 else "" for place in found.bundle]
    assert shas == ["a" * 64] * 3 + [""]


def test_units_and_days_are_filtered(installation: Installation, doctor: Person) -> None:
    other = add_unit(installation, "Centro Dos")
    write(
        installation,
        [Told(), Told(unit_id=other), Told(day=date(2026, 12, 2))],
        user_id=doctor.id,
    )
    assert _load(installation).unit.tolist() == [1, other]
    assert len(_load(installation, unit_id=other)) == 1


def test_a_day_is_the_local_one(installation: Installation, doctor: Person) -> None:
    night = datetime(2026, 11, 2, 3, tzinfo=UTC)  # ten in the evening in Guayaquil
    write(installation, [Told(columns={"created_at": night})], user_id=doctor.id)
    assert _load(installation).day.tolist() == [date(2026, 11, 1).toordinal()]


def test_results_readings_and_patients(installation: Installation, doctor: Person) -> None:
    told = [
        Told(patient="A", rt_pcr="positive", blind="negative"),
        Told(patient="A", antigen="negative"),
        Told(patient="B", rt_pcr="positive", sampled=date(2026, 9, 1)),
    ]
    write(installation, told, user_id=doctor.id)
    found = _load(installation)
    assert found.rt_pcr.tolist() == ["positive", "none", "outside"]
    assert found.antigen.tolist() == ["none", "negative", "none"]
    assert found.blind_reading.tolist() == ["negative", "", ""]
    assert found.patient.tolist() == [0, 0, 2]


def test_the_latest_bundle_comes_first(installation: Installation, doctor: Person) -> None:
    write(installation, [Told(bundle="a" * 64), Told(bundle="b" * 64)], user_id=doctor.id)
    with installation.reading() as session:
        assert [bundle.sha256[0] for bundle in bundles(session)] == ["b", "a"]


def test_the_cycle_collector_runs_on(installation: Installation) -> None:
    _load(installation)
    assert gc.isenabled()
    with installation.reading() as session, pytest.raises(StatementError):
        load(session, [], unit_id=None, end="not a moment", told=true(), clock=CLOCK)  # type: ignore[arg-type]
    assert gc.isenabled()


def test_age_sex_and_what_the_model_said_of_each_appearance(
    installation: Installation, doctor: Person
) -> None:
    told = [
        Told(answers=(0.7,), appearance=True, columns={"age_years": 61, "sex": "M"}),
        Told(answers=(0.2,), columns={"age_years": None, "sex": None}),
        Told(answers=(None, 0.4), appearance=True),
    ]
    write(installation, told, user_id=doctor.id)
    found = _load(installation)
    np.testing.assert_array_equal(found.age, [61, np.nan, 50])
    assert found.sex.tolist() == ["M", "", "F"]
    np.testing.assert_allclose(
        found.appearance,
        [[0.3, 0, 0, 0.7], [np.nan] * 4, [0.6, 0, 0, 0.4]],
    )
    assert found.where(found.age == 50).appearance.shape == (1, 4)
