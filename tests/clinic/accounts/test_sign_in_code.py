"""Signing in with a code after the password; what wrong codes cost; who must have one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from authenticator import STEP, code_of, enrol, wrong_code
from clinic_clock import Hands
from clinic_factory import PASSWORD, add_unit, add_user
from covid_d.clinic.accounts import sessions, tokens, users
from covid_d.clinic.accounts.attempts import TRIES
from covid_d.clinic.accounts.people import (
    PasswordChangeError,
    Person,
    SecondFactorNeededError,
    check_allowed,
)
from covid_d.clinic.accounts.sign_in import (
    HalfWay,
    HalfWayError,
    RestingError,
    WrongCodeError,
    WrongPasswordError,
    finish,
    sign_in,
)
from covid_d.clinic.accounts.user_details import UserDetails
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import ConflictError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Permission, Role
from covid_d.clinic.trail.audit_trail import Actor

pytestmark = pytest.mark.postgres

People = dict[Role, Person]
HERE, ELSEWHERE = "10.0.0.5", "203.0.113.9"


@pytest.fixture
def doctor(people: People) -> Person:
    return people[Role.DOCTOR]


@pytest.fixture
def secret(installation: Installation, doctor: Person, hands: Hands) -> str:
    """The doctor's, a few steps after it was set up."""
    secret, _ = enrol(installation, doctor, PASSWORD, at=hands.moment)
    hands.on(seconds=STEP * 3)
    return secret


def _half_way(installation: Installation, address: str = HERE) -> HalfWay:
    found = sign_in(installation, "doctor", PASSWORD, address)
    assert isinstance(found, HalfWay)
    return found


def _last(installation: Installation) -> AuditEntry:
    with installation.reading() as session:
        return session.query(AuditEntry).order_by(AuditEntry.sequence.desc()).limit(1).one()


def test_the_password_alone_opens_nothing(
    installation: Installation, doctor: Person, secret: str
) -> None:
    half_way = _half_way(installation)
    assert half_way.user_id == doctor.id
    assert _last(installation).action == "sign_in.password"
    assert sessions.resume(installation, half_way.proof) is None


def test_the_code_does(
    installation: Installation, doctor: Person, secret: str, hands: Hands
) -> None:
    token, way = finish(installation, _half_way(installation), code_of(secret, hands.moment), HERE)
    found = sessions.resume(installation, token)
    assert found is not None
    assert found[0].id == doctor.id
    entry = _last(installation)
    assert (way, entry.action, entry.detail) == ("code", "sign_in", {"by": "code"})
    assert (entry.user_id, entry.address) == (doctor.id, HERE)


def test_a_code_that_let_somebody_in_lets_nobody_in_again(
    installation: Installation, secret: str, hands: Hands
) -> None:
    code = code_of(secret, hands.moment)
    finish(installation, _half_way(installation), code, HERE)
    with pytest.raises(WrongCodeError):
        finish(installation, _half_way(installation), code, HERE)


def test_a_wrong_password_is_answered_as_ever(installation: Installation, secret: str) -> None:
    """Who has a second factor is not told to whoever does not know the password."""
    with pytest.raises(WrongPasswordError):
        sign_in(installation, "doctor", "wrong", HERE)


def test_wrong_codes_count_like_wrong_passwords(
    installation: Installation, doctor: Person, secret: str, hands: Hands
) -> None:
    half_way, wrong = _half_way(installation), wrong_code(secret, hands.moment)
    for _ in range(TRIES):
        with pytest.raises(WrongCodeError):
            finish(installation, half_way, wrong, HERE)
    right = code_of(secret, hands.moment)
    with pytest.raises(RestingError):
        finish(installation, half_way, right, HERE)
    with pytest.raises(RestingError):
        sign_in(installation, "doctor", PASSWORD, HERE)
    assert users.one(installation, doctor.id).locked_until is not None
    assert finish(installation, _half_way(installation, ELSEWHERE), right, ELSEWHERE), "not there"


def test_the_right_password_pardons_no_wrong_code(
    installation: Installation, secret: str, hands: Hands
) -> None:
    """Else whoever has the password could try codes for ever."""
    wrong = wrong_code(secret, hands.moment)
    for _ in range(TRIES):
        with pytest.raises(WrongCodeError):
            finish(installation, _half_way(installation), wrong, HERE)
    with pytest.raises(RestingError):
        sign_in(installation, "doctor", PASSWORD, HERE)


def test_wrong_passwords_and_codes_are_one_count(
    installation: Installation, secret: str, hands: Hands
) -> None:
    for _ in range(TRIES - 1):
        with pytest.raises(WrongPasswordError):
            sign_in(installation, "doctor", "wrong", HERE)
    with pytest.raises(WrongCodeError):
        finish(installation, _half_way(installation), wrong_code(secret, hands.moment), HERE)
    with pytest.raises(RestingError):
        finish(
            installation,
            _half_way(installation, ELSEWHERE),
            code_of(secret, hands.moment),
            HERE,
        )


