"""The second factor: standard codes, each once, within a step; recovery codes; none in clear."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from sqlalchemy import select, update

from authenticator import STEP, code_of, enrol, wrong_code
from clinic_clock import Hands
from clinic_factory import PASSWORD
from covid_d.clinic.accounts import second_factor, sessions
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.database.sealed import AlteredError, table_of
from covid_d.clinic.errors import ConflictError, InvalidInputError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from signed_tokens import forged

pytestmark = pytest.mark.postgres
People = dict[Role, Person]
ACTOR = Actor(None, "127.0.0.1")


@pytest.fixture
def doctor(people: People) -> Person:
    return people[Role.DOCTOR]


def _accept(installation: Installation, person: Person, code: str) -> str | None:
    with installation.act(ACTOR) as act:
        user = act.session.get_one(User, person.id)
        found = second_factor.accept(installation.keys, user, code)
        act.record("sign_in" if found else "sign_in.failed", user)
    return found


def _actions(installation: Installation) -> list[str]:
    with installation.reading() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.sequence)))


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
    ],
)
def test_the_tests_own_app_is_a_standard_one(at: int, code: str) -> None:
    """RFC 6238, appendix B (SHA-1): what the codes below are reckoned by."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert code_of(secret, datetime.fromtimestamp(at, UTC), digits=8) == code


def test_what_the_app_scans_is_what_one_types(installation: Installation, doctor: Person) -> None:
    enrolment = second_factor.begin(installation, doctor, PASSWORD)
    parts = urlsplit(enrolment.uri)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/COVID-D:doctor"
    assert asked["secret"] == enrolment.secret
    assert asked["issuer"] == "COVID-D"
    assert (asked["digits"], asked["period"], asked["algorithm"]) == ("6", "30", "SHA1")
    assert len(base64.b32decode(enrolment.secret)) * 8 == 160


def test_nothing_is_on_before_a_code_was_given(
    installation: Installation, doctor: Person, hands: Hands
) -> None:
    enrolment = second_factor.begin(installation, doctor, PASSWORD)
    assert second_factor.state(installation, doctor).since is None
    with pytest.raises(InvalidInputError) as refused:
        second_factor.confirm(
            installation,
            ACTOR,
            doctor,
            enrolment,
            wrong_code(enrolment.secret, hands.moment),
            keep="",
        )
    assert set(refused.value.fields) == {"code"}
    assert second_factor.state(installation, doctor).since is None


def test_setting_up_asks_for_the_password(installation: Installation, doctor: Person) -> None:
    with pytest.raises(InvalidInputError) as refused:
        second_factor.begin(installation, doctor, "wrong")
    assert set(refused.value.fields) == {"password"}


