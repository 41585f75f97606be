"""A second factor: codes of an authenticator app (TOTP, RFC 6238), and codes for when it is lost.

The secret lies encrypted with the installation's key, recovery codes as hashes. A code works once:
the step it belongs to is kept, and none up to that step works again.
"""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from itsdangerous import BadSignature, URLSafeTimedSerializer

from covid_d.clinic.accounts import passwords, sessions
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import User
from covid_d.clinic.errors import ConflictError, InvalidInputError
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import Keys, token_hash
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_, Text

CODES: Final = 10
"""Recovery codes that are made at a time."""
CODE: Final = "code"
RECOVERY: Final = "recovery"
STEP_SECONDS: Final = 30
WINDOW: Final = 1
"""Steps by which a phone's clock may be ahead or behind."""
MINUTES: Final = 15
"""How long a secret that was shown can be confirmed."""
WRONG_CODE: Final[Text] = N_("This code is wrong, too old, or was used already.")
_DIGITS: Final = 6
_SECRET_BYTES: Final = 20  # 160 bits, what RFC 4226 recommends
_ISSUER: Final = "COVID-D"
# No 0, 1, i, l, o: nobody has to guess what was printed. 16 of them hold 79 bits.
_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"
_LENGTH: Final = 16
_GROUP: Final = 4


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret that waits to be confirmed.

    Parameters
    ----------
    secret
        To type into the app, base32.
    uri
        The same for a QR code: ``otpauth://totp/...``.
    token
        Signed, for the form that confirms it; nothing is stored before.
    """

    secret: str
    uri: str
    token: str


@dataclass(frozen=True, slots=True)
class FactorState:
    """What a person has.

    Parameters
    ----------
    since
        When the second factor was switched on; ``None`` if it is off.
    codes_left
        Recovery codes that were not used.
    has_password
        Whether there is a password that it could stand beside.
    """

    since: datetime | None
    codes_left: int
    has_password: bool


def state(installation: Installation, person: Person) -> FactorState:
    """Return what a person has."""
    with installation.reading() as session:
        user = session.get_one(User, person.id)
        return FactorState(
            user.totp_since, len(user.recovery_hashes or ()), bool(user.password_hash)
        )


def begin(installation: Installation, person: Person, password: str) -> Enrolment:
    """Make a secret for a person's app; it counts once a code of it was given.

    Raises
    ------
    InvalidInputError
        Under ``password``: an open session alone must not lock its owner out.
    ConflictError
        If the second factor is on already.
    """
    with installation.reading() as session:
        user = session.get_one(User, person.id)
        _refuse_if(on=user.totp_encrypted is not None)
        stored = user.password_hash
    _check_password(password, stored)
    secret = base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")
    return _enrolment(person, secret, _signer(installation.keys).dumps([person.id, secret]))


def opened(installation: Installation, person: Person, token: str) -> Enrolment | None:
    """Return what a form's token holds; ``None`` if it is not the person's, or too old."""
    try:
        found = _signer(installation.keys).loads(token, max_age=MINUTES * 60)
    except BadSignature:
        return None
    user_id, secret = found
    return _enrolment(person, str(secret), token) if user_id == person.id else None


def confirm(
    installation: Installation,
    actor: Actor,
    person: Person,
    enrolment: Enrolment,
    code: str,
    *,
    keep: str,
) -> tuple[str, ...]:
    """Switch the second factor on and return its recovery codes; they cannot be shown again.

    Parameters
    ----------
    installation, actor, person
        Where and who.
    enrolment
        From :func:`opened`.
    code
        That the app shows now.
    keep
        The token of the session that goes on; every other one ends.

    Raises
    ------
    InvalidInputError
        Under ``code``.
    ConflictError
        If the second factor is on already.
    """
    step = _step_of(enrolment.secret, code, None)
    if step is None:
        raise InvalidInputError({"code": WRONG_CODE})
    codes = _new_codes()
    with installation.act(actor) as act:
        user = act.session.get_one(User, person.id, with_for_update=True)
        _refuse_if(on=user.totp_encrypted is not None)
        user.totp_encrypted = installation.keys.encrypt(enrolment.secret)
        user.totp_since, user.totp_step = act.now, step
        user.recovery_hashes = [_hash(code) for code in codes]
        sessions.end_all(act.session, user.id, but=keep)
        act.record("second_factor.on", user)
    return codes


def renew_codes(
    installation: Installation, actor: Actor, person: Person, code: str
) -> tuple[str, ...]:
    """Return new recovery codes; the old ones work no more.

    Raises
    ------
    InvalidInputError
        Under ``code``, which must be the app's.
    """
    codes = _new_codes()
    with installation.act(actor) as act:
        user = act.session.get_one(User, person.id, with_for_update=True)
        if accept(installation.keys, user, code) != CODE:
            raise InvalidInputError({"code": WRONG_CODE})
        user.recovery_hashes = [_hash(code) for code in codes]
        act.record("second_factor.codes", user)
    return codes


def switch_off(
    installation: Installation, actor: Actor, person: Person, *, password: str, code: str
) -> None:
    """Switch one's own second factor off, for a new phone too: it is switched on again after it.

    Raises
    ------
    InvalidInputError
        Under ``password`` or ``code``.
    """
    with installation.reading() as session:
        stored = session.get_one(User, person.id).password_hash
    _check_password(password, stored)
    with installation.act(actor) as act:
        user = act.session.get_one(User, person.id, with_for_update=True)
        if accept(installation.keys, user, code) is None:
            raise InvalidInputError({"code": WRONG_CODE})
        take_off(user)
        act.record("second_factor.off", user)


def take_off(user: User) -> None:
    """Take the second factor off an account."""
    user.totp_encrypted = user.totp_since = user.totp_step = user.recovery_hashes = None


def accept(keys: Keys, user: User, code: str) -> str | None:
    """Return by what a code is sound (``CODE`` or ``RECOVERY``) and never accept it again.

    Parameters
    ----------
    keys
        Of the installation.
    user
        Whose, held for an update.
    code
        As typed: the app's six digits, or a recovery code.
    """
    if user.totp_encrypted is None:
        return None
    step = _step_of(keys.decrypt(user.totp_encrypted), code, user.totp_step)
    if step is not None:
        user.totp_step = step
        return CODE
    known, given = user.recovery_hashes or [], _hash(code)
    if given not in known:
        return None
    user.recovery_hashes = [one for one in known if one != given]
    return RECOVERY


def _step_of(secret: str, code: str, last: int | None) -> int | None:
    """Return the step after ``last`` whose code was typed, within the window; ``None`` of none."""
    digits = re.sub(r"\s", "", code)
    if not (len(digits) == _DIGITS and digits.isascii() and digits.isdigit()):
        return None
    totp, present = _totp(secret), int(now().timestamp()) // STEP_SECONDS
    for step in range(present - WINDOW, present + WINDOW + 1):
        fits = bytes_eq(totp.generate(step * STEP_SECONDS), digits.encode("ascii"))
        if fits and (last is None or step > last):
            return step
    return None


def _totp(secret: str) -> TOTP:
    # SHA-1 is what every app computes; as an HMAC it is not broken.
    return TOTP(base64.b32decode(secret), _DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303


def _enrolment(person: Person, secret: str, token: str) -> Enrolment:
    uri = _totp(secret).get_provisioning_uri(person.username, _ISSUER)
    return Enrolment(secret, uri, token)


def _new_codes() -> tuple[str, ...]:
    def one() -> str:
        letters = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        return "-".join(letters[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))

    return tuple(one() for _ in range(CODES))


def _hash(code: str) -> str:
    # 79 random bits need no slow hash; a keyed one could not be made anew with another key.
    return token_hash(re.sub(r"[\s-]", "", code).lower())


def _check_password(password: str, stored: str | None) -> None:
    if not passwords.matches(password, stored):
        raise InvalidInputError({"password": N_("This is not your present password.")})


def _refuse_if(*, on: bool) -> None:
    if on:
        raise ConflictError(
            N_("Your second factor is on already."),
            N_("Switch it off first, to use another app or phone."),
            code="second_factor_on",
        )


def _signer(keys: Keys) -> URLSafeTimedSerializer:
    # The page shows the secret beside the token, so there is nothing to hide in it.
    secret = base64.b64encode(keys.digest("second factor", "").encode())
    return URLSafeTimedSerializer(secret, salt="covid-d second factor")
