"""Cases put straight into the tables: as many as wanted, with any answer, at any time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, select

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import (
    AnswerShown,
    Case,
    Film,
    FollowUp,
    StoredAssessment,
    assessment_columns,
)
from covid_d.clinic.installation import Installation
from covid_d.detector import CATEGORIES, Assessment, BundleId, CovidRange, Outcome
from covid_d.radiograph import Refusal, RefusalCode
from episode_factory import restart_sequences
from row_seals import seal_rows


def add_row(
    installation: Installation,
    person: Person,
    *outcomes: str,
    created_at: datetime | None = None,
    appearance: Sequence[float] | None = None,
    **columns: Any,
) -> int:
    """Add a case of a person with one film for each outcome, and return its number.

    With ``appearance``, of the four categories, its films are answered by how they look.
    """
    moment = created_at or now()
    with installation.writing() as session:
        case = Case(
            **{
                "unit_id": person.unit_id,
                "created_by_id": person.id,
                "created_at": moment,
                "patient_code": "P-1",
                "age_years": 50,
                "sex": "F",
                "province": "Guayas",
                "symptoms": ["fever"],
                "comorbidities": [],
                **columns,
            }
        )
        session.add(case)
        session.flush()
        for number, outcome in enumerate(outcomes):
            film = Film(
                case_id=case.id,
                sha256=hashlib.sha256(f"{case.id} {number}".encode()).hexdigest(),
                created_at=moment,
                at_intake=True,
            )
            session.add(film)
            session.flush()
            session.add(StoredAssessment(film_id=film.id, **answer(outcome, moment, appearance)))
        return case.id


def answer(
    outcome: str, moment: datetime, appearance: Sequence[float] | None = None
) -> dict[str, Any]:
    """Return the columns of an assessment."""
    refused = outcome == "refused"
    looks = None if refused or appearance is None else appearance
    probability = None if refused else {"positive": 0.9, "negative": 0.1}.get(outcome, 0.5)
    assessment = Assessment(
        path="",
        outcome=Outcome(outcome),
        bundle=BundleId("phantom", "1", "0" * 64),
        probability=None if looks else probability,
        appearance=dict(zip(CATEGORIES, looks, strict=True)) if looks else None,
        refusal=Refusal.of(RefusalCode.TOO_SMALL, "9 x 9") if refused else None,
    )
    columns = assessment_columns(assessment, prevalence=None, milliseconds=10.0)
    return {"created_at": moment, **columns}


AUDITED_TYPICAL: Final[dict[str, Any]] = {
    "outcome": Outcome.POSITIVE,
    "verdict": "audit-passed",
    "probability": None,
    "appearance": dict(zip(CATEGORIES, (0.08, 0.1, 0.2, 0.62), strict=True)),
    "conformal_set": ("typical",),
    "covid": CovidRange(0.12, 0.3, 0.85, 0.1),
    "prevalence": 0.1,
}
"""Changes that give an answer all that an answer can have, for :func:`set_answer`."""


def set_answer(stored: StoredAssessment, **changes: Any) -> None:
    """Change an answer that is stored, its columns with it."""
    prevalence = changes.pop("prevalence", stored.prevalence)
    changed = replace(stored.assessment, **changes)
    for name, value in assessment_columns(
        changed, prevalence=prevalence, milliseconds=stored.milliseconds
    ).items():
        setattr(stored, name, value)


def show_answer(installation: Installation, case_id: int, person: Person) -> None:
    """Say that the model's answer was shown to a person."""
    with installation.writing() as session:
        session.add(AnswerShown(case_id=case_id, user_id=person.id, shown_at=now()))


def add_many(
    installation: Installation, person: Person, count: int, *, outcomes: Sequence[str]
) -> None:
    """Add ``count`` cases, one an hour backwards from now, every third with a laboratory result.

    Filled with the tables' own bulk inserts: thousands take seconds.
    """
    start = now()
    with installation.writing() as session:
        first = (session.scalar(select(Case.id).order_by(Case.id.desc()).limit(1)) or 0) + 1
        numbers = range(first, first + count)
        session.execute(
            insert(Case),
            [
                {
                    "id": number,
                    "unit_id": person.unit_id,
                    "created_by_id": person.id,
                    "created_at": start - timedelta(hours=number),
                    "patient_code": f"HC-{number * 7919 % 100_003:06d}",
                    "age_years": 20 + number % 60,
                    "sex": "FM"[number % 2],
                    "province": ("Guayas", "Pichincha", "Azuay")[number % 3],
                    "symptoms": [],
                    "comorbidities": [],
                    "notes": "",
                    "research_consent": False,
                    "blind": False,
                }
                for number in numbers
            ],
        )
        session.execute(
            insert(Film),
            [
                {
                    "id": n,
                    "case_id": n,
                    "sha256": f"{n:064x}",
                    "created_at": start,
                    "at_intake": True,
                }
                for n in numbers
            ],
        )
        session.execute(
            insert(StoredAssessment),
            [{"film_id": n, **answer(outcomes[n % len(outcomes)], start)} for n in numbers],
        )
        session.execute(
            insert(FollowUp),
            [
                {
                    "case_id": n,
                    "kind": "rt_pcr",
                    "value": ("positive", "negative")[n % 2],
                    "day": date(2026, 1, 1),
                    "notes": "",
                    "reason": "",
                    "user_id": person.id,
                    "created_at": start,
                }
                for n in numbers
                if n % 3 == 0
            ],
        )
        restart_sequences(session)
        seal_rows(session)
