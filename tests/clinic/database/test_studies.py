"""What the tables of studies, calibrations, reports and views refuse by themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from case_rows import add_row
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.base import TableBase
from covid_d.clinic.database.cases import Film, StoredAssessment
from covid_d.clinic.database.figures import CalibrationCheck, LocalCalibration, SavedView
from covid_d.clinic.database.sealed import table_of
from covid_d.clinic.database.studies import (
    ReadingStudy,
    StudyFilm,
    StudyOpening,
    StudyRating,
    StudyReader,
)
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

pytestmark = pytest.mark.postgres

People = dict[Role, Person]
Refused = Callable[..., bool]


@pytest.fixture
def refused(installation: Installation) -> Refused:
    """Write rows in one go; say whether the database refused them."""

    def write(*rows: TableBase) -> bool:
        try:
            with installation.writing() as session:
                session.add_all(rows)
        except IntegrityError:
            return True
        return False

    return write


@pytest.fixture
def study(installation: Installation, people: People) -> int:
    """A study of one film, 1, which the doctor reads."""
    doctor = people[Role.DOCTOR]
    add_row(installation, doctor, "positive", "negative")
    with installation.writing() as session:
        row = ReadingStudy(
            unit_id=doctor.unit_id, name="Piloto", seed=7, rounds=2, washout_days=28,
            created_by_id=people[Role.RESEARCHER].id, created_at=now(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add(StudyFilm(study_id=row.id, film_id=1))
        session.add(StudyReader(study_id=row.id, user_id=doctor.id))
        return row.id


def _rating(study: int, people: People, **changed: Any) -> StudyRating:
    usual: dict[str, Any] = {
        "study_id": study, "film_id": 1, "user_id": people[Role.DOCTOR].id, "round": 1,
        "position": 1, "category": "typical", "rating": 80, "seconds": 12.5, "created_at": now(),
    }  # fmt: skip
    return StudyRating(**usual | changed)


def _count(installation: Installation, table: type[TableBase]) -> int:
    with installation.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


class TestStudies:
    def test_a_film_is_in_a_study_once_and_must_be_there(
        self, study: int, refused: Refused
    ) -> None:
        assert refused(StudyFilm(study_id=study, film_id=1))
        assert not refused(StudyFilm(study_id=study, film_id=2))
        assert refused(StudyFilm(study_id=study, film_id=3))
        assert refused(StudyFilm(study_id=study + 1, film_id=2))

    def test_a_reader_is_in_a_study_once(
        self, study: int, people: People, refused: Refused
    ) -> None:
        assert refused(StudyReader(study_id=study, user_id=people[Role.DOCTOR].id))
        assert not refused(StudyReader(study_id=study, user_id=people[Role.RADIOLOGIST].id))
        assert refused(StudyReader(study_id=study, user_id=999))

    def test_a_film_is_rated_once_by_a_reader_in_a_round(
        self, study: int, people: People, refused: Refused
    ) -> None:
        assert not refused(_rating(study, people))
        assert refused(_rating(study, people, rating=20)), "the first answer stays"
        assert not refused(_rating(study, people, round=2))
        assert not refused(_rating(study, people, user_id=people[Role.RADIOLOGIST].id))
        assert not refused(_rating(study, people, film_id=2))

    def test_a_film_is_opened_once_by_a_reader_in_a_round(
        self, study: int, people: People, refused: Refused
    ) -> None:
        def opening(number: int, *, later: int = 0) -> StudyOpening:
            return StudyOpening(
                study_id=study, film_id=1, user_id=people[Role.DOCTOR].id, round=number,
                opened_at=now() + timedelta(seconds=later),
            )  # fmt: skip

        assert not refused(opening(1))
        assert refused(opening(1, later=5)), "the clock does not start anew"
        assert not refused(opening(2))

    def test_an_erased_film_takes_what_was_read_of_it_along(
        self, installation: Installation, study: int, people: People, refused: Refused
    ) -> None:
        assert not refused(StudyFilm(study_id=study, film_id=2))
        assert not refused(_rating(study, people), _rating(study, people, film_id=2))
        with installation.writing() as session:
            session.execute(delete(StoredAssessment).where(StoredAssessment.film_id == 1))
            session.execute(delete(table_of(Film)).where(Film.id == 1))
        assert (_count(installation, StudyFilm), _count(installation, StudyRating)) == (1, 1)
        assert _count(installation, ReadingStudy) == 1

    def test_what_is_changed_in_sql_is_seen(
        self, installation: Installation, study: int, people: People, refused: Refused
    ) -> None:
        assert not refused(_rating(study, people))
        rating: list[dict[str, Any]] = [{"rating": 10}, {"seconds": 1.0}, {"category": "negative"}]
        changes: list[tuple[Any, dict[str, Any]]] = [(StudyRating, values) for values in rating]
        changes += [(ReadingStudy, {"seed": 8}), (ReadingStudy, {"washout_days": 0})]
        for table, values in changes:
            with installation.reading() as session:
                row = session.scalars(select(table)).one()
                before = {name: getattr(row, name) for name in values}
                assert not row.altered
            for written, seen in ((values, True), (before, False)):
                with installation.writing() as session:
                    session.execute(update(table_of(table)).values(**written))
                with installation.reading() as session:
                    assert session.scalars(select(table)).one().altered is seen, values


class TestFigures:
    def _calibration(self, people: People) -> LocalCalibration:
        return LocalCalibration(
            bundle_sha256="ab" * 32, record={"format": 1}, signature="0" * 64, created_at=now(),
            created_by_id=people[Role.ADMINISTRATOR].id,
        )  # fmt: skip

    def test_a_person_s_views_have_one_name_each(self, people: People, refused: Refused) -> None:
        def view(role: Role, name: str = "Mayo") -> SavedView:
            return SavedView(user_id=people[role].id, name=name, query="", created_at=now())

        assert not refused(view(Role.DOCTOR))
        assert refused(view(Role.DOCTOR))
        assert not refused(view(Role.DOCTOR, "mayo"), view(Role.RADIOLOGIST))

    def test_a_check_is_of_a_calibration_that_is_there(
        self, installation: Installation, people: People, refused: Refused
    ) -> None:
        check = {"created_at": now(), "alarm": False, "figures": {}}
        assert refused(CalibrationCheck(calibration_id=1, **check))
        assert not refused(self._calibration(people))
        assert not refused(CalibrationCheck(calibration_id=1, **check))
        with pytest.raises(IntegrityError), installation.writing() as session:
            session.execute(delete(LocalCalibration))

    def test_a_calibration_names_who_switched_it_on(
        self, installation: Installation, people: People, refused: Refused
    ) -> None:
        assert not refused(self._calibration(people))
        with installation.reading() as session:
            row = session.scalars(select(LocalCalibration)).one()
            assert row.created_by.username == people[Role.ADMINISTRATOR].username
            assert (row.ended_at, row.ended_by_id) == (None, None)
        nobody = self._calibration(people)
        nobody.created_by_id = 999
        assert refused(nobody)