@pytest.mark.parametrize("what", ["password", "factor", "off", "another"])
def test_half_way_in_ends_when_the_account_changes(
    installation: Installation, doctor: Person, secret: str, hands: Hands, what: str
) -> None:
    half_way, administrator = _half_way(installation), Actor(None)
    if what == "password":
        users.reset_password(installation, administrator, doctor.id)
    elif what == "factor":
        users.reset_second_factor(installation, administrator, doctor.id)
    elif what == "off":
        users.set_active(installation, administrator, doctor.id, False)
    else:
        half_way = replace(half_way, user_id=10_000)
    with pytest.raises(HalfWayError):
        finish(installation, half_way, code_of(secret, hands.moment), HERE)


def test_an_administrator_takes_it_off(
    installation: Installation, people: People, doctor: Person, secret: str, hands: Hands
) -> None:
    token, _ = finish(installation, _half_way(installation), code_of(secret, hands.moment), HERE)
    assert users.one(installation, doctor.id).second_factor is not None
    administrator = Actor(people[Role.ADMINISTRATOR].id, HERE)
    users.reset_second_factor(installation, administrator, doctor.id)
    entry = _last(installation)
    assert (entry.action, entry.subject) == ("user.reset_second_factor", f"user:{doctor.id}")
    assert entry.user_id == administrator.user_id
    assert sessions.resume(installation, token) is None
    assert isinstance(sign_in(installation, "doctor", PASSWORD, HERE), str)
    with pytest.raises(ConflictError):
        users.reset_second_factor(installation, administrator, doctor.id)


def test_nobody_takes_off_their_own_that_way(
    installation: Installation, doctor: Person, secret: str
) -> None:
    with pytest.raises(ConflictError):
        users.reset_second_factor(installation, Actor(doctor.id), doctor.id)


def test_a_new_password_leaves_it(installation: Installation, doctor: Person, secret: str) -> None:
    users.reset_password(installation, Actor(None), doctor.id)
    assert users.one(installation, doctor.id).second_factor is not None


def test_saving_an_account_altered_in_sql_takes_it_off(
    installation: Installation, doctor: Person, secret: str
) -> None:
    """Whoever wrote into the row may have put a secret of theirs there."""
    with installation.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE user_account SET totp_encrypted = 'theirs' WHERE id = {doctor.id}"
        )
    with pytest.raises(ConflictError):
        users.reset_second_factor(installation, Actor(None), doctor.id)
    with pytest.raises(WrongPasswordError):
        sign_in(installation, "doctor", PASSWORD, HERE)
    details = UserDetails("doctor", "Doctor", Role.DOCTOR, doctor.unit_id)
    users.edit(installation, Actor(None), doctor.id, details)
    account = users.one(installation, doctor.id)
    assert (account.altered, account.second_factor, account.ready) == (False, None, False)


@pytest.fixture
def strict(installation: Installation) -> Installation:
    """An installation whose administrators and doctors must have one."""
    chosen = installation.settings.model_copy(update={"second_factor": "doctor, administrator"})
    return replace(installation, settings=chosen)


def test_who_must_have_one_gets_nowhere_without(strict: Installation, people: People) -> None:
    assert people[Role.DOCTOR].username == "doctor"
    token = sign_in(strict, "doctor", PASSWORD, HERE)
    assert isinstance(token, str)
    found = sessions.resume(strict, token)
    assert found is not None
    person = found[0]
    check_allowed(person, Permission.USE_OWN_ACCOUNT)
    with pytest.raises(SecondFactorNeededError):
        check_allowed(person, Permission.READ_CASE)
    with pytest.raises(PasswordChangeError):
        check_allowed(replace(person, must_change_password=True), Permission.READ_CASE)


def test_other_roles_are_left_alone(strict: Installation, people: People) -> None:
    token = sign_in(strict, people[Role.RESEARCHER].username, PASSWORD, HERE)
    assert isinstance(token, str)
    found = sessions.resume(strict, token)
    assert found is not None
    check_allowed(found[0], Permission.EXPORT_COLLECTION)


def test_with_it_everything_is_open(
    strict: Installation, doctor: Person, secret: str, hands: Hands
) -> None:
    token, _ = finish(strict, _half_way(strict), code_of(secret, hands.moment), HERE)
    found = sessions.resume(strict, token)
    assert found is not None
    check_allowed(found[0], Permission.READ_CASE)


def test_an_institutions_account_is_asked_there(strict: Installation, doctor: Person) -> None:
    with strict.writing() as session:
        user = session.get_one(User, doctor.id)
        token = sessions.start(session, user, way=sessions.OPENID)
    found = sessions.resume(strict, token)
    assert found is not None
    check_allowed(found[0], Permission.READ_CASE)


def test_tokens_need_no_code_but_rest_while_it_is_missing(
    strict: Installation, installation: Installation, hands: Hands
) -> None:
    add_unit(installation, "Hospital Dos")
    doctor = add_user(installation, "eva", Role.DOCTOR, unit="Hospital Dos")
    token = tokens.create(installation, doctor, "PACS", 30)
    resting = tokens.verify(strict, token)
    assert resting is not None
    with pytest.raises(SecondFactorNeededError):
        check_allowed(resting, Permission.USE_API)
    enrol(strict, doctor, PASSWORD, at=hands.moment)
    working = tokens.verify(strict, token)
    assert working is not None
    check_allowed(working, Permission.USE_API)
