"""Administering people: no password known to anybody else, changes at once, one stays in charge."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, update

from clinic_factory import PASSWORD, add_unit, add_user
from covid_d.clinic.accounts import own_account, passwords, sessions, tokens, users
from covid_d.clinic.accounts.attempts import TRIES
from covid_d.clinic.accounts.links import SpentLinkError
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.accounts.sign_in import RestingError, WrongPasswordError, sign_in
from covid_d.clinic.accounts.user_details import UserDetails
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import OneTimeLink, User
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import ConflictError, InvalidInputError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

pytestmark = pytest.mark.postgres

People = dict[Role, Person]
NEW = "otra frase larga de prueba"


def _actor(people: People) -> Actor:
    return Actor(people[Role.ADMINISTRATOR].id, "10.0.0.1")


def _session(installation: Installation, person: Person) -> str:
    with installation.writing() as session:
        return sessions.start(session, session.get_one(User, person.id))


def _details(person: Person, **changes: object) -> UserDetails:
    given = {
        "username": person.username,
        "full_name": person.full_name,
        "role": person.role,
        "unit_id": person.unit_id,
    }
    return UserDetails(**given | changes)  # type: ignore[arg-type]


def _entries(installation: Installation) -> list[AuditEntry]:
    with installation.reading() as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)))


def _token(path: str) -> str:
    return path.rpartition("/")[2]


def test_a_new_person_sets_a_password_nobody_else_knows(
    installation: Installation, people: People
) -> None:
    details = UserDetails("luis@hospital.ec", "Luis Vera", Role.DOCTOR, people[Role.DOCTOR].unit_id)
    user_id, path = users.create(installation, _actor(people), details)
    assert not users.one(installation, user_id).ready
    assert own_account.person_of_link(installation, _token(path)).id == user_id
    own_account.set_password(installation, _token(path), NEW, "10.0.0.2")
    assert users.one(installation, user_id).ready
    assert sign_in(installation, "Luis@hospital.ec", NEW, "")
    with pytest.raises(SpentLinkError):
        own_account.set_password(installation, _token(path), PASSWORD, "10.0.0.2")
    created, chosen, _ = _entries(installation)
    assert (created.action, created.detail["role"]) == ("user.create", "doctor")
    assert (chosen.action, chosen.user_id) == ("password.set", user_id)


def test_a_weak_password_keeps_the_link(installation: Installation, people: People) -> None:
    path = users.reset_password(installation, _actor(people), people[Role.DOCTOR].id)
    with pytest.raises(InvalidInputError):
        own_account.set_password(installation, _token(path), "short", "")
    own_account.set_password(installation, _token(path), NEW, "")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": "DOCTOR"}, "username"),
        ({"username": "médico"}, "username"),
        ({"username": "<script>"}, "username"),
        ({"full_name": ""}, "full_name"),
        ({"full_name": "a\nb"}, "full_name"),
        ({"unit_id": None}, "unit_id"),
        ({"unit_id": 999}, "unit_id"),
    ],
)
def test_wrong_details_are_refused_by_field(
    installation: Installation, people: People, change: dict[str, object], field: str
) -> None:
    given = {
        "username": "luis",
        "full_name": "Luis Vera",
        "role": Role.DOCTOR,
        "unit_id": people[Role.DOCTOR].unit_id,
    }
    with pytest.raises(InvalidInputError) as caught:
        users.create(installation, _actor(people), UserDetails(**given | change))  # type: ignore[arg-type]
    assert set(caught.value.fields) == {field}


def test_who_sees_no_patient_needs_no_unit(installation: Installation, people: People) -> None:
    users.create(installation, _actor(people), UserDetails("rita", "Rita", Role.RESEARCHER))


def test_a_new_role_or_unit_ends_sessions_at_once(
    installation: Installation, people: People
) -> None:
    doctor, other = people[Role.DOCTOR], add_unit(installation, "Hospital Dos")
    for change in ({"role": Role.RADIOLOGIST}, {"unit_id": other}):
        token = _session(installation, doctor)
        users.edit(installation, _actor(people), doctor.id, _details(doctor, **change))
        assert sessions.resume(installation, token) is None
    assert _entries(installation)[0].detail == {"role": ["doctor", "radiologist"]}


def test_a_new_name_ends_nothing_and_no_change_leaves_no_trace(
    installation: Installation, people: People
) -> None:
    doctor = people[Role.DOCTOR]
    token = _session(installation, doctor)
    users.edit(installation, _actor(people), doctor.id, _details(doctor))
    assert not _entries(installation)
    users.edit(installation, _actor(people), doctor.id, _details(doctor, full_name="Dr. Vera"))
    assert sessions.resume(installation, token) is not None
    assert len(_entries(installation)) == 1


def test_switching_off_ends_everything_at_once(installation: Installation, people: People) -> None:
    doctor, actor = people[Role.DOCTOR], _actor(people)
    session_token, api = _session(installation, doctor), tokens.create(installation, doctor, "x", 9)
    path = users.reset_password(installation, actor, doctor.id)
    own_account.set_password(installation, _token(path), NEW, "")
    session_token = _session(installation, doctor)
    users.set_active(installation, actor, doctor.id, False)
    assert sessions.resume(installation, session_token) is None
    assert tokens.verify(installation, api) is None
    with pytest.raises(WrongPasswordError):
        sign_in(installation, "doctor", NEW, "")
    with pytest.raises(ConflictError):
        users.reset_password(installation, actor, doctor.id)
    users.set_active(installation, actor, doctor.id, True)
    assert sessions.resume(installation, session_token) is None
    assert sign_in(installation, "doctor", NEW, "")


def test_an_open_link_of_a_switched_off_account_is_void(
    installation: Installation, people: People
) -> None:
    path = users.reset_password(installation, _actor(people), people[Role.DOCTOR].id)
    users.set_active(installation, _actor(people), people[Role.DOCTOR].id, False)
    users.set_active(installation, _actor(people), people[Role.DOCTOR].id, True)
    with pytest.raises(SpentLinkError):
        own_account.set_password(installation, _token(path), NEW, "")


def test_a_reset_takes_the_old_password_and_older_links_away(
    installation: Installation, people: People
) -> None:
    doctor, actor = people[Role.DOCTOR], _actor(people)
    session_token = _session(installation, doctor)
    first = users.reset_password(installation, actor, doctor.id)
    assert sessions.resume(installation, session_token) is None
    with pytest.raises(WrongPasswordError):
        sign_in(installation, "doctor", PASSWORD, "")
    assert users.one(installation, doctor.id).person.must_change_password
    second = users.reset_password(installation, actor, doctor.id)
    with pytest.raises(SpentLinkError):
        own_account.person_of_link(installation, _token(first))
    own_account.set_password(installation, _token(second), NEW, "")
    assert not users.one(installation, doctor.id).person.must_change_password


def test_a_link_ends_after_a_day(installation: Installation, people: People) -> None:
    path = users.reset_password(installation, _actor(people), people[Role.DOCTOR].id)
    with installation.writing() as session:
        session.execute(update(OneTimeLink).values(expires_at=now() - timedelta(seconds=1)))
    with pytest.raises(SpentLinkError):
        own_account.set_password(installation, _token(path), NEW, "")


def test_unlocking_lets_try_again_at_once(installation: Installation, people: People) -> None:
    for _ in range(TRIES):
        with pytest.raises(WrongPasswordError):
            sign_in(installation, "doctor", "wrong", "")
    assert users.one(installation, people[Role.DOCTOR].id).locked_until is not None
    with pytest.raises(RestingError):
        sign_in(installation, "doctor", PASSWORD, "")
    users.unlock(installation, _actor(people), people[Role.DOCTOR].id)
    assert sign_in(installation, "doctor", PASSWORD, "")


def test_the_last_administrator_stays(installation: Installation, people: People) -> None:
    chief, actor = people[Role.ADMINISTRATOR], _actor(people)

    def remove() -> None:
        with pytest.raises(ConflictError) as caught:
            users.set_active(installation, actor, chief.id, False)
        assert caught.value.code == "last_administrator"
        with pytest.raises(ConflictError):
            users.edit(installation, actor, chief.id, _details(chief, role=Role.RESEARCHER))

    remove()
    # One who cannot sign in yet, or no longer, does not count.
    _, path = users.create(installation, actor, UserDetails("eva", "Eva", Role.ADMINISTRATOR))
    remove()
    own_account.set_password(installation, _token(path), NEW, "")
    users.set_active(installation, actor, chief.id, False)
    with pytest.raises(ConflictError):
        users.set_active(installation, actor, own_id(installation, "eva"), False)


@pytest.mark.parametrize("how", ["switched off", "made a researcher"])
def test_two_administrators_who_remove_each_other_at_once_leave_one(
    installation: Installation, people: People, how: str
) -> None:
    """Each asks while the other is being asked; neither waits for ever, and one stays."""
    chief = people[Role.ADMINISTRATOR]
    second = add_user(installation, "eva", Role.ADMINISTRATOR)
    both = (chief, second)

    def remove(who: Person, whom: Person, together: Barrier) -> str:
        together.wait(timeout=300)
        try:
            if how == "switched off":
                users.set_active(installation, Actor(who.id), whom.id, False)
            else:
                details = _details(whom, role=Role.RESEARCHER)
                users.edit(installation, Actor(who.id), whom.id, details)
        except ConflictError as error:
            return error.code
        return "removed"

    with ThreadPoolExecutor(2) as pool:
        for _ in range(10):
            together = Barrier(2)
            asked = [
                pool.submit(remove, who, whom, together)
                for who, whom in zip(both, reversed(both), strict=True)
            ]
            found = sorted(one.result(timeout=300) for one in asked)
            assert found == ["last_administrator", "removed"]
            with installation.writing() as session:
                rows = session.scalars(select(User).where(User.id.in_([one.id for one in both])))
                left = [row for row in rows if row.active and row.role == Role.ADMINISTRATOR.value]
                assert len(left) == 1
            (gone,) = [one for one in both if one.id != left[0].id]
            users.set_active(installation, Actor(left[0].id), gone.id, True)
            users.edit(installation, Actor(left[0].id), gone.id, _details(gone))


def own_id(installation: Installation, username: str) -> int:
    with installation.reading() as session:
        return session.scalars(select(User.id).where(User.username == username)).one()


def test_ones_own_password_is_not_reset_here(installation: Installation, people: People) -> None:
    with pytest.raises(ConflictError) as caught:
        users.reset_password(installation, _actor(people), people[Role.ADMINISTRATOR].id)
    assert caught.value.code == "own_account"


def test_the_list_shows_the_active_first_and_no_hash(
    installation: Installation, people: People
) -> None:
    users.set_active(installation, _actor(people), people[Role.DOCTOR].id, False)
    add_user(installation, "zoe", Role.RESEARCHER)
    found = users.every(installation)
    assert [account.active for account in found] == [True] * 4 + [False]
    with installation.reading() as session:
        stored = session.get_one(User, people[Role.DOCTOR].id).password_hash or ""
    assert passwords.matches(PASSWORD, stored)
    assert stored not in repr(found)
    with pytest.raises(NotFoundError):
        users.one(installation, 999)
