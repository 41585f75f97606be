"""Many cases at once for the clinic's statistics: rows only, no film behind them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from covid_d.clinic.database.cases import (
    Case,
    Film,
    FollowUp,
    Reading,
    StoredAssessment,
    assessment_columns,
)
from covid_d.clinic.installation import Installation
from covid_d.detector import CATEGORIES, Assessment, BundleId, Outcome
from covid_d.radiograph import Refusal, RefusalCode
from row_seals import seal_rows

BUNDLE = "a" * 64
# Noon in Guayaquil, so that a day is the same day in every zone that matters here.
NOON = timedelta(hours=17)


@dataclass(frozen=True, slots=True)
class Told:
    """One case to be written.

    ``answers`` are the probabilities of its films, ``None`` a refusal; an answer above 0.6 is
    positive, below 0.4 negative. With ``appearance`` they say how typical the films look, the rest
    of each being negative; ``looks`` are all four probabilities of its film. ``rt_pcr``,
    ``antigen`` and ``outcome`` are values of follow-ups.
    """

    day: date = date(2026, 11, 1)
    unit_id: int = 1
    province: str = "Guayas"
    patient: str = ""
    answers: Sequence[float | None] = (0.9,)
    rt_pcr: str | None = None
    antigen: str | None = None
    sampled: date | None = None
    blind: str | None = None
    bundle: str = BUNDLE
    appearance: bool = False
    looks: Sequence[float] | None = None
    outcome: str | None = None
    columns: dict[str, Any] = field(default_factory=dict)


def outcome_of(probability: float | None) -> str:
    """Return the outcome of an answer."""
    if probability is None:
        return "refused"
    return "positive" if probability > 0.6 else "negative" if probability < 0.4 else "inconclusive"


def write(installation: Installation, told: Sequence[Told], *, user_id: int) -> list[int]:
    """Write cases in order and return their ids."""
    with installation.writing() as session:
        start: dict[Any, int] = {
            table: (session.scalar(select(func.max(table.id))) or 0) + 1
            for table in (Case, Film, StoredAssessment)
        }
        ids = list(range(start[Case], start[Case] + len(told)))
        rows: dict[type, list[dict[str, Any]]] = {
            Case: [], Film: [], StoredAssessment: [], FollowUp: [], Reading: []
        }  # fmt: skip
        for case_id, one in zip(ids, told, strict=True):
            _add(rows, start, case_id, one, user_id)
        for table, values in rows.items():
            if values:
                session.execute(insert(table), values)
        restart_sequences(session)
        seal_rows(session)
    return ids


def _add(
    rows: dict[type, list[dict[str, Any]]],
    start: dict[Any, int],
    case_id: int,
    one: Told,
    user_id: int,
) -> None:
    at = datetime.combine(one.day, datetime.min.time(), UTC) + NOON
    rows[Case].append(
        {
            "id": case_id,
            "unit_id": one.unit_id,
            "created_by_id": user_id,
            "created_at": at,
            "patient_code": one.patient or f"P{case_id}",
            "province": one.province,
            "symptoms": [],
            "comorbidities": [],
            "age_years": 50,
            "sex": "F",
        }
        | one.columns
    )
    for number, probability in enumerate(one.answers):
        film_id = start[Film] + len(rows[Film])
        sha256 = hashlib.sha256(f"{case_id} {number}".encode()).hexdigest()
        rows[Film].append(
            {
                "id": film_id,
                "case_id": case_id,
                "sha256": sha256,
                "created_at": at,
                "at_intake": True,
            }
        )
        rows[StoredAssessment].append(
            assessment(
                film_id, probability, one.bundle, at, appearance=one.appearance, looks=one.looks
            )
        )
    facts = (("rt_pcr", one.rt_pcr), ("antigen", one.antigen), ("outcome", one.outcome))
    for kind, value in facts:
        if value is not None:
            rows[FollowUp].append(follow_up(case_id, kind, value, user_id, one.sampled or one.day))
    if one.blind is not None:
        rows[Reading].append(
            {
                "case_id": case_id, "user_id": user_id, "kind": "blind", "finding": one.blind,
                "created_at": at,
            }
        )  # fmt: skip


def assessment(
    film_id: int,
    probability: float | None,
    bundle: str = BUNDLE,
    at: datetime | None = None,
    *,
    appearance: bool = False,
    looks: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Return the columns of an assessment; no probability makes it a refusal."""
    if looks is None and appearance and probability is not None:
        looks = (1 - probability, 0, 0, probability)
    seen = None if looks is None else dict(zip(CATEGORIES, map(float, looks), strict=True))
    answered = Assessment(
        path="",
        outcome=Outcome(outcome_of(probability)),
        bundle=BundleId("phantom", "1.0", bundle),
        probability=None if seen else probability,
        appearance=seen,
        refusal=Refusal.of(RefusalCode.NOT_FRONTAL) if probability is None else None,
    )
    columns = assessment_columns(answered, prevalence=None, milliseconds=1.0)
    return {"film_id": film_id, "created_at": at or datetime.now(UTC), **columns}


def follow_up(
    case_id: int,
    kind: str,
    value: str,
    user_id: int,
    day: date | None = None,
    *,
    supersedes: int | None = None,
) -> dict[str, Any]:
    """Return the columns of a follow-up."""
    return {
        "case_id": case_id,
        "kind": kind,
        "value": value,
        "day": day,
        "user_id": user_id,
        "created_at": datetime.now(UTC),
        "supersedes_id": supersedes,
    }


def add(installation: Installation, table: type, columns: dict[str, Any]) -> int:
    """Add one row and return its id."""
    with installation.writing() as session:
        row = table(**columns)
        session.add(row)
        session.flush()
        return int(row.id)


def random_cases(
    count: int,
    *,
    seed: int = 7,
    units: Sequence[int] = (1,),
    last: date = date(2026, 11, 24),
    days: int = 365,
) -> list[Told]:
    """Return cases with answers that tell the classes apart somewhat, and every loose end.

    A tenth of the patients come twice; answers are refused, results missing or indeterminate.
    """
    rng = np.random.default_rng(seed)
    provinces = ("Guayas", "Pichincha", "Azuay", "Manabí", "Loja")
    told = []
    for number, ago in enumerate(sorted(rng.integers(0, days, count).tolist(), reverse=True)):
        sick = rng.random() < 0.4
        score = float(np.round(rng.beta(4, 2) if sick else rng.beta(2, 4), 4))
        unit = int(rng.choice(units))
        truth = "positive" if sick else "negative"
        told.append(
            Told(
                day=last - timedelta(days=int(ago)),
                unit_id=unit,
                province=provinces[unit % len(provinces)],
                patient=f"R{seed}-{unit}-{rng.integers(0, count * 5) if count else number}",
                answers=(None,) if rng.random() < 0.06 else (score,),
                rt_pcr=str(rng.choice([truth, truth, truth, "indeterminate"]))
                if rng.random() < 0.7
                else None,
                antigen=truth if rng.random() < 0.3 else None,
                blind=(truth if rng.random() < 0.8 else "inconclusive")
                if rng.random() < 0.2
                else None,
            )
        )
    return told


def restart_sequences(session: Session) -> None:
    """Let PostgreSQL count on after rows whose ids were given."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for name in ("patient_case", "film", "assessment", "follow_up", "reading"):
        session.execute(
            select(
                func.setval(
                    func.pg_get_serial_sequence(name, "id"),
                    select(
                        func.coalesce(func.max(Case.metadata.tables[name].c.id), 1)
                    ).scalar_subquery(),
                )
            )
        )
