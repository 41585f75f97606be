"""A table is offered where cases suffice, switched on where it helps, and never otherwise."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update

from clinic_factory import add_case, add_unit
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.calibration.laboratory_cases import NEEDED, LaboratoryCases
from covid_d.clinic.calibration.record import CalibrationRecord, is_sound
from covid_d.clinic.calibration.switching import (
    alarm_on,
    check,
    evidence,
    state,
    switch_on,
    take_back,
)
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import StoredAssessment
from covid_d.clinic.database.figures import CalibrationCheck, LocalCalibration
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import ConflictError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector.assessment import PUBLISHED_TABLE
from episode_factory import Told, write
from simulated_cases import TRUE_COVID, TRUE_OTHER, use_audited, write_simulated

# As the published studies have them, added up: here nothing local is to be learnt.
LIKE_PUBLISHED = {
    "with_covid": (0.23, 0.20, 0.36, 0.21),
    "without": (0.53, 0.20, 0.24, 0.03),
}
Write = Callable[..., None]


@pytest.fixture
def admin(people: dict[Role, Person]) -> Actor:
    return Actor(people[Role.ADMINISTRATOR].id)


@pytest.fixture
def bundle(installation: Installation, admin: Actor, tmp_path: Path) -> str:
    assert admin.user_id is not None
    return use_audited(installation, tmp_path, admin.user_id)


@pytest.fixture
def cases(installation: Installation, bundle: str, people: dict[Role, Person]) -> Write:
    """Write simulated cases of the bundle."""

    def simulated(count: int, **more: object) -> None:
        write_simulated(installation, bundle, count, user_id=people[Role.DOCTOR].id, **more)  # type: ignore[arg-type]

    return simulated


def _rows(installation: Installation) -> list[LocalCalibration]:
    with installation.reading() as session:
        return list(session.scalars(select(LocalCalibration).order_by(LocalCalibration.id)))


def _actions(installation: Installation) -> list[str]:
    with installation.reading() as session:
        query = select(AuditEntry.action).order_by(AuditEntry.sequence)
        return [action for action in session.scalars(query) if action.startswith("calibration.")]


class TestOffer:
    def test_counts_are_told_until_there_are_enough(
        self, installation: Installation, cases: Write
    ) -> None:
        cases(150)
        found = state(installation)
        assert found.positives + found.negatives == 150
        assert min(found.positives, found.negatives) < NEEDED
        assert found.offered is None
        assert "100 cases with a positive" in str(found.refusal and found.refusal.in_language("en"))
        assert found.in_use is None

    def test_a_demonstration_is_never_calibrated(self, installation: Installation) -> None:
        assert state(installation).offered is None, "the phantom bundle knows no appearance"

    def test_it_is_fitted_on_earlier_cases_and_tried_on_later_ones(
        self, installation: Installation, cases: Write
    ) -> None:
        cases(900)
        found = state(installation)
        assert found.refusal is None
        record = found.offered
        assert record is not None
        assert record.last < record.tried_first
        assert record.positives + record.negatives == pytest.approx(600, abs=10)
        tried = record.tried
        assert record.positives + record.negatives + tried.positives + tried.negatives == 900
        assert tried.helps
        assert tried.after["log_likelihood"].value > tried.before["log_likelihood"].value
        covid, other = (np.array(group) for group in record.ratios.pooled)
        np.testing.assert_allclose(covid, TRUE_COVID, atol=0.08)
        np.testing.assert_allclose(other, TRUE_OTHER, atol=0.08)
        assert tried.prevalence == pytest.approx(record.positives / 600, abs=0.01)

    def test_nothing_is_offered_where_the_studies_say_it_already(
        self, installation: Installation, cases: Write, admin: Actor
    ) -> None:
        cases(450, like=LIKE_PUBLISHED)
        found = state(installation)
        assert found.offered is not None, "what it would be is shown all the same"
        assert found.refusal is not None
        with pytest.raises(ConflictError) as refused:
            switch_on(installation, admin)
        assert refused.value.code == "calibration_refused"
        assert _rows(installation) == []
        assert _actions(installation) == []

    def test_a_change_in_the_later_third_is_refused(
        self, installation: Installation, cases: Write, admin: Actor
    ) -> None:
        cases(400, last=date(2026, 9, 1))
        # From September on the films say the reverse.
        turned = {"with_covid": TRUE_OTHER, "without": TRUE_COVID}
        cases(200, seed=2, like=turned, days=60, last=date(2026, 11, 1))
        with pytest.raises(ConflictError):
            switch_on(installation, admin)


class TestEvidence:
    def test_a_patient_counts_once_and_other_bundles_not(
        self, installation: Installation, bundle: str, people: dict[Role, Person]
    ) -> None:
        told = {"looks": (0.1, 0.1, 0.1, 0.7), "answers": (0.7,), "bundle": bundle}
        other = add_unit(installation, "Hospital Dos")
        write(
            installation,
            [
                Told(patient="A", rt_pcr="positive", **told),  # type: ignore[arg-type]
                Told(patient="A", rt_pcr="negative", day=date(2026, 11, 9), **told),  # type: ignore[arg-type]
                Told(patient="B", antigen="negative", unit_id=other, **told),  # type: ignore[arg-type]
                Told(patient="C", **told),  # type: ignore[arg-type]
                Told(patient="D", rt_pcr="indeterminate", **told),  # type: ignore[arg-type]
                Told(patient="E", rt_pcr="positive", answers=(None,), bundle=bundle),
                Told(patient="F", rt_pcr="positive", answers=(0.7,), appearance=True),
            ],
            user_id=people[Role.DOCTOR].id,
        )
        found = evidence(installation, bundle)
        assert found.counts == (1, 1)
        assert found.appearance.tolist() == [[0.1, 0.1, 0.1, 0.7]] * 2
        assert evidence(installation, "f" * 64).counts == (0, 0)

    def test_no_day_is_on_both_sides(self) -> None:
        day = np.repeat(np.arange(10), 7) + 739_000
        whole = LaboratoryCases(np.full((70, 4), 0.25), np.arange(70) % 2 == 0, day)
        earlier, later = whole.split()
        assert len(earlier) + len(later) == 70
        assert earlier.day.max() < later.day.min()
        assert len(earlier) == 49, "two thirds end within the seventh day, which stays whole"
        nothing = whole.part(np.zeros(70, dtype=bool))
        assert [len(part) for part in nothing.split()] == [0, 0]


class TestSwitching:
    @pytest.mark.postgres
    def test_answers_name_the_table_until_it_is_taken_back(
        self, installation: Installation, cases: Write, admin: Actor, people: dict[Role, Person]
    ) -> None:
        doctor = people[Role.DOCTOR]

        def table_of(seed: int) -> str:
            case_id = add_case(installation, doctor, seed=seed)
            with installation.reading() as session:
                stored = session.scalars(
                    select(StoredAssessment).order_by(StoredAssessment.id.desc()).limit(1)
                ).one()
                assert stored.film.case_id == case_id
                covid = stored.assessment.covid
            assert covid is not None
            return covid.table

        cases(900)
        assert table_of(1) == PUBLISHED_TABLE
        name = switch_on(installation, admin)
        assert table_of(2) == name
        (row,) = _rows(installation)
        assert is_sound(row, installation.keys)
        in_use = state(installation).in_use
        assert in_use is not None
        assert in_use.record is not None
        assert in_use.record.name == name
        take_back(installation, admin)
        assert table_of(3) == PUBLISHED_TABLE
        assert state(installation).in_use is None
        assert _actions(installation) == ["calibration.on", "calibration.off"]

    def test_another_process_takes_it_up(
        self, installation: Installation, cases: Write, admin: Actor
    ) -> None:
        cases(900)
        name = switch_on(installation, admin)
        again = Installation.open(installation.settings)
        try:
            assert again.active_detector.detector.ratios.name == name
        finally:
            again.close()

    def test_of_two_the_later_one_is_on(
        self, installation: Installation, cases: Write, admin: Actor
    ) -> None:
        cases(900)
        switch_on(installation, admin)
        cases(300, seed=5, last=date(2026, 11, 28), days=4)
        name = switch_on(installation, admin)
        first, second = _rows(installation)
        assert first.ended_at is not None
        assert second.ended_at is None
        assert installation.active_detector.detector.ratios.name == name

    @pytest.mark.postgres
    @pytest.mark.parametrize("altered", ["covid", "bundle", "signature"])
    def test_a_record_changed_in_the_database_is_not_believed(
        self, installation: Installation, cases: Write, admin: Actor, altered: str
    ) -> None:
        cases(900)
        switch_on(installation, admin)
        record = copy.deepcopy(_rows(installation)[0].record)
        changes: dict[str, object] = {"record": record}
        if altered == "covid":
            record["covid"][3] += 50.0
        elif altered == "bundle":
            record["bundle"] = "e" * 64
        else:
            changes = {"signature": "0" * 64}
        with installation.writing() as session:
            session.execute(update(LocalCalibration).values(**changes))
        installation.active_detector.reload()
        assert installation.active_detector.detector.ratios.name == PUBLISHED_TABLE
        in_use = state(installation).in_use
        assert in_use is not None
        assert in_use.record is None, "the page says so"
        assert check(installation, Actor(None), at_once=True) is None

    def test_a_record_is_kept_whole(
        self, installation: Installation, cases: Write, admin: Actor
    ) -> None:
        cases(900)
        switch_on(installation, admin)
        (row,) = _rows(installation)
        record = CalibrationRecord.from_dict(row.record)
        assert record.to_dict() == row.record
        assert record.name.startswith(f"local {record.last} ")


class TestChecks:
    @pytest.fixture
    def on(self, installation: Installation, cases: Write, admin: Actor) -> None:
        cases(900, last=date(2026, 9, 30))
        switch_on(installation, admin)

    def _started(self, installation: Installation, days: int) -> None:
        with installation.writing() as session:
            moment = now() - timedelta(days=days)
            session.execute(update(LocalCalibration).values(created_at=moment))

    @pytest.mark.usefixtures("on")
    @pytest.mark.parametrize("turned", [False, True])
    def test_after_a_month_it_is_tried_on_what_came_since(
        self, installation: Installation, cases: Write, turned: bool
    ) -> None:
        like = {"with_covid": TRUE_OTHER, "without": TRUE_COVID} if turned else None
        cases(200, seed=9, like=like, days=40, last=date(2026, 11, 20))
        assert check(installation, Actor(None)) is None, "not before a month is over"
        self._started(installation, 31)
        assert check(installation, Actor(None)) is turned
        assert alarm_on(installation) is turned
        with installation.reading() as session:
            (row,) = session.scalars(select(CalibrationCheck))
            assert row.figures["positives"] + row.figures["negatives"] == 200
        assert check(installation, Actor(None)) is None, "once a month"
        assert check(installation, Actor(None), at_once=True) is turned
        assert _actions(installation) == ["calibration.on"] + 2 * ["calibration.check"]

    @pytest.mark.usefixtures("on")
    def test_few_cases_tell_nothing(self, installation: Installation, cases: Write) -> None:
        cases(40, seed=9, days=10, last=date(2026, 11, 20))
        self._started(installation, 31)
        assert check(installation, Actor(None)) is None
        assert not alarm_on(installation)

    def test_without_a_table_nothing_is_checked(
        self, installation: Installation, bundle: str
    ) -> None:
        assert bundle
        assert check(installation, Actor(None), at_once=True) is None
        assert not alarm_on(installation)
