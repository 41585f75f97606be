"""A row that another hand changed is known by its seal, whatever was changed, on both databases."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, String, select, text, update
from sqlalchemy.orm import Session

from clinic_factory import add_case, add_user
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database import sealed
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import Case, Film, FollowUp, Reading, StoredAssessment
from covid_d.clinic.database.engine import reading
from covid_d.clinic.database.sealed import (
    AlteredError,
    SealedTable,
    accept,
    is_altered,
    seal_of,
    table_of,
    tables,
)
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

pytestmark = pytest.mark.postgres

People = dict[Role, Person]

# As first sealed. A column that came later must be allowed to be NULL, which is what older rows
# have: else their seals would all be broken by an update.
FIRST_SEALED = {
    "api_token": "id user_id name token_sha256 created_at expires_at last_used_at revoked_at",
    "assessment": "id film_id created_at answer outcome probability negative atypical "
    "indeterminate typical refusal_code bundle_name bundle_version bundle_sha256 bundle_verdict "
    "prevalence milliseconds",
    "film": "id case_id sha256 received_sha256 identity_encrypted format width height projection "
    "created_at at_intake",
    "follow_up": "id case_id kind value day notes user_id created_at supersedes_id reason",
    "one_time_link": "token_sha256 purpose user_id created_at expires_at used_at",
    "patient_case": "id unit_id created_by_id created_at submission patient_code "
    "national_id_encrypted national_id_hash age_years adult sex province symptom_onset symptoms "
    "comorbidities spo2 vaccine_doses research_consent notes sample blind",
    "reading": "id case_id user_id kind finding notes created_at",
    "reading_study": "id unit_id name seed rounds washout_days created_by_id created_at closed_at",
    "study_rating": "id study_id film_id user_id round position category rating seconds created_at",
    "sign_in_session": "token_sha256 user_id csrf_token created_at last_seen_at browser",
    "user_account": "id username full_name password_hash oidc_subject role unit_id language active "
    "must_change_password failed_sign_ins locked_until created_at",
}


def _sealer(line: str) -> str:
    return hmac.new(b"a key", line.encode(), hashlib.sha256).hexdigest()


def test_these_tables_are_sealed() -> None:
    assert {table.__tablename__ for table in tables()} == set(FIRST_SEALED)


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.__tablename__)
def test_a_column_that_came_later_may_be_null(table: type[SealedTable]) -> None:
    first = {*FIRST_SEALED[table.__tablename__].split(), "seal"}
    assert first - set(table_of(table).columns.keys()) == set()
    for column in table_of(table).columns:
        if column.key not in first:
            assert column.nullable, (
                f"{column} would break the seals of rows that are there: let it be NULL there"
            )


def test_a_seal_is_the_keyed_hash_of_the_row() -> None:
    row = {
        "id": 3,
        "case_id": 1,
        "kind": "rt_pcr",
        "value": "positive",
        "day": date(2026, 1, 2),
        "notes": "",
        "user_id": 7,
        "created_at": datetime(2026, 1, 3, 4, 5, 6, tzinfo=UTC),
        "supersedes_id": None,
        "reason": "",
    }
    line = (
        '["follow_up",{"case_id":1,"created_at":"2026-01-03T04:05:06.000000+00:00",'
        '"day":"2026-01-02","id":3,"kind":"rt_pcr","notes":"","reason":"","user_id":7,'
        '"value":"positive"}]'
    )
    assert seal_of(_sealer, FollowUp, row) == _sealer(line)
    assert not is_altered(_sealer, FollowUp, {**row, "seal": _sealer(line)})
    assert is_altered(_sealer, FollowUp, {**row, "seal": None})


@pytest.fixture
def case_id(installation: Installation, people: People) -> int:
    """A case with a film, its answer, a reading and a result."""
    doctor = people[Role.DOCTOR]
    number = add_case(installation, doctor)
    moment = datetime(2026, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
    with installation.writing() as session:
        session.add(
            Reading(
                case_id=number,
                user_id=doctor.id,
                kind="open",
                finding="positive",
                created_at=moment,
            )
        )
        session.add(
            FollowUp(
                case_id=number,
                kind="rt_pcr",
                value="negative",
                day=date(2026, 5, 6),
                user_id=doctor.id,
                created_at=moment,
            )
        )
    return number


ROWS = [User, Case, Film, StoredAssessment, Reading, FollowUp]


@pytest.mark.parametrize("table", ROWS, ids=lambda table: table.__name__)
def test_what_the_clinic_wrote_fits(
    installation: Installation, case_id: int, table: type[SealedTable]
) -> None:
    with installation.reading() as session:
        rows = session.scalars(select(table)).all()
        assert rows
        assert not any(row.altered for row in rows)
        assert all(len(row.seal or "") == 64 for row in rows)


CHANGES: list[tuple[type[SealedTable], str, Any]] = [
    (User, "role", "superuser"),
    (User, "unit_id", None),
    (User, "password_hash", "$argon2id$forged"),
    (User, "active", False),
    (Case, "patient_code", "HC-9999"),
    (Case, "age_years", 17),
    (Case, "sex", None),
    (Case, "created_at", datetime(2020, 1, 1, tzinfo=UTC)),
    (Case, "symptoms", ["fever"]),
    (Case, "research_consent", False),
    (Film, "sha256", "0" * 64),
    (Film, "at_intake", False),
    (StoredAssessment, "outcome", "negative"),
    (StoredAssessment, "answer", {"outcome": "negative"}),
    (StoredAssessment, "probability", 0.123),
    (StoredAssessment, "milliseconds", 1.5),
    (StoredAssessment, "seal", None),
    (Reading, "finding", "inconclusive"),
    (Reading, "notes", "x"),
    (FollowUp, "value", "positive"),
    (FollowUp, "day", date(2026, 5, 7)),
    (FollowUp, "kind", "antigen"),
]


@pytest.mark.parametrize(
    ("table", "column", "value"), CHANGES, ids=[f"{t.__name__}.{c}" for t, c, _ in CHANGES]
)
def test_every_change_in_sql_is_found(
    installation: Installation, case_id: int, table: type[SealedTable], column: str, value: Any
) -> None:
    with installation.engine.begin() as connection:
        connection.execute(update(table_of(table)).values({column: value}))
    with installation.reading() as session:
        assert all(row.altered for row in session.scalars(select(table)))


def test_a_row_put_in_or_moved_is_found(installation: Installation, case_id: int) -> None:
    with installation.engine.begin() as connection:
        row = connection.execute(select(table_of(Reading))).one()._asdict()
        connection.execute(table_of(Reading).insert().values({**row, "id": row["id"] + 1}))
    with installation.reading() as session:
        assert [row.altered for row in session.scalars(select(Reading).order_by(Reading.id))] == [
            False,
            True,
        ]


@pytest.mark.parametrize("column", sorted(User.unsealed))
def test_what_changes_by_itself_needs_no_seal(
    installation: Installation, people: People, column: str
) -> None:
    values = {"failed_sign_ins": 3, "locked_until": datetime.now(UTC), "language": "en"}
    with installation.engine.begin() as connection:
        connection.execute(update(table_of(User)).values({column: values[column]}))
    with installation.reading() as session:
        assert not any(user.altered for user in session.scalars(select(User)))


def test_a_change_of_the_clinics_own_is_sealed(installation: Installation, people: People) -> None:
    with installation.writing() as session:
        user = session.get_one(User, people[Role.DOCTOR].id)
        before, user.role = user.seal, "radiologist"
    with installation.reading() as session:
        user = session.get_one(User, people[Role.DOCTOR].id)
        assert (user.role, user.altered) == ("radiologist", False)
        assert user.seal != before


def test_a_forged_row_is_not_sealed_by_a_later_change(
    installation: Installation, people: People
) -> None:
    number = people[Role.DOCTOR].id
    with installation.engine.begin() as connection:
        connection.execute(update(table_of(User)).values(role="administrator"))
    with pytest.raises(AlteredError), installation.writing() as session:
        session.get_one(User, number).full_name = "Somebody Else"
    with installation.reading() as session:
        assert session.get_one(User, number).altered
        assert session.get_one(User, number).full_name == "Doctor"


def test_what_needs_no_seal_may_change_in_a_forged_row(
    installation: Installation, people: People
) -> None:
    """A wrong password is counted for it as for any other; the forgery stays a forgery."""
    number = people[Role.DOCTOR].id
    with installation.engine.begin() as connection:
        connection.execute(update(table_of(User)).values(role="administrator"))
    with installation.writing() as session:
        session.get_one(User, number).failed_sign_ins = 4
    with installation.reading() as session:
        user = session.get_one(User, number)
        assert (user.failed_sign_ins, user.altered) == (4, True)


def test_a_change_at_the_same_moment_is_not_sealed_with_ours(
    installation: Installation, people: People
) -> None:
    """The seal is of what we read and wrote, not of what the table holds by then."""
    number = people[Role.DOCTOR].id
    with installation.writing() as session:
        user = session.get_one(User, number)
        session.execute(text("UPDATE user_account SET role = 'administrator'"))
        user.full_name = "Ana Díaz"
    with installation.reading() as session:
        user = session.get_one(User, number)
        assert (user.role, user.altered) == ("administrator", True)


def test_whoever_answers_for_a_row_seals_it(installation: Installation, people: People) -> None:
    number = people[Role.DOCTOR].id
    with installation.engine.begin() as connection:
        connection.execute(update(table_of(User)).values(role="administrator"))
    with installation.writing() as session:
        user = session.get_one(User, number)
        accept(session, user)
        user.role = "doctor"
        user.full_name = "Ana Díaz"
    with installation.reading() as session:
        assert not session.get_one(User, number).altered


def test_another_installations_key_fits_nothing(installation: Installation, people: People) -> None:
    with reading(installation.engine, _sealer) as session:
        assert all(user.altered for user in session.scalars(select(User)))


def test_without_a_sealer_nothing_is_held(installation: Installation) -> None:
    """Migrations and backups copy rows as they are."""
    add_user(installation, "x.y", Role.RESEARCHER)
    with reading(installation.engine) as session:
        assert not any(user.altered for user in session.scalars(select(User)))


def test_a_moment_is_the_same_in_every_zone() -> None:
    row = {"id": 1, "created_at": datetime(2026, 1, 1, 0, 30, tzinfo=UTC)}
    local = {"id": 1, "created_at": datetime.fromisoformat("2025-12-31T19:30:00-05:00")}
    assert seal_of(_sealer, Reading, row) == seal_of(_sealer, Reading, local)


def test_a_seal_is_as_long_as_its_column(installation: Installation) -> None:
    kind = table_of(Reading).c.seal.type
    assert isinstance(kind, String)
    assert kind.length == len(installation.keys.seal("x"))


def test_rows_of_one_content_in_two_tables_differ() -> None:
    assert seal_of(_sealer, Reading, {"id": 1}) != seal_of(_sealer, FollowUp, {"id": 1})
    assert json.loads('["reading",{"id":1}]')[0] == Reading.__tablename__


def test_a_session_of_sqlalchemys_own_is_left_alone(installation: Installation) -> None:
    engine: Engine = installation.engine
    with Session(engine) as session:
        assert session.scalars(select(User)).all() == []


def test_a_row_that_was_found_sound_is_looked_at_again_in_full() -> None:
    sealer = hashlib.sha256(b"mine").hexdigest
    seals: list[str] = []

    def seal(line: str) -> str:
        seals.append(line)
        return hashlib.sha256(line.encode()).hexdigest()

    row: dict[str, Any] = {"id": 1, "answer": {"map": [[0.25, 0.5]]}, "outcome": "positive"}
    row["seal"] = seal_of(seal, StoredAssessment, row)
    seals.clear()
    assert not is_altered(seal, StoredAssessment, row)
    assert not is_altered(seal, StoredAssessment, {**row, "answer": {"map": [[0.25, 0.5]]}})
    assert len(seals) == 1, "reckoned once"
    for change in (
        {"answer": {"map": [[0.25, 0.75]]}},
        {"answer": {"map": [[0.25, 0.5, 0.0]]}},
        {"id": 2},
        {"seal": None},
        {"seal": sealer()},
        {"prevalence": 0.1},
    ):
        assert is_altered(seal, StoredAssessment, row | change), change
        assert is_altered(seal, StoredAssessment, row | change), "and the second time"
    assert is_altered(lambda line: sealer(), StoredAssessment, row), "another's key"
    assert not is_altered(seal, StoredAssessment, row)


def test_not_more_rows_are_remembered_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def seal(line: str) -> str:
        return hashlib.sha256(line.encode()).hexdigest()

    monkeypatch.setattr(sealed, "_REMEMBERED", 3)
    for number in range(9):
        row: dict[str, Any] = {"id": number}
        assert not is_altered(seal, Film, row | {"seal": seal_of(seal, Film, row)})
    assert len(sealed._sound) == 3
