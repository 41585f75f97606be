"""Cases as columns for counting: one row a case, no identity, read in a few plain queries.

The index test of a case is its first answer at intake: the films sent with the case, in their
order, each with the first assessment ever given of it; the first one that is not a refusal counts.
Films added later and assessments by another bundle never replace it, so nobody can pick the answer
that fits the laboratory result.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, DateTime, and_, null, select, type_coerce
from sqlalchemy.orm import Session

from covid_d.clinic.clock import Clock
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.cases import Case, Film, Reading, StoredAssessment
from covid_d.clinic.follow_up.course import courses, first_results
from covid_d.clinic.follow_up.laboratory import Laboratory, samples
from covid_d.clinic.patients import Identity, same_patient
from covid_d.detector import CATEGORIES, Outcome

NO_FILM: Final = "none"

Strings = npt.NDArray[np.str_]


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
        Of COVID-19, by the index test; NaN without an answer, and for an answer of appearance,
        which is no probability of disease.
    score
        By which answers are ranked: that probability, or how typical the film looks; NaN without
        an answer.
    appearance
        N x 4, in the order of ``CATEGORIES``: what the index test said of each appearance; NaN
        without such an answer.
    bundle
        Place, in the list that :func:`load` was given, of the bundle that gave the index test, or
        refused; -1 without one.
    rt_pcr, antigen
        :class:`~covid_d.clinic.follow_up.laboratory.Standard` of either test.
    to_date, reference, why
        Of the laboratory, as :class:`~covid_d.clinic.follow_up.laboratory.Laboratory` says them;
        ``why`` is empty where both agree.
    blind_reading
        The first blind reading: ``positive``, ``negative``, ``inconclusive``, or empty.
    age, sex
        In years, NaN where not known; ``F``, ``M`` or empty.
    course
        The gravest outcome recorded (``died``, ``icu``, ``admitted``, ``discharged``), or empty.
    stated
        How probable the index test said COVID-19 to be; NaN where it did not, and unless
        :func:`load` was asked for it.
    waited
        Days from the case to the entry of its first laboratory result; NaN without one.
    """

    day: npt.NDArray[np.int64]
    unit: npt.NDArray[np.int64]
    province: Strings
    patient: npt.NDArray[np.int64]
    outcome: Strings
    probability: npt.NDArray[np.float64]
    score: npt.NDArray[np.float64]
    appearance: npt.NDArray[np.float64]
    bundle: npt.NDArray[np.int64]
    rt_pcr: Strings
    antigen: Strings
    to_date: Strings
    reference: Strings
    why: Strings
    blind_reading: Strings
    age: npt.NDArray[np.float64]
    sex: Strings
    course: Strings
    stated: npt.NDArray[np.float64]
    waited: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.day)

    def where(self, mask: npt.NDArray[np.bool_]) -> Episodes:
        """Return the cases of a mask."""
        return Episodes(*(getattr(self, column.name)[mask] for column in fields(self)))

    @property
    def answered(self) -> npt.NDArray[np.bool_]:
        """Which cases have an answer, be it inconclusive."""
        answered: npt.NDArray[np.bool_] = (self.outcome != NO_FILM) & (
            self.outcome != Outcome.REFUSED.value
        )
        return answered


def latest(cases: Episodes) -> int:
    """Return the place of the bundle that answered last among cases; -1 when none did."""
    answered = cases.bundle[cases.bundle >= 0]
    return int(answered[-1]) if len(answered) else -1


def load(
    session: Session,
    known: Sequence[BundleName],
    *,
    unit_id: int | None,
    end: datetime,
    told: ColumnElement[bool],
    clock: Clock,
    stated: bool = False,
) -> Episodes:
    """Return every case entered before ``end``, of one unit or of all, that may be counted.

    Parameters
    ----------
    session
        Reading.
    known
        Every bundle, as :func:`bundles` gives them.
    unit_id
        The only unit; ``None`` for all.
    end
        Of the period.
    told
        Condition on ``Case`` that it may be counted.
    clock
        Tells the day of a case.
    stated
        Whether to read what was said of COVID-19 too, which lies deep in the answers and takes its
        time.
    """
    with _collector_paused():
        return _load(session, known, unit_id, end, told, clock, stated=stated)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the cycle collector from walking tens of thousands of plain rows again and again.

    That took a third of the time. Of threads that overlap, the one that found it running starts
    it again, so it never stays off.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _load(
    session: Session,
    known: Sequence[BundleName],
    unit_id: int | None,
    end: datetime,
    told: ColumnElement[bool],
    clock: Clock,
    *,
    stated: bool,
) -> Episodes:
    chosen = and_(Case.created_at < end, Case.sample.is_(False))
    if unit_id is not None:
        chosen = and_(chosen, Case.unit_id == unit_id)
    # Plain rows: tens of thousands of them, and no object is wanted.
    rows = (
        session.connection()
        .execute(
            select(
                Case.id,
                # As the driver gives it: the zone is added once a day, not once a case.
                type_coerce(Case.created_at, DateTime()).label("created_at"),
                Case.province,
                Case.unit_id,
                Case.patient_code,
                Case.national_id_hash,
                Case.age_years,
                Case.sex,
            )
            .where(chosen, told)  # what the other queries add is looked up by these cases
            .order_by(Case.created_at, Case.id)
        )
        .all()
    )
    days = _local_days([row.created_at for row in rows], clock)
    ids = [row.id for row in rows]
    given = index_tests(session, chosen, stated=stated)
    nothing = IndexTest(NO_FILM, None, (None, None, None, None), "", None)
    numbers = {bundle.sha256: place for place, bundle in enumerate(known)}
    tests = [given.get(case_id, nothing) for case_id in ids]
    blind = _blind_readings(session, chosen)
    gravest, told_at = courses(session, chosen), first_results(session, chosen)
    results = samples(session, chosen)
    said = [
        Laboratory.of(results.get(case_id, ()), day) for case_id, day in zip(ids, days, strict=True)
    ]
    return Episodes(
        day=np.array([day.toordinal() for day in days], dtype=np.int64),
        unit=np.array([row.unit_id for row in rows], dtype=np.int64),
        province=_words([row.province for row in rows]),
        patient=same_patient([Identity._make(row[3:6]) for row in rows]),
        outcome=_words([test.outcome for test in tests]),
        probability=np.array([test.probability for test in tests], dtype=np.float64),
        score=np.array([test.score for test in tests], dtype=np.float64),
        appearance=_matrix([test.appearance for test in tests]),
        bundle=np.array([numbers.get(test.bundle, -1) for test in tests], dtype=np.int64),
        rt_pcr=_words([one.rt_pcr for one in said]),
        antigen=_words([one.antigen for one in said]),
        to_date=_words([one.to_date for one in said]),
        reference=_words([one.reference for one in said]),
        why=_words([one.why or "" for one in said]),
        blind_reading=_words([blind.get(case_id, "") for case_id in ids]),
        age=np.array([row.age_years for row in rows], dtype=np.float64),
        sex=_words([row.sex or "" for row in rows]),
        course=_words([gravest.get(case_id, "") for case_id in ids]),
        stated=np.array([test.stated for test in tests], dtype=np.float64),
        waited=np.array(
            [_days_between(row.created_at, told_at.get(row.id)) for row in rows], dtype=np.float64
        ),
    )


