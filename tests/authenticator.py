"""A phone's authenticator app, after RFC 6238, by the standard library alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

from covid_d.clinic.accounts import second_factor
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor

STEP = 30


def code_of(secret: str, at: datetime, *, digits: int = 6) -> str:
    """Return what an app shows at a moment.

    Parameters
    ----------
    secret
        Base32, gaps allowed.
    at
        The moment.
    digits
        Of the code.
    """
    key = base64.b32decode(secret.replace(" ", ""))
    mac = hmac.new(key, (int(at.timestamp()) // STEP).to_bytes(8, "big"), hashlib.sha1).digest()
    start = mac[-1] & 0xF
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}}"


def wrong_code(secret: str, at: datetime) -> str:
    """Return six digits that no step near a moment has."""
    moments = (at + timedelta(seconds=STEP * n) for n in range(-5, 6))
    near = {code_of(secret, moment) for moment in moments}
    return next(f"{number:06}" for number in range(100) if f"{number:06}" not in near)


def enrol(
    installation: Installation, person: Person, password: str, *, at: datetime | None = None
) -> tuple[str, tuple[str, ...]]:
    """Set up a person's second factor and return the secret and the recovery codes.

    The step of ``at`` (the present one) is used up by it.
    """
    enrolment = second_factor.begin(installation, person, password)
    codes = second_factor.confirm(
        installation,
        Actor(person.id, "127.0.0.1"),
        person,
        enrolment,
        code_of(enrolment.secret, at or now()),
        keep="",
    )
    return enrolment.secret, codes
