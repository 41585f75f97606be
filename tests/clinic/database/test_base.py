"""Moments come back as they were, with their zone; a row's text holds its key alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import DateTime, inspect, select
from sqlalchemy.exc import StatementError

from case_rows import add_row
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.accounts import Unit, User
from covid_d.clinic.database.base import UtcDateTime
from covid_d.clinic.database.cases import AnswerShown, Case
from covid_d.clinic.database.tables import TableBase
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

pytestmark = pytest.mark.postgres

zones = st.integers(-14 * 60, 14 * 60).map(lambda each: timezone(timedelta(minutes=each)))
moments = st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=zones)


def _kept(installation: Installation, moment: datetime) -> datetime:
    with installation.writing() as session:
        session.scalars(select(Unit)).one().created_at = moment
    with installation.reading() as session:
        return session.scalars(select(Unit.created_at)).one()


@given(moments)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_moment_comes_back_in_utc(installation: Installation, moment: datetime) -> None:
    kept = _kept(installation, moment)
    assert kept == moment
    assert kept.tzinfo is UTC


def test_the_ends_of_a_day_in_ecuador_stay_apart(installation: Installation) -> None:
    ecuador = timezone(timedelta(hours=-5))
    last = datetime(2026, 3, 1, 23, 59, 59, 999_999, tzinfo=ecuador)
    assert _kept(installation, last) == datetime(2026, 3, 2, 4, 59, 59, 999_999, tzinfo=UTC)


def test_a_moment_without_its_zone_is_never_guessed(installation: Installation) -> None:
    with pytest.raises(StatementError, match="a moment needs its time zone"):
        _kept(installation, datetime(2026, 3, 1, 12))
    with installation.reading() as session:
        assert session.scalars(select(Unit.created_at)).one().year >= 2026, "nothing was kept"


def test_no_moment_is_no_moment(installation: Installation, people: dict[Role, Person]) -> None:
    with installation.reading() as session:
        assert session.get_one(User, people[Role.DOCTOR].id).locked_until is None


def test_moments_are_compared_across_zones_in_the_database(
    installation: Installation, people: dict[Role, Person]
) -> None:
    """SQLite compares texts: it is right only as every one of them is UTC."""
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for hours in (-2, 0, 2):
        zone = timezone(timedelta(hours=hours * 3))
        add_row(
            installation,
            people[Role.DOCTOR],
            created_at=(noon + timedelta(minutes=hours)).astimezone(zone),
        )
    asked = noon.astimezone(timezone(timedelta(hours=9)))
    with installation.reading() as session:
        found = session.scalars(
            select(Case.created_at).where(Case.created_at > asked).order_by(Case.created_at)
        ).all()
    assert found == [noon + timedelta(minutes=2)]


def test_every_moment_of_every_table_is_kept_so() -> None:
    for table in TableBase.metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, DateTime | UtcDateTime):
                assert isinstance(column.type, UtcDateTime), f"{table.name}.{column.name}"


def test_a_rows_text_shows_its_key_and_no_patient() -> None:
    case = Case(id=7, patient_code="HC-0042", notes="Ana Vera", province="Guayas")
    assert repr(case) == "Case(7)"
    assert repr(AnswerShown(case_id=7, user_id=3)) == "AnswerShown(7, 3)"
    assert repr(User(id=3, username="ana", full_name="Ana Vera")) == "User(3)"


def test_every_constraint_has_a_name_by_which_a_migration_finds_it(
    installation: Installation,
) -> None:
    found = inspect(installation.engine)
    for name in TableBase.metadata.tables:
        assert found.get_pk_constraint(name)["name"] == f"pk_{name}"
        for key in found.get_foreign_keys(name):
            assert key["name"] == (
                f"fk_{name}_{key['constrained_columns'][0]}_{key['referred_table']}"
            )
        for unique in found.get_unique_constraints(name):
            assert unique["name"] == f"uq_{name}_{unique['column_names'][0]}"
