"""The dashboard: every table of it for one person's scope and period, from one reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from covid_d.clinic.database.cases import Case, Film, StoredAssessment
from covid_d.clinic.statistics import counts, drift, performance
from covid_d.clinic.statistics.drift import Drift
from covid_d.clinic.statistics.episodes import BundleName, Episodes, bundles, load, unit_names
from covid_d.clinic.statistics.scope import Period, Scope
from covid_d.clinic.statistics.table import Table
from covid_d.clinic.texts import N_, Text
from covid_d.detector import Outcome

WARNING: Final = N_(
    "These figures are of this model on these patients, as doctors chose whom to examine and to "
    "test. They are not a clinical study and say nothing of other patients."
)


class Reference(StrEnum):
    """The laboratory test that the model is judged by."""

    RT_PCR = "rt_pcr"
    ANTIGEN = "antigen"

    @property
    def text(self) -> Text:
        """The test's name."""
        return N_("RT-PCR") if self is Reference.RT_PCR else N_("Antigen test")


@dataclass(frozen=True, slots=True)
class Dashboard:
    """All that the page shows.

    Parameters
    ----------
    tables
        By name, in the order of the page.
    drift
        What the drift table rests on.
    drift_bundle
        The bundle whose drift is shown; ``None`` when none has answered.
    bundles
        Every bundle to choose from, the latest first.
    cases
        How many cases the period has.
    """

    tables: dict[str, Table]
    drift: Drift
    drift_bundle: BundleName | None
    bundles: tuple[BundleName, ...]
    cases: int


def make(
    session: Session,
    scope: Scope,
    period: Period,
    *,
    reference: Reference = Reference.RT_PCR,
    bundle: str = "",
) -> Dashboard:
    """Return the dashboard.

    Parameters
    ----------
    session
        Reading.
    scope, period
        Which cases.
    reference
        What the model is judged by.
    bundle
        SHA-256 of the only bundle whose answers are judged; empty for all.
    """
    every = load(session, unit_id=scope.unit_id, end=period.end)
    inside = every.where(every.day >= period.first.toordinal())
    names, known = unit_names(session), bundles(session)
    judged = inside.where(inside.bundle == bundle) if bundle else inside
    standard = judged.rt_pcr if reference is Reference.RT_PCR else judged.antigen
    watched = _watched(every, bundle, known)
    # Drift needs the bundle's first cases, so it looks further back than the period.
    found = drift.drift(every.where(every.bundle == watched.sha256) if watched else _none(every))
    tables = (
        counts.by_day(inside, period, scope),
        counts.by_province(inside, scope),
        counts.by_unit(inside, scope, names),
        counts.outcomes(inside, scope),
        counts.refusals(_refusal_codes(session, scope, period), scope),
        performance.flow(judged, standard, scope),
        performance.accuracy(judged, standard, scope, units=names, bundles=known),
        performance.calibration(judged, standard, scope),
        performance.comparators(judged),
        drift.table(found),
    )
    return Dashboard(
        {table.name: table for table in tables}, found, watched, tuple(known), len(inside)
    )


def _watched(cases: Episodes, bundle: str, known: Iterable[BundleName]) -> BundleName | None:
    """Return the bundle asked for, else the one that answered last here."""
    answered = cases.bundle[cases.bundle != ""]
    sha256 = bundle or (str(answered[-1]) if len(answered) else "")
    return next((entry for entry in known if entry.sha256 == sha256), None)


def _none(cases: Episodes) -> Episodes:
    return cases.where(np.zeros(len(cases), dtype=np.bool_))


def _refusal_codes(session: Session, scope: Scope, period: Period) -> list[str]:
    """Return the reason of every film whose first assessment was a refusal."""
    first = (
        select(func.min(StoredAssessment.id)).group_by(StoredAssessment.film_id).scalar_subquery()
    )
    chosen = (
        select(StoredAssessment.refusal)
        .join(Film, Film.id == StoredAssessment.film_id)
        .join(Case, Case.id == Film.case_id)
        .where(
            StoredAssessment.outcome == Outcome.REFUSED.value,
            StoredAssessment.id.in_(first),
            Case.created_at >= period.start,
            Case.created_at < period.end,
        )
    )
    if scope.unit_id is not None:
        chosen = chosen.where(Case.unit_id == scope.unit_id)
    return [str(refusal["code"]) for refusal in session.scalars(chosen) if refusal]
