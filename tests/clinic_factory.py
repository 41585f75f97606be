"""Units, people, cases and form tokens for the clinic's tests."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select, update

from clinic_clock import today
from covid_d.clinic.accounts import passwords
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.intake import GivenFilm, NewCase, create_case
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import SignInSession, Unit, User
from covid_d.clinic.http.visitor import COOKIE
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import token_hash
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.radiograph import Projection
from covid_d.radiograph.phantom import draw_phantom

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


def read_blind(installation: Installation) -> None:
    """Have every unit read blind from now on."""
    with installation.writing() as session:
        session.execute(update(Unit).values(blind_mode=True))


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


def add_case(
    installation: Installation,
    person: Person,
    *,
    seed: int = 1,
    films: Sequence[bytes] | None = None,
    submission: str | None = None,
    same_film_reason: str = "a test enters one film for several patients",
    **overrides: Any,
) -> int:
    """Add a case the way a doctor does and return its id.

    Parameters
    ----------
    installation, person
        Where, and who enters it (of a unit).
    seed
        Of its one phantom film, and of its patient code.
    films
        Other films, as bytes.
    submission
        As in ``create_case``.
    same_film_reason
        As in ``create_case``; without it a film is one patient's.
    overrides
        Fields of ``NewCase``.
    """
    assert person.unit_id is not None
    fields: dict[str, Any] = {
        "patient_code": f"HC-{seed:04}",
        "unit_id": person.unit_id,
        "province": "Guayas",
        "age_years": 54,
        "sex": "F",
        "symptom_onset": today() - timedelta(days=5),
        "symptoms": ("cough", "fever"),
        "comorbidities": ("none",),
        "spo2": 93,
        "vaccine_doses": 2,
        "research_consent": True,
    }
    given = [phantom_png(seed)] if films is None else films
    return create_case(
        installation,
        person,
        Actor(person.id, "127.0.0.1"),
        NewCase(**fields | overrides),
        [GivenFilm(content, Projection.PA) for content in given],
        submission=submission,
        same_film_reason=same_film_reason,
    )


@cache
def phantom_png(seed: int) -> bytes:
    """Return a phantom film as PNG bytes; each seed is another one."""
    buffer = io.BytesIO()
    draw_phantom(seed, opacities=bool(seed % 2)).to_image().save(buffer, format="PNG")
    return buffer.getvalue()
