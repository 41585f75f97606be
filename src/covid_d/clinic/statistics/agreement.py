"""How far readers agree with each other and with the model: kappa, by unit, month and pair.

Of each person the first reading of a case counts, unless it settled a disagreement. It is
*independent* when neither the model's answer nor, by an own entry, a result was known to the reader
then. Only such readings are compared in the rows that say so; readings made with the answer in view
agree with it the more, and stand in rows of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from covid_d.clinic.cases.readings import FINDINGS
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import AnswerShown, Case, FollowUp, Reading
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.patients import Identity, same_patient
from covid_d.clinic.statistics.episodes import IndexTest, index_tests
from covid_d.clinic.statistics.scope import Period, Scope
from covid_d.clinic.statistics.suppression import LEAST as SMALL
from covid_d.clinic.statistics.table import HIDDEN, Cell, Column, FigureTable
from covid_d.detector import CATEGORIES
from covid_d.evaluation.figures.agreement import cohen_estimate, fleiss_estimate
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.figures.intervals import proportion
from covid_d.language import N_, Text

LEAST: Final = 10
"""Cases that a figure rests on at least."""
_OUTCOMES: Final = tuple(FINDINGS)
_GRADES: Final = tuple(category.value for category in CATEGORIES)

_COLUMNS: Final = (
    Column("group", N_("Cases of")),
    Column("comparison", N_("Who is compared")),
    Column("condition", N_("Readings")),
    Column("cases", N_("Cases"), "count"),
    Column("agreement", N_("Same conclusion"), "share"),
    Column("kappa_conclusion", N_("Kappa, conclusion"), "score"),
    Column("kappa_category", N_("Kappa, category"), "score"),
)
_RULES: Final = (
    N_(
        "Of each person the first reading of a case. Independent: made before the model's answer "
        "was shown to the reader, who had entered no result of the case either."
    ),
    N_(
        "Two readers, or a reader and the model: Cohen's kappa, weighted (quadratic) for the "
        "ordered category, unweighted for the conclusion. Three readers: Fleiss' kappa, unweighted."
    ),
    N_(
        "95 %% intervals by bootstrap, cases of one patient kept together. No figure from fewer "
        "than %(n)d cases, and no kappa where one side says the same of every case.",
        n=LEAST,
    ),
)
_INDEPENDENT: Final = N_("independent")
_INFORMED: Final = N_("with the answer known")


class Opinion(NamedTuple):
    """What one side says of a case: a conclusion, and a category where one was named."""

    outcome: str
    category: str | None


@dataclass(slots=True)
class CaseOpinions:
    """What is compared of one case.

    Parameters
    ----------
    patient
        A number a patient.
    unit
        Id of the unit.
    month
        First day of the month of entry.
    model
        The case's index test; ``None`` where it gave no answer.
    independent, informed
        By person, in the order of reading.
    """

    patient: int
    unit: int
    month: date
    model: Opinion | None
    independent: dict[int, Opinion] = field(default_factory=dict)
    informed: dict[int, Opinion] = field(default_factory=dict)


def agreement(
    session: Session, scope: Scope, period: Period, names: Mapping[int, str], *, bundle: str = ""
) -> FigureTable:
    """Return the agreement of readers, of all cases, by unit, by month and by pair of readers.

    Pairs are named only within the person's own unit.

    Parameters
    ----------
    session
        Reading.
    scope, period
        Which cases; those that the person has yet to read blind are not among them.
    names
        Of the units.
    bundle
        SHA-256 of the only bundle whose answers are compared; empty for all.
    """
    cases = opinions(session, scope, period, bundle=bundle)
    rows: list[tuple[Cell, ...]] = []
    for label, members in _groups(cases, scope, names):
        rows += _compare(label, members, scope)
    if not scope.protected:
        rows += _pairs(session, cases, scope)
    return FigureTable(
        "agreement", N_("Agreement of readers, and with the model"), _COLUMNS, rows, _RULES
    )


def opinions(
    session: Session, scope: Scope, period: Period, *, bundle: str = ""
) -> list[CaseOpinions]:
    """Return what is compared, oldest case first; cases that nobody has read are left out.

    Parameters
    ----------
    session, scope, period, bundle
        As in :func:`agreement`.
    """
    chosen = and_(
        Case.created_at >= period.start, Case.created_at < period.end, Case.sample.is_(False)
    )
    if scope.unit_id is not None:
        chosen = and_(chosen, Case.unit_id == scope.unit_id)
    # Few cases of many are read: the others are not even looked at.
    chosen = and_(chosen, exists().where(Reading.case_id == Case.id).correlate(Case))
    rows = session.execute(
        select(Case.id, Case.created_at, Case.unit_id, Case.patient_code, Case.national_id_hash)
        .where(chosen, scope.told)
        .order_by(Case.created_at, Case.id)
    ).all()
    patients = same_patient([Identity(*row[2:]) for row in rows])
    tests = index_tests(session, chosen)
    found = {
        row.id: CaseOpinions(
            int(patient),
            row.unit_id,
            period.clock.day_of(row.created_at).replace(day=1),
            _of_model(tests.get(row.id), bundle),
        )
        for row, patient in zip(rows, patients, strict=True)
    }
    for reading in _first_readings(session, chosen):
        case = found.get(reading.case_id)
        if case is not None:
            side = case.informed if reading.knows else case.independent
            side[reading.user_id] = Opinion(reading.finding, reading.appearance)
    return [case for case in found.values() if case.independent or case.informed]


class _Read(NamedTuple):
    case_id: int
    user_id: int
    finding: str
    appearance: str | None
    knows: bool


def _first_readings(session: Session, chosen: ColumnElement[bool]) -> Iterator[_Read]:
    shown = and_(AnswerShown.case_id == Reading.case_id, AnswerShown.user_id == Reading.user_id)
    entered = exists().where(
        FollowUp.case_id == Reading.case_id,
        FollowUp.user_id == Reading.user_id,
        FollowUp.kind != EntryKind.CONSENT.value,
        FollowUp.created_at <= Reading.created_at,
    )
    rows = session.execute(
        select(
            Reading.case_id,
            Reading.user_id,
            Reading.finding,
            Reading.appearance,
            Reading.created_at,
            AnswerShown.shown_at,
            entered,
        )
        .join(Case, Case.id == Reading.case_id)
        .outerjoin(AnswerShown, shown)
        .where(chosen, Reading.kind != "third")
        .order_by(Reading.id)
    )
    seen: set[tuple[int, int]] = set()
    for case_id, user_id, finding, appearance, read_at, shown_at, knew_result in rows:
        if (case_id, user_id) in seen or finding not in FINDINGS:
            continue
        seen.add((case_id, user_id))
        knows = knew_result or (shown_at is not None and shown_at <= read_at)
        category = appearance if appearance in _GRADES else None
        yield _Read(case_id, user_id, finding, category, bool(knows))


def _of_model(test: IndexTest | None, bundle: str) -> Opinion | None:
    if test is None or test.outcome not in FINDINGS or (bundle and test.bundle != bundle):
        return None
    known = [p for p in test.appearance if p is not None]
    category = _GRADES[int(np.argmax(known))] if len(known) == len(_GRADES) else None
    return Opinion(test.outcome, category)


def _groups(
    cases: Sequence[CaseOpinions], scope: Scope, names: Mapping[int, str]
) -> Iterator[tuple[Cell, list[CaseOpinions]]]:
    yield N_("All"), list(cases)
    if scope.unit_id is None:
        for unit in sorted({case.unit for case in cases}, key=lambda unit: names.get(unit, "")):
            yield names.get(unit, str(unit)), [case for case in cases if case.unit == unit]
    months = sorted({case.month for case in cases})
    for month in months if len(months) > 1 else ():
        yield f"{month:%Y-%m}", [case for case in cases if case.month == month]


def _compare(
    label: Cell, cases: Iterable[CaseOpinions], scope: Scope
) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows of one group of cases; a comparison that no case allows has none."""
    held: dict[tuple[int, int], list[tuple[int, list[Opinion]]]] = {}
    for case in cases:
        for place, opinions_of in enumerate(_COMPARISONS):
            for condition, sides in enumerate(opinions_of(case)):
                if sides:
                    held.setdefault((place, condition), []).append((case.patient, sides))
    for (place, condition), compared in sorted(held.items()):
        said = _INFORMED if condition else _INDEPENDENT
        yield label, _NAMES[place], said, *_figures(compared, scope)


