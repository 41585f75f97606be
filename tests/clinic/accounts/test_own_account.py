"""One's own account: who has the password, and what ends when it changes."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from clinic_clock import Hands
from clinic_factory import PASSWORD
from covid_d.clinic.accounts import links, own_account, sessions, tokens, users
from covid_d.clinic.accounts.links import Purpose, SpentLinkError
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.accounts.sign_in import WrongPasswordError, sign_in
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import InvalidInputError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import token_hash
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

People = dict[Role, Person]
NEW = "otra frase larga de prueba"


@pytest.fixture
def doctor(people: People) -> Person:
    return people[Role.DOCTOR]


def _start(installation: Installation, person: Person, browser: str | None = None) -> str:
    with installation.writing() as session:
        return sessions.start(session, session.get_one(User, person.id), browser)


def _change(installation: Installation, person: Person, old: str, new: str, keep: str = "") -> None:
    actor = Actor(person.id, "10.0.0.2")
    own_account.change_password(installation, actor, person, old=old, new=new, keep=keep)


def _actions(installation: Installation) -> list[str]:
    with installation.reading() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.sequence)))


def test_a_changed_password_ends_every_other_way_in(
    installation: Installation, doctor: Person
) -> None:
    here, there = (_start(installation, doctor) for _ in range(2))
    key = tokens.create(installation, doctor, "programa", 9)
    with installation.writing() as session:
        link = links.issue(session, Purpose.PASSWORD, doctor.id)
    _change(installation, doctor, PASSWORD, NEW, keep=here)
    assert sessions.resume(installation, here) is not None
    assert sessions.resume(installation, there) is None
    assert tokens.verify(installation, key) is None
    with pytest.raises(SpentLinkError):
        own_account.person_of_link(installation, link)
    with pytest.raises(WrongPasswordError):
        sign_in(installation, "doctor", PASSWORD, "")
    assert sign_in(installation, "doctor", NEW, "")
    assert _actions(installation)[:2] == ["token.create", "password.change"]


def test_nobody_elses_sessions_end(
    installation: Installation, people: People, doctor: Person
) -> None:
    others = _start(installation, people[Role.RADIOLOGIST])
    key = tokens.create(installation, people[Role.RADIOLOGIST], "programa", 9)
    _change(installation, doctor, PASSWORD, NEW)
    assert sessions.resume(installation, others) is not None
    assert tokens.verify(installation, key) is not None


@pytest.mark.parametrize(
    ("old", "new", "field", "spanish"),
    [
        ("wrong", NEW, "old_password", "actual"),
        ("", NEW, "old_password", "actual"),
        (PASSWORD, PASSWORD, "new_password", "distinta"),
        (PASSWORD, "corta", "new_password", "12"),
        (PASSWORD, "el doctor del hospital", "new_password", "usuario"),
    ],
)
def test_a_refused_change_changes_nothing(
    installation: Installation, doctor: Person, old: str, new: str, field: str, spanish: str
) -> None:
    there = _start(installation, doctor)
    with pytest.raises(InvalidInputError) as caught:
        _change(installation, doctor, old, new)
    assert list(caught.value.fields) == [field]
    assert spanish in caught.value.fields[field].in_language("es").casefold()
    assert sessions.resume(installation, there) is not None
    assert not _actions(installation)
    assert sign_in(installation, "doctor", PASSWORD, "")


def test_a_password_of_ones_own_ends_the_duty_to_choose_one(
    installation: Installation, people: People, doctor: Person
) -> None:
    path = users.reset_password(installation, Actor(people[Role.ADMINISTRATOR].id, ""), doctor.id)
    assert own_account.person_of_link(installation, path.rpartition("/")[2]).must_change_password
    own_account.set_password(installation, path.rpartition("/")[2], NEW, "10.0.0.9")
    assert not users.one(installation, doctor.id).person.must_change_password
    with installation.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "password.set")).one()
    assert (entry.user_id, entry.address) == (doctor.id, "10.0.0.9")
    assert entry.subject == f"user:{doctor.id}"


def test_a_link_of_nobody_and_of_one_who_left_are_spent(
    installation: Installation, people: People, doctor: Person
) -> None:
    with installation.writing() as session:
        nobodys = links.issue(session, Purpose.PASSWORD)
    with pytest.raises(SpentLinkError):
        own_account.person_of_link(installation, nobodys)
    users.set_active(installation, Actor(people[Role.ADMINISTRATOR].id, ""), doctor.id, False)
    with installation.writing() as session:
        theirs = links.issue(session, Purpose.PASSWORD, doctor.id)
    with pytest.raises(SpentLinkError):
        own_account.set_password(installation, theirs, NEW, "")


def test_the_sessions_of_a_person_the_latest_used_first(
    installation: Installation, people: People, doctor: Person, hands: Hands
) -> None:
    old = _start(installation, doctor, "Chrome · Windows")
    began = hands.moment
    hands.on(minutes=5)
    new = _start(installation, doctor)
    _start(installation, people[Role.RADIOLOGIST], "another's")
    hands.on(minutes=5)
    sessions.resume(installation, old)
    first, second = own_account.open_sessions(installation, doctor, current=new)
    assert (first.browser, first.started_at, first.last_seen_at, first.current) == (
        "Chrome · Windows",
        began,
        hands.moment,
        False,
    )
    assert (second.browser, second.current) == (None, True)
    assert {first.id, second.id} == {token_hash(old), token_hash(new)}, "not the tokens"
    hands.on(minutes=26)
    assert [each.browser for each in own_account.open_sessions(installation, doctor, new)] == [
        "Chrome · Windows"
    ], "what ended by itself is not shown"


def test_a_session_is_ended_by_its_owner_alone(
    installation: Installation, people: People, doctor: Person
) -> None:
    token = _start(installation, doctor)
    other = people[Role.RADIOLOGIST]
    with pytest.raises(NotFoundError):
        own_account.end_session(
            installation, Actor(other.id, ""), other, session_id=token_hash(token)
        )
    assert sessions.resume(installation, token) is not None
    own_account.end_session(installation, Actor(doctor.id, ""), doctor, token_hash(token))
    assert sessions.resume(installation, token) is None
    with pytest.raises(NotFoundError):
        own_account.end_session(installation, Actor(doctor.id, ""), doctor, token_hash(token))
    assert _actions(installation) == ["session.end"]


@pytest.mark.postgres
@pytest.mark.parametrize("language", ["es", "en"])
def test_the_language_is_kept_with_the_account(
    installation: Installation, people: People, doctor: Person, language: str
) -> None:
    own_account.choose_language(installation, doctor, language)  # type: ignore[arg-type]
    assert users.one(installation, doctor.id).person.language == language
    assert users.one(installation, people[Role.RADIOLOGIST].id).person.language is None
