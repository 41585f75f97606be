"""The dashboard: every table of it for one person's scope and period, from one reading."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from sqlalchemy import exists, func, not_, select
from sqlalchemy.orm import Session, aliased

from covid_d.clinic.database.cases import Case, Film, StoredAssessment
from covid_d.clinic.statistics import breakdowns, counts, drift, performance
from covid_d.clinic.statistics.agreement import agreement
from covid_d.clinic.statistics.drift import Drift
from covid_d.clinic.statistics.episodes import BundleName, bundles, latest, load, unit_names
from covid_d.clinic.statistics.scope import Period, Scope
from covid_d.clinic.statistics.table import FigureTable
from covid_d.detector import Outcome
from covid_d.language import N_, NN_, Text

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

    @property
    def without(self) -> Text:
        """What is said of cases without this test; the other one does not take its place."""
        if self is Reference.RT_PCR:
            return N_("Left out: no RT-PCR result")
        return N_("Left out: no antigen test result")


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
        How many cases of the period are counted.
    left_out
        What is said of the period's cases that the person has yet to read blind, if any.
    """

    tables: dict[str, FigureTable]
    drift: Drift
    drift_bundle: BundleName | None
    bundles: tuple[BundleName, ...]
    cases: int
    left_out: Text | None


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
        SHA-256 of the only bundle whose answers are judged; empty, or unknown, for all.
    """
    names, known = unit_names(session), bundles(session)
    every = load(
        session,
        known,
        unit_id=scope.unit_id,
        end=period.end,
        told=scope.told,
        clock=period.clock,
    )
    inside = every.where(every.day >= period.first.toordinal())
    only = next((place for place, entry in enumerate(known) if entry.sha256 == bundle), None)
    judged = inside if only is None else inside.where(inside.bundle == only)
    standard = judged.rt_pcr if reference is Reference.RT_PCR else judged.antigen
    # Drift needs the bundle's first cases, so it looks further back than the period.
    watched = latest(every) if only is None else only
    found = drift.drift(every.where(every.bundle == watched))
    below = (
        counts.by_day(inside, period, scope),
        counts.by_unit(inside, scope, names),
        counts.by_province(inside, scope),
        breakdowns.by_age(inside, scope),
        breakdowns.by_sex(inside, scope),
        breakdowns.delay(inside, scope),
        breakdowns.by_course(inside, scope),
        counts.laboratory(inside, scope),
        counts.answers(inside, scope),
        counts.refusals(_refusal_codes(session, scope, period), scope),
        performance.flow(judged, standard, scope, without=reference.without),
        performance.accuracy(judged, standard, scope, units=names, bundles=known),
        performance.calibration(judged, standard, scope),
        performance.comparators(judged),
        agreement(session, scope, period, names, bundle="" if only is None else known[only].sha256),
        drift.table(found),
    )
    first = breakdowns.headline(
        inside,
        performance.compared(judged, standard),
        scope,
        {table.name: table for table in below},
    )
    tables = (first, *below)
    ever_left_out, inside_left_out = _left_out(session, scope, period)
    return Dashboard(
        {
            table.name: replace(
                table, left_out=ever_left_out if table.name == "drift" else inside_left_out
            )
            for table in tables
        },
        found,
        known[watched] if watched >= 0 else None,
        tuple(known),
        len(inside),
        inside_left_out,
    )


def _left_out(session: Session, scope: Scope, period: Period) -> tuple[Text | None, Text | None]:
    """Return what is said of cases yet to be read blind: of all until the end, of the period."""
    if not scope.clinical:
        return None, None
    chosen = select(func.count(), func.count().filter(Case.created_at >= period.start)).where(
        Case.created_at < period.end, Case.sample.is_(False), not_(scope.told)
    )
    if scope.unit_id is not None:
        chosen = chosen.where(Case.unit_id == scope.unit_id)
    ever, inside = session.execute(chosen).one()
    return _says_left_out(ever), _says_left_out(inside)


def _says_left_out(count: int) -> Text | None:
    if not count:
        return None
    return NN_(
        "%(num)d case is left out: it is to be read blind, and you have not read it yet. It counts "
        "here after your own reading.",
        "%(num)d cases are left out: they are to be read blind, and you have not read them yet. "
        "They count here after your own reading.",
        count,
    )


def _refusal_codes(session: Session, scope: Scope, period: Period) -> list[str]:
    """Return the reason of every film whose first assessment was a refusal."""
    earlier = aliased(StoredAssessment)
    chosen = (
        select(StoredAssessment.refusal_code)
        .join(Film, Film.id == StoredAssessment.film_id)
        .join(Case, Case.id == Film.case_id)
        .where(
            Case.created_at >= period.start,
            Case.created_at < period.end,
            Case.sample.is_(False),
            scope.told,
            StoredAssessment.outcome == Outcome.REFUSED.value,
            ~exists().where(
                earlier.film_id == StoredAssessment.film_id, earlier.id < StoredAssessment.id
            ),
        )
    )
    if scope.unit_id is not None:
        chosen = chosen.where(Case.unit_id == scope.unit_id)
    return [code for code in session.scalars(chosen) if code]