def test_a_secret_is_its_persons_and_not_for_ever(
    installation: Installation, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor, radiologist = people[Role.DOCTOR], people[Role.RADIOLOGIST]
    enrolment = second_factor.begin(installation, doctor, PASSWORD)
    assert second_factor.opened(installation, doctor, enrolment.token) == enrolment
    assert second_factor.opened(installation, radiologist, enrolment.token) is None
    assert second_factor.opened(installation, doctor, forged(enrolment.token)) is None
    assert second_factor.opened(installation, doctor, "") is None
    monkeypatch.setattr(second_factor, "MINUTES", -1)
    assert second_factor.opened(installation, doctor, enrolment.token) is None


def test_the_database_holds_neither_secret_nor_codes(
    installation: Installation, doctor: Person, hands: Hands
) -> None:
    secret, codes = enrol(installation, doctor, PASSWORD, at=hands.moment)
    with installation.engine.connect() as connection:
        row = connection.execute(select(table_of(User)).where(User.id == doctor.id)).one()
    told = json.dumps([str(value) for value in row])
    assert secret not in told
    assert not any(code in told or code.replace("-", "") in told for code in codes)
    assert installation.keys.decrypt(row.totp_encrypted) == secret


def test_a_code_works_once(installation: Installation, doctor: Person, hands: Hands) -> None:
    secret, _ = enrol(installation, doctor, PASSWORD, at=hands.moment)
    used = code_of(secret, hands.moment)
    assert _accept(installation, doctor, used) is None, "confirming used it up"
    hands.on(seconds=STEP)
    fresh = code_of(secret, hands.moment)
    assert _accept(installation, doctor, fresh) == "code"
    assert _accept(installation, doctor, fresh) is None
    assert _accept(installation, doctor, used) is None, "nor one before it"


@pytest.mark.parametrize(
    ("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_phones_clock_may_be_one_step_off(
    installation: Installation, doctor: Person, hands: Hands, steps: int, accepted: bool
) -> None:
    secret, _ = enrol(installation, doctor, PASSWORD, at=hands.moment)
    hands.on(seconds=STEP * 10)
    code = code_of(secret, hands.moment + timedelta(seconds=STEP * steps))
    assert (_accept(installation, doctor, code) == "code") is accepted


def test_a_code_is_read_as_people_type_it(
    installation: Installation, doctor: Person, hands: Hands
) -> None:
    secret, codes = enrol(installation, doctor, PASSWORD, at=hands.moment)
    hands.on(seconds=STEP * 3)
    code = code_of(secret, hands.moment)
    assert _accept(installation, doctor, f" {code[:3]} {code[3:]} ") == "code"
    assert _accept(installation, doctor, codes[0].upper().replace("-", " ")) == "recovery"


@pytest.mark.parametrize("typed", ["", " ", "12345", "1234567", "١٢٣٤٥٦", "abcdef", "-", "0" * 400])
def test_anything_else_is_no_code(
    installation: Installation, doctor: Person, hands: Hands, typed: str
) -> None:
    enrol(installation, doctor, PASSWORD, at=hands.moment)
    hands.on(seconds=STEP * 3)
    assert _accept(installation, doctor, typed) is None


def test_nobody_without_a_second_factor_has_a_code(
    installation: Installation, doctor: Person
) -> None:
    assert _accept(installation, doctor, "000000") is None


def test_recovery_codes_work_once_each(
    installation: Installation, people: People, hands: Hands
) -> None:
    doctor = people[Role.DOCTOR]
    _, codes = enrol(installation, doctor, PASSWORD, at=hands.moment)
    _, others = enrol(installation, people[Role.RADIOLOGIST], PASSWORD, at=hands.moment)
    assert len(set(codes)) == second_factor.CODES
    assert second_factor.state(installation, doctor).codes_left == second_factor.CODES
    assert _accept(installation, doctor, others[0]) is None, "somebody else's"
    assert [_accept(installation, doctor, code) for code in codes] == ["recovery"] * len(codes)
    assert [_accept(installation, doctor, code) for code in codes] == [None] * len(codes)
    assert second_factor.state(installation, doctor).codes_left == 0


def test_new_recovery_codes_end_the_old_ones(
    installation: Installation, doctor: Person, hands: Hands
) -> None:
    secret, old = enrol(installation, doctor, PASSWORD, at=hands.moment)
    hands.on(seconds=STEP)
    with pytest.raises(InvalidInputError):
        second_factor.renew_codes(installation, ACTOR, doctor, old[0])
    assert second_factor.state(installation, doctor).codes_left == len(old), "a refusal uses none"
    new = second_factor.renew_codes(installation, ACTOR, doctor, code_of(secret, hands.moment))
    assert not set(old) & set(new)
    assert _accept(installation, doctor, old[1]) is None
    assert _accept(installation, doctor, new[1]) == "recovery"


def test_switching_on_ends_every_other_session(
    installation: Installation, doctor: Person, hands: Hands
) -> None:
    with installation.writing() as session:
        user = session.get_one(User, doctor.id)
        mine, elsewhere = sessions.start(session, user), sessions.start(session, user)
    enrolment = second_factor.begin(installation, doctor, PASSWORD)
    code = code_of(enrolment.secret, hands.moment)
    second_factor.confirm(installation, ACTOR, doctor, enrolment, code, keep=mine)
    assert sessions.resume(installation, mine) is not None
    assert sessions.resume(installation, elsewhere) is None


def test_it_is_set_up_once(installation: Installation, doctor: Person, hands: Hands) -> None:
    waiting = second_factor.begin(installation, doctor, PASSWORD)
    enrol(installation, doctor, PASSWORD, at=hands.moment)
    with pytest.raises(ConflictError):
        second_factor.begin(installation, doctor, PASSWORD)
    with pytest.raises(ConflictError):
        second_factor.confirm(
            installation, ACTOR, doctor, waiting, code_of(waiting.secret, hands.moment), keep=""
        )


@pytest.mark.parametrize("by", ["app", "recovery"])
def test_it_is_switched_off_by_password_and_code(
    installation: Installation, doctor: Person, hands: Hands, by: str
) -> None:
    secret, codes = enrol(installation, doctor, PASSWORD, at=hands.moment)
    hands.on(seconds=STEP)
    code = code_of(secret, hands.moment) if by == "app" else codes[3]

    def off(password: str, code: str) -> set[str]:
        try:
            second_factor.switch_off(installation, ACTOR, doctor, password=password, code=code)
        except InvalidInputError as error:
            return set(error.fields)
        return set()

    assert off("wrong", code) == {"password"}
    assert off(PASSWORD, wrong_code(secret, hands.moment)) == {"code"}
    assert second_factor.state(installation, doctor).since is not None
    assert off(PASSWORD, code) == set()
    assert second_factor.state(installation, doctor) == second_factor.FactorState(None, 0, True)
    with installation.reading() as session:
        user = session.get_one(User, doctor.id)
        left = (user.totp_encrypted, user.totp_since, user.totp_step, user.recovery_hashes)
        assert left == (None,) * 4
        assert not user.altered


def test_the_trail_tells_of_it_and_names_no_code(
    installation: Installation, doctor: Person, hands: Hands
) -> None:
    secret, codes = enrol(installation, doctor, PASSWORD, at=hands.moment)
    hands.on(seconds=STEP)
    second_factor.renew_codes(installation, ACTOR, doctor, code_of(secret, hands.moment))
    hands.on(seconds=STEP)
    code = code_of(secret, hands.moment)
    second_factor.switch_off(installation, ACTOR, doctor, password=PASSWORD, code=code)
    told = [action for action in _actions(installation) if action.startswith("second_factor")]
    assert told == ["second_factor.on", "second_factor.codes", "second_factor.off"]
    with installation.reading() as session:
        details = json.dumps(list(session.scalars(select(AuditEntry.detail))))
    assert not any(word in details for word in (secret, code, *codes))


@pytest.mark.parametrize("column", ["totp_encrypted", "totp_step", "recovery_hashes"])
def test_the_seal_covers_it(
    installation: Installation, doctor: Person, hands: Hands, column: str
) -> None:
    secret, _ = enrol(installation, doctor, PASSWORD, at=hands.moment)
    with installation.engine.begin() as connection:
        connection.execute(
            update(table_of(User)).where(table_of(User).c.id == doctor.id).values({column: None})
        )
    with installation.reading() as session:
        assert session.get_one(User, doctor.id).altered
    hands.on(seconds=STEP)
    if column != "totp_encrypted":
        with pytest.raises(AlteredError):
            _accept(installation, doctor, code_of(secret, hands.moment))


def test_now_is_the_clinics_own(installation: Installation, doctor: Person) -> None:
    """Without a clock that stands still, once: enrolment and code go by the real time."""
    enrol(installation, doctor, PASSWORD)
    since = second_factor.state(installation, doctor).since
    assert since is not None
    assert now() - since < timedelta(minutes=1)
