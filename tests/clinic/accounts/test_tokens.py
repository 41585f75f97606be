"""API tokens: shown once, bounded in time, ended at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from clinic_factory import PASSWORD
from covid_d.clinic.accounts import own_account, tokens
from covid_d.clinic.accounts.people import PasswordChangeError, Person, check_allowed
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import ApiToken, User
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import ForbiddenError, InvalidInputError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Permission, Role
from covid_d.clinic.trail.audit_trail import Actor
from row_seals import seal_rows

pytestmark = pytest.mark.postgres

People = dict[Role, Person]


def _change(installation: Installation, **values: object) -> None:
    with installation.writing() as session:
        session.execute(update(ApiToken).values(**values))
        seal_rows(session, anew=True)


def test_a_token_stands_for_its_owner(installation: Installation, people: People) -> None:
    token = tokens.create(installation, people[Role.DOCTOR], " PACS ", 30)
    assert tokens.verify(installation, token) == people[Role.DOCTOR]
    assert tokens.verify(installation, token + "x") is None
    assert tokens.verify(installation, "") is None
    (row,) = tokens.of_person(installation, people[Role.DOCTOR])
    assert row.name == "PACS"
    assert abs(row.expires_at - now() - timedelta(days=30)) < timedelta(minutes=1)


def test_the_database_and_the_trail_do_not_hold_it(
    installation: Installation, people: People
) -> None:
    token = tokens.create(installation, people[Role.DOCTOR], "PACS", 30, address="10.0.0.9")
    with installation.reading() as session:
        (row,) = session.scalars(select(ApiToken)).all()
        (entry,) = session.scalars(select(AuditEntry)).all()
    assert token.removeprefix(tokens.PREFIX) not in str(vars(row)) + str(vars(entry))
    assert (entry.action, entry.subject, entry.address) == (
        "token.create",
        f"token:{row.id}",
        "10.0.0.9",
    )


@pytest.mark.parametrize(
    ("name", "days", "fields"),
    [
        ("", 30, {"name"}),
        ("x" * 81, 30, {"name"}),
        ("x", 0, {"days"}),
        (" ", 366, {"name", "days"}),
    ],
)
def test_names_and_times_have_bounds(
    installation: Installation, people: People, name: str, days: int, fields: set[str]
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        tokens.create(installation, people[Role.DOCTOR], name, days)
    assert set(caught.value.fields) == fields
    assert not tokens.of_person(installation, people[Role.DOCTOR])


def test_tokens_end_with_the_password(installation: Installation, people: People) -> None:
    """Whoever knew the old password may have made one."""
    doctor, other = people[Role.DOCTOR], people[Role.RESEARCHER]
    mine = tokens.create(installation, doctor, "PACS", 30)
    theirs = tokens.create(installation, other, "R", 30)
    own_account.change_password(
        installation, Actor(doctor.id), doctor, old=PASSWORD, new="otra frase muy larga", keep=""
    )
    assert tokens.verify(installation, mine) is None
    assert tokens.verify(installation, theirs) == other


def test_only_roles_with_the_api_get_one(installation: Installation, people: People) -> None:
    for role, person in people.items():
        if Permission.USE_API in role.permissions:
            assert tokens.create(installation, person, "x", 1)
        else:
            with pytest.raises(ForbiddenError):
                tokens.create(installation, person, "x", 1)


def test_a_token_ends_when_its_time_is_over(installation: Installation, people: People) -> None:
    token = tokens.create(installation, people[Role.DOCTOR], "x", 1)
    _change(installation, expires_at=now() - timedelta(seconds=1))
    assert tokens.verify(installation, token) is None


def test_a_revoked_token_ends_at_once(installation: Installation, people: People) -> None:
    token = tokens.create(installation, people[Role.DOCTOR], "x", 1)
    (row,) = tokens.of_person(installation, people[Role.DOCTOR])
    with pytest.raises(NotFoundError):
        tokens.revoke(installation, people[Role.RADIOLOGIST], row.id)
    assert tokens.verify(installation, token) is not None
    tokens.revoke(installation, people[Role.DOCTOR], row.id)
    tokens.revoke(installation, people[Role.DOCTOR], row.id)
    assert tokens.verify(installation, token) is None
    assert not tokens.of_person(installation, people[Role.DOCTOR])
    with installation.reading() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.sequence)).all()
    assert actions == ["token.create", "token.revoke"]


def test_a_token_ends_with_its_owners_account(installation: Installation, people: People) -> None:
    token = tokens.create(installation, people[Role.DOCTOR], "x", 1)
    with installation.writing() as session:
        session.execute(update(User).values(active=False))
        seal_rows(session, anew=True)
    assert tokens.verify(installation, token) is None


def test_the_last_use_is_written_once_a_minute(installation: Installation, people: People) -> None:
    token = tokens.create(installation, people[Role.DOCTOR], "x", 1)
    assert tokens.of_person(installation, people[Role.DOCTOR])[0].last_used_at is None
    tokens.verify(installation, token)
    first = tokens.of_person(installation, people[Role.DOCTOR])[0].last_used_at
    assert first is not None
    tokens.verify(installation, token)
    assert tokens.of_person(installation, people[Role.DOCTOR])[0].last_used_at == first
    _change(installation, last_used_at=now() - timedelta(minutes=2))
    tokens.verify(installation, token)
    later = tokens.of_person(installation, people[Role.DOCTOR])[0].last_used_at
    assert later is not None
    assert later > first


def test_a_password_set_by_somebody_else_comes_first(
    installation: Installation, people: People
) -> None:
    token = tokens.create(installation, people[Role.DOCTOR], "x", 1)
    with installation.writing() as session:
        session.execute(update(User).values(must_change_password=True))
        seal_rows(session, anew=True)
    person = tokens.verify(installation, token)
    assert person is not None
    check_allowed(person, Permission.USE_OWN_ACCOUNT)
    with pytest.raises(PasswordChangeError):
        check_allowed(person, Permission.READ_CASE)
    with pytest.raises(ForbiddenError) as caught:
        check_allowed(person, Permission.MANAGE_USERS)
    assert caught.value.code == "forbidden"