def _two_readers(case: CaseOpinions) -> tuple[list[Opinion], list[Opinion]]:
    return _enough(case, 2)


def _three_readers(case: CaseOpinions) -> tuple[list[Opinion], list[Opinion]]:
    return _enough(case, 3)


def _with_model(case: CaseOpinions) -> tuple[list[Opinion], list[Opinion]]:
    if case.model is None:
        return [], []
    for place, side in enumerate((case.independent, case.informed)):
        if side:
            both = [next(iter(side.values())), case.model]
            return ([], both) if place else (both, [])
    return [], []


def _enough(case: CaseOpinions, readers: int) -> tuple[list[Opinion], list[Opinion]]:
    """Return the first readers' opinions: independent ones if enough, else those of all."""
    independent = list(case.independent.values())
    if len(independent) >= readers:
        return independent[:readers], []
    everybody = [*independent, *case.informed.values()]
    return [], everybody[:readers] if len(everybody) >= readers else []


_Compared = Callable[[CaseOpinions], tuple[list[Opinion], list[Opinion]]]
_COMPARISONS: Final[Sequence[_Compared]] = (_two_readers, _three_readers, _with_model)
_NAMES: Final[Sequence[Text]] = (
    N_("Two readers (Cohen)"),
    N_("Three readers (Fleiss)"),
    N_("Reader and model (Cohen)"),
)


