"""Units, people and form tokens for the clinic's tests."""

from __future__ import annotations

from functools import cache

from fastapi.testclient import TestClient
from sqlalchemy import select

from covid_d.clinic.accounts import passwords
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import SignInSession, Unit, User
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import token_hash
from covid_d.clinic.roles import Role
from covid_d.clinic.web.visitor import COOKIE

PASSWORD = "una frase larga de prueba"


@cache
def _password_hash() -> str:
    return passwords.hash_of(PASSWORD)  # Argon2 takes its time: once is enough


def add_unit(
    installation: Installation,
    name: str,
    *,
    province: str = "Guayas",
    prevalence: float | None = 0.1,
    blind_mode: bool = False,
) -> int:
    """Add a health unit and return its id."""
    with installation.writing() as session:
        unit = Unit(
            name=name,
            province=province,
            prevalence=prevalence,
            blind_mode=blind_mode,
            created_at=now(),
        )
        session.add(unit)
        session.flush()
        return unit.id


def add_user(
    installation: Installation, username: str, role: Role, *, unit: str | None = None
) -> Person:
    """Add a person with the password ``PASSWORD``."""
    with installation.writing() as session:
        place = session.scalar(select(Unit).where(Unit.name == unit)) if unit else None
        user = User(
            username=username,
            full_name=username.title(),
            password_hash=_password_hash(),
            role=role.value,
            unit=place,
            created_at=now(),
        )
        session.add(user)
        session.flush()
        return Person.of(user)


def csrf_of(installation: Installation, browser: TestClient) -> str:
    """Return the form token of a signed-in browser."""
    token = browser.cookies[COOKIE]
    with installation.reading() as session:
        found = session.get(SignInSession, token_hash(token))
        assert found is not None
        return found.csrf_token
