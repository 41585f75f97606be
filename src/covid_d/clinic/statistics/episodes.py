"""Cases as columns for counting: one row a case, no identity, read in a few plain queries.

The index test of a case is the first answer given at intake: its films in the order in which they
came, each with the first assessment ever given of it, none given later than a day after the case
was entered; the first one that is not a refusal counts. Later films and assessments by another
bundle never replace it, so nobody can pick the answer that fits the laboratory result.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from covid_d.clinic.clock import zone
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.cases import Case, Film, Reading, StoredAssessment
from covid_d.clinic.laboratory import ANTIGEN, RT_PCR, samples, standard
from covid_d.clinic.patients import Identity, same_patient
from covid_d.detector import Outcome

INTAKE: Final = timedelta(days=1)
NO_FILM: Final = "none"

Words = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class BundleName:
    """A bundle that answered."""

    sha256: str
    name: str
    version: str

    @property
    def label(self) -> str:
        """How tables name it."""
        return f"{self.name} {self.version} ({self.sha256[:12]})"


@dataclass(frozen=True, slots=True, eq=False)
class Episodes:
    """Columns of N cases, oldest first.

    Parameters
    ----------
    day
        Ordinal of the local day of entry.
    unit, province
        Unit's id, province's name.
    patient
        A number a patient.
    outcome
        Of the index test: ``positive``, ``negative``, ``inconclusive``, ``refused`` (no film was
        answered) or ``none`` (no film was assessed at intake).
    probability
        Of the index test; NaN without an answer.
    bundle
        SHA-256 of the bundle that gave the index test, or refused; empty without one.
    rt_pcr, antigen
        :class:`~covid_d.clinic.laboratory.Standard` of either test.
    blind_reading
        The first blind reading: ``positive``, ``negative``, ``inconclusive``, or empty.
    """

    day: npt.NDArray[np.int64]
    unit: npt.NDArray[np.int64]
    province: Words
    patient: npt.NDArray[np.int64]
    outcome: Words
    probability: npt.NDArray[np.float64]
    bundle: Words
    rt_pcr: Words
    antigen: Words
    blind_reading: Words

    def __len__(self) -> int:
        return len(self.day)

    def where(self, mask: npt.NDArray[np.bool_]) -> Episodes:
        """Return the cases of a mask."""
        return Episodes(*(getattr(self, column.name)[mask] for column in fields(self)))

    @property
    def answered(self) -> npt.NDArray[np.bool_]:
        """Which cases have an answer, be it inconclusive."""
        return ~np.isnan(self.probability)


def load(session: Session, *, unit_id: int | None, end: datetime) -> Episodes:
    """Return every case entered before ``end``, of one unit or of all."""
    chosen = Case.created_at < end
    if unit_id is not None:
        chosen = and_(chosen, Case.unit_id == unit_id)
    rows = session.execute(
        select(
            Case.id,
            Case.created_at,
            Case.unit_id,
            Case.province,
            Case.patient_code,
            Case.national_id_hash,
        )
        .where(chosen)
        .order_by(Case.created_at, Case.id)
    ).all()
    here = zone()
    days = [row.created_at.astimezone(here).date() for row in rows]
    ids = [row.id for row in rows]
    given = _index_tests(session, chosen)
    nothing = (NO_FILM, None, "")
    tests = [given.get(case_id, nothing) for case_id in ids]
    blind = _blind_readings(session)
    return Episodes(
        day=np.array([day.toordinal() for day in days], dtype=np.int64),
        unit=np.array([row.unit_id for row in rows], dtype=np.int64),
        province=_words([row.province for row in rows]),
        patient=same_patient(
            [Identity(row.unit_id, row.patient_code, row.national_id_hash) for row in rows]
        ),
        outcome=_words([test[0] for test in tests]),
        probability=np.array([test[1] for test in tests], dtype=np.float64),
        bundle=_words([test[2] for test in tests]),
        rt_pcr=_standards(session, RT_PCR, ids, days),
        antigen=_standards(session, ANTIGEN, ids, days),
        blind_reading=_words([blind.get(case_id, "") for case_id in ids]),
    )


def unit_names(session: Session) -> dict[int, str]:
    """Return the name of every unit."""
    return {row.id: row.name for row in session.execute(select(Unit.id, Unit.name))}


def bundles(session: Session) -> list[BundleName]:
    """Return every bundle that ever assessed a film, the latest first."""
    # Bundles are few and assessments many: names are fetched once a bundle, not once a film.
    hashes = session.scalars(select(StoredAssessment.bundle_sha256).distinct()).all()
    latest = [
        session.execute(
            select(
                StoredAssessment.id,
                StoredAssessment.bundle_sha256,
                StoredAssessment.bundle_name,
                StoredAssessment.bundle_version,
            )
            .where(StoredAssessment.bundle_sha256 == sha256)
            .order_by(StoredAssessment.id.desc())
            .limit(1)
        ).one()
        for sha256 in hashes
    ]
    return [BundleName(*row[1:]) for row in sorted(latest, key=lambda row: -row[0])]


def _index_tests(
    session: Session, chosen: ColumnElement[bool]
) -> dict[int, tuple[str, float | None, str]]:
    found: dict[int, tuple[str, float | None, str]] = {}
    seen: set[int] = set()
    refused = Outcome.REFUSED.value
    for row in session.execute(first_assessments(chosen)):
        if row.film_id in seen:
            continue
        seen.add(row.film_id)
        if row.created_at - row.entered_at > INTAKE:
            continue
        test = (row.outcome, row.probability, row.bundle_sha256)
        before = found.get(row.case_id)
        if before is None or (before[0] == refused and row.outcome != refused):
            found[row.case_id] = test
    return found


def first_assessments(chosen: ColumnElement[bool]) -> Any:
    """Return the query of all assessments of cases, films in order, a film's first one first."""
    return (
        select(
            Film.case_id,
            StoredAssessment.film_id,
            StoredAssessment.created_at,
            Case.created_at.label("entered_at"),
            StoredAssessment.outcome,
            StoredAssessment.probability,
            StoredAssessment.bundle_sha256,
        )
        .join(Film, Film.id == StoredAssessment.film_id)
        .join(Case, Case.id == Film.case_id)
        .where(chosen)
        .order_by(StoredAssessment.film_id, StoredAssessment.id)
    )


def _standards(session: Session, kind: str, ids: list[int], days: list[date]) -> Words:
    results = samples(session, kind)
    return _words(
        [
            standard(results.get(case_id, ()), day).value
            for case_id, day in zip(ids, days, strict=True)
        ]
    )


def _blind_readings(session: Session) -> dict[int, str]:
    rows = session.execute(
        select(Reading.case_id, Reading.finding)
        .where(Reading.kind == "blind")
        .order_by(Reading.id.desc())
    )
    return {row.case_id: row.finding for row in rows}  # read last, the first one stays


def _words(values: list[str]) -> Words:
    return np.array(values, dtype=np.str_)