def _local_days(moments: list[datetime], clock: Clock) -> list[date]:
    """Return the local day of each moment, oldest first; one without a zone is of UTC (SQLite)."""
    days: list[date] = []
    day, after = date.min, None  # a day's end is looked up once
    for moment in moments:
        if after is None or moment >= after:
            day = clock.day_of(moment.replace(tzinfo=moment.tzinfo or UTC))
            end = clock.midnight(day + timedelta(days=1))
            after = end.replace(tzinfo=None) if moment.tzinfo is None else end
        days.append(day)
    return days


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


class IndexTest(NamedTuple):
    """A case's first answer at intake.

    ``appearance`` has the four probabilities in the order of ``CATEGORIES``, each ``None`` without
    one; ``bundle`` is a SHA-256, empty where no film was assessed.
    """

    outcome: str
    probability: float | None
    appearance: tuple[float | None, ...]
    bundle: str
    covid: float | None

    @property
    def stated(self) -> float | None:
        """The probability of COVID-19 that the answer states; ``None`` where it states none."""
        return self.covid if self.probability is None else self.probability

    @property
    def score(self) -> float | None:
        """By which answers are ranked; ``None`` without an answer."""
        return self.appearance[-1] if self.probability is None else self.probability


def index_tests(
    session: Session, chosen: ColumnElement[bool], *, stated: bool = False
) -> dict[int, IndexTest]:
    """Return the index test of every chosen case that has one, by the case's number.

    Parameters
    ----------
    session
        Reading.
    chosen
        Condition on ``Case``.
    stated
        Whether the probability of COVID-19 that an answer states is read too.
    """
    found: dict[int, IndexTest] = {}
    refused = Outcome.REFUSED.value
    last_film = 0
    said = StoredAssessment.answer["covid"]["value"].as_float() if stated else null()
    for case_id, film_id, outcome, probability, bundle, covid, *appearance in (
        session.connection()
        .execute(
            select(
                Film.case_id,
                StoredAssessment.film_id,
                StoredAssessment.outcome,
                StoredAssessment.probability,
                StoredAssessment.bundle_sha256,
                said,
                *(getattr(StoredAssessment, category.value) for category in CATEGORIES),
            )
            .join(Film, Film.id == StoredAssessment.film_id)
            .join(Case, Case.id == Film.case_id)
            .where(chosen, Film.at_intake)
            .order_by(StoredAssessment.film_id, StoredAssessment.id)
        )
        .all()
    ):
        if film_id == last_film:  # assessed again, later
            continue
        last_film = film_id
        before, test = (
            found.get(case_id),
            IndexTest(outcome, probability, tuple(appearance), bundle, covid),
        )
        if before is None or (before.outcome == refused and test.outcome != refused):
            found[case_id] = test
    return found


def _blind_readings(session: Session, chosen: ColumnElement[bool]) -> dict[int, str]:
    rows = session.connection().execute(
        select(Reading.case_id, Reading.finding)
        .join(Case, Case.id == Reading.case_id)
        .where(Reading.kind == "blind", chosen)
        .order_by(Reading.id.desc())
    )
    return {row.case_id: row.finding for row in rows}  # read last, the first one stays


def _matrix(rows: Sequence[tuple[float | None, ...]]) -> npt.NDArray[np.float64]:
    return np.array(rows, dtype=np.float64).reshape(-1, len(CATEGORIES))


def _days_between(start: datetime, end: datetime | None) -> float:
    return np.nan if end is None else max(0.0, (end - start).total_seconds() / 86400)


def _words(values: Sequence[str]) -> Strings:
    return np.array(values, dtype=np.str_)