def _pairs(
    session: Session, cases: Sequence[CaseOpinions], scope: Scope
) -> Iterator[tuple[Cell, ...]]:
    """Yield a row for each pair of persons who read enough of the same cases independently."""
    held: dict[tuple[int, int], list[tuple[int, list[Opinion]]]] = {}
    for case in cases:
        for pair in combinations(sorted(case.independent), 2):
            both = [case.independent[person] for person in pair]
            held.setdefault(pair, []).append((case.patient, both))
    names = {row.id: row.full_name for row in session.execute(select(User.id, User.full_name))}
    for pair, compared in sorted(held.items()):
        if len(compared) >= LEAST:
            named = " · ".join(names[person] for person in pair)
            yield N_("All"), named, _INDEPENDENT, *_figures(compared, scope)


def _figures(
    compared: Sequence[tuple[int, list[Opinion]]], scope: Scope
) -> tuple[Cell, Cell, Cell, Cell]:
    """Return count, share of the same conclusion, kappa of conclusion and of category."""
    n = len(compared)
    if n < LEAST:
        return HIDDEN if scope.protected and n < SMALL else n, None, None, None
    patients = np.array([patient for patient, _ in compared])
    same = np.array([len({side.outcome for side in sides}) == 1 for _, sides in compared])
    outcomes = [[_OUTCOMES.index(side.outcome) for side in sides] for _, sides in compared]
    graded = [
        (patient, [_GRADES.index(side.category) for side in sides if side.category])
        for patient, sides in compared
    ]
    whole = [(patient, grades) for patient, grades in graded if len(grades) == len(outcomes[0])]
    return (
        n,
        proportion(same, patients),
        _kappa(outcomes, patients.tolist(), len(_OUTCOMES), ordered=False),
        _kappa(
            [grades for _, grades in whole],
            [patient for patient, _ in whole],
            len(_GRADES),
            ordered=True,
        ),
    )


def _kappa(
    grades: Sequence[Sequence[int]], patients: Sequence[int], count: int, *, ordered: bool
) -> Estimate | None:
    if len(grades) < LEAST:
        return None
    table = np.array(grades, dtype=np.int64)
    if (table == table[0]).all(axis=0).any():
        return None  # one side says the same of every case: kappa is 0 by definition, not by data
    if table.shape[1] > 2:
        found = fleiss_estimate(table, count, patients)
    else:
        found = cohen_estimate(table[:, 0], table[:, 1], count, patients, ordered=ordered)
    return None if np.isnan([found.value, found.low, found.high]).any() else found
