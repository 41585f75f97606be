"""Sessions end when idle, when old, and when told to; the database never holds what opens one."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from clinic_clock import Hands
from clinic_factory import add_unit
from covid_d.clinic.accounts import sessions, users
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.accounts.user_details import UserDetails
from covid_d.clinic.database.accounts import SignInSession, User
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

pytestmark = pytest.mark.postgres

People = dict[Role, Person]


def _start(installation: Installation, person: Person, browser: str | None = None) -> str:
    with installation.writing() as session:
        return sessions.start(session, session.get_one(User, person.id), browser)


def _rows(installation: Installation) -> list[SignInSession]:
    with installation.reading() as session:
        return list(session.scalars(select(SignInSession)))


def test_a_session_is_its_persons(installation: Installation, people: People) -> None:
    token = _start(installation, people[Role.DOCTOR], "Firefox · Ubuntu")
    found = sessions.resume(installation, token)
    assert found is not None
    assert found[0] == people[Role.DOCTOR]
    assert found[0].unit_name == "Hospital Uno"
    (row,) = _rows(installation)
    assert row.browser == "Firefox · Ubuntu"
    assert found[1] == row.csrf_token


def test_every_token_is_another_and_none_is_held(
    installation: Installation, people: People
) -> None:
    given = [_start(installation, people[Role.DOCTOR]) for _ in range(3)]
    rows = _rows(installation)
    held = {row.token_sha256 for row in rows} | {row.csrf_token for row in rows}
    assert len(set(given)) == 3
    assert len(held) == 6
    assert not held & set(given)
    assert not any(sessions.resume(installation, word) for word in held)


@pytest.mark.parametrize("token", ["", "x", "\x00", "é"])
def test_no_session_is_none(installation: Installation, people: People, token: str) -> None:
    _start(installation, people[Role.DOCTOR])
    assert sessions.resume(installation, token) is None


@pytest.mark.parametrize(
    ("minutes", "runs"), [(0, True), (29, True), (30, True), (30.1, False), (600, False)]
)
def test_half_an_hour_without_a_request_ends_it(
    installation: Installation, people: People, hands: Hands, minutes: float, runs: bool
) -> None:
    token = _start(installation, people[Role.DOCTOR])
    hands.on(minutes=minutes)
    assert (sessions.resume(installation, token) is not None) is runs


def test_use_keeps_it_but_not_for_ever(
    installation: Installation, people: People, hands: Hands
) -> None:
    token = _start(installation, people[Role.DOCTOR])
    for _ in range(24):
        hands.on(minutes=30)
        assert sessions.resume(installation, token) is not None
    hands.on(seconds=1)
    assert sessions.resume(installation, token) is None, "twelve hours are over"


@pytest.mark.parametrize(("seconds", "written"), [(59, False), (60, False), (61, True)])
def test_the_last_use_is_written_once_a_minute(
    installation: Installation, people: People, hands: Hands, seconds: int, written: bool
) -> None:
    token = _start(installation, people[Role.DOCTOR])
    began = hands.moment
    hands.on(seconds=seconds)
    sessions.resume(installation, token)
    assert _rows(installation)[0].last_seen_at == (hands.moment if written else began)
    assert _rows(installation)[0].created_at == began


def test_only_ended_ones_are_forgotten(
    installation: Installation, people: People, hands: Hands
) -> None:
    _start(installation, people[Role.DOCTOR])
    hands.on(minutes=20)
    kept = _start(installation, people[Role.RADIOLOGIST])
    hands.on(minutes=20)
    with installation.writing() as session:
        sessions.forget_ended(session, installation.settings)
    assert [row.user_id for row in _rows(installation)] == [people[Role.RADIOLOGIST].id]
    assert sessions.resume(installation, kept) is not None


def test_ending_one_leaves_the_others(installation: Installation, people: People) -> None:
    here, there = (_start(installation, people[Role.DOCTOR]) for _ in range(2))
    with installation.writing() as session:
        sessions.end(session, here)
    assert sessions.resume(installation, here) is None
    assert sessions.resume(installation, there) is not None


@pytest.mark.parametrize("keep", [True, False])
def test_ending_all_is_one_persons_all(
    installation: Installation, people: People, keep: bool
) -> None:
    doctor = people[Role.DOCTOR]
    here, there = (_start(installation, doctor) for _ in range(2))
    others = _start(installation, people[Role.RADIOLOGIST])
    with installation.writing() as session:
        sessions.end_all(session, doctor.id, but=here if keep else None)
    assert (sessions.resume(installation, here) is not None) is keep
    assert sessions.resume(installation, there) is None
    assert sessions.resume(installation, others) is not None


def test_a_new_name_shows_in_the_running_session(
    installation: Installation, people: People
) -> None:
    """Who it is is read anew with every request, not kept from the sign-in."""
    doctor = people[Role.DOCTOR]
    token = _start(installation, doctor)
    add_unit(installation, "Hospital Dos")
    users.edit(
        installation,
        Actor(people[Role.ADMINISTRATOR].id, "10.0.0.1"),
        doctor.id,
        UserDetails(doctor.username, "Dra. Vera", doctor.role, doctor.unit_id),
    )
    found = sessions.resume(installation, token)
    assert found is not None
    assert found[0].full_name == "Dra. Vera"
