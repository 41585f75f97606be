"""Passwords: Argon2id through argon2-cffi, and what is asked of a new one."""

from __future__ import annotations

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from covid_d.clinic import sentences
from covid_d.clinic.errors import InvalidInputError
from covid_d.language import N_

SHORTEST: Final = 12
LONGEST: Final = 128  # a longer one would only cost the server time
_FEW_LETTERS: Final = 5


def check_new(password: str, username: str, *, field: str = "password") -> None:
    """Refuse a password that is too short, too long, repetitive or the user's own name.

    Length is what counts (NIST SP 800-63B, 5.1.1.2); no rules on capitals or signs.

    Raises
    ------
    InvalidInputError
        Under ``field``.
    """
    problem = None
    if len(password) < SHORTEST:
        problem = N_("Use at least %(n)d characters; a short sentence is good.", n=SHORTEST)
    elif len(password) > LONGEST:
        problem = sentences.too_long(LONGEST)
    elif len(set(password.lower())) < _FEW_LETTERS:
        problem = N_("Use more different characters.")
    elif username and username.lower() in password.lower():
        problem = N_("The password must not contain the user name.")
    if problem is not None:
        raise InvalidInputError({field: problem})


def hash_of(password: str) -> str:
    """Return what the database keeps of a password."""
    return _hasher().hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Return whether a password is the stored one.

    Takes as long when there is none, so that an answer's time does not tell who has an account.
    """
    try:
        return _hasher().verify(stored or _nobody(), password) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


def is_dated(stored: str) -> bool:
    """Return whether a stored hash was made with weaker settings than today's."""
    return _hasher().check_needs_rehash(stored)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher().hash("nobody has this password")
