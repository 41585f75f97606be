"""Cases with a result for the tests of reading studies, and a study of them."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from sqlalchemy import select

from clinic_clock import CLOCK
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import Case, Film, FollowUp
from covid_d.clinic.database.studies import ReadingStudy
from covid_d.clinic.installation import Installation
from covid_d.clinic.studies.setup import StudyPlan, create_study
from covid_d.clinic.trail.audit_trail import Actor


def add_cases(
    place: Installation,
    person: Person,
    *,
    consent: bool = True,
    withdrawn: bool = False,
    readable: bool = True,
    sample: bool = False,
    patient: str = "",
    days_ago: int = 2,
    **results: int,
) -> list[int]:
    """Add cases by result of their RT-PCR, which their notes name too; return their numbers."""
    at = now() - timedelta(days=days_ago)
    with place.writing() as session:
        found = []
        for value in [value for value, count in results.items() for _ in range(count)]:
            known = session.scalars(select(Case.id).order_by(Case.id.desc())).first() or 0
            case = Case(
                unit_id=person.unit_id,
                created_by_id=person.id,
                created_at=at,
                patient_code=patient or f"S-{known + 1}",
                province="Guayas",
                symptoms=[],
                comorbidities=[],
                research_consent=consent,
                sample=sample,
                notes=value,
            )
            session.add(case)
            session.flush()
            sha256 = hashlib.sha256(f"study {case.id}".encode()).hexdigest()
            size = 64 if readable else None
            session.add(
                Film(
                    case_id=case.id,
                    sha256=sha256,
                    width=size,
                    height=size,
                    created_at=at,
                    at_intake=True,
                )
            )
            entries = [("rt_pcr", value)] + ([("consent", "withdrawn")] if withdrawn else [])
            for kind, said in entries:
                session.add(
                    FollowUp(
                        case_id=case.id,
                        kind=kind,
                        value=said,
                        day=CLOCK.day_of(at),
                        user_id=person.id,
                        created_at=at,
                    )
                )
            session.flush()
            found.append(case.id)
        return found


def add_study(
    place: Installation,
    creator: Person,
    readers: list[Person],
    *,
    rounds: int = 2,
    washout_days: int = 28,
    each: int = 2,
) -> ReadingStudy:
    """Add a study of as many films of either result."""
    plan = StudyPlan(
        "Piloto",
        each,
        each,
        None,
        None,
        rounds,
        washout_days,
        tuple(reader.id for reader in readers),
    )
    with place.act(Actor(creator.id)) as act:
        return create_study(act, creator, plan, CLOCK, seed=7)
