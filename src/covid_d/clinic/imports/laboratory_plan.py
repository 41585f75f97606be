"""What an import of laboratory results will do, said before it does it: row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import national_id
from covid_d.clinic.cases.access import of_unit
from covid_d.clinic.clock import Clock
from covid_d.clinic.database.cases import Case, FollowUp
from covid_d.clinic.follow_up.entry import wrong_day
from covid_d.clinic.follow_up.holding import holds, is_test
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.imports.case_rows import RowFault
from covid_d.clinic.imports.laboratory_rows import ResultRow
from covid_d.clinic.installation import Installation
from covid_d.language import N_, Text
from covid_d.tables import ReadTable


class ResultState(StrEnum):
    """What will become of a result of the table."""

    READY = "ready"
    DONE = "done"
    """It is recorded already."""
    CONFLICT = "conflict"
    """Another value is recorded of this test and day: somebody has to choose."""
    FAULTY = "faulty"

    @property
    def text(self) -> Text:
        """The state in words."""
        return _STATES[self]


_STATES: Final = {
    ResultState.READY: N_("Will be recorded"),
    ResultState.DONE: N_("Recorded already"),
    ResultState.CONFLICT: N_("Another value is recorded: choose"),
    ResultState.FAULTY: N_("To be corrected"),
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A result that is recorded already: its entry's number and what it says."""

    id: int
    value: str


@dataclass(frozen=True, slots=True)
class PlannedResult:
    """One result of the table, and what will become of it.

    Parameters
    ----------
    stated
        As the table states it.
    state
        What will become of it.
    case_id
        Whose it is; ``None`` where that is not known.
    recorded
        What is recorded of the same test and day.
    faults
        What is to be corrected.
    """

    stated: ResultRow
    state: ResultState
    case_id: int | None = None
    recorded: Recorded | None = None
    faults: tuple[RowFault, ...] = ()


@dataclass(frozen=True, slots=True)
class ResultPlan:
    """What an import will do: the table as it was read, and its results in its order."""

    table: ReadTable
    results: tuple[PlannedResult, ...]

    @property
    def counts(self) -> dict[ResultState, int]:
        """How many results are in each state; those that are in none are left out."""
        found = Counter(planned.state for planned in self.results)
        return {state: found[state] for state in ResultState if found[state]}

    def of(self, *states: ResultState) -> tuple[PlannedResult, ...]:
        """Return the results in some states."""
        return tuple(planned for planned in self.results if planned.state in states)


def plan_results(
    installation: Installation, person: Person, table: ReadTable, stated: Sequence[ResultRow]
) -> ResultPlan:
    """Say what an import will do; it changes nothing.

    A result goes to the case whose number its row states, and which must then be that patient's;
    else to the one case of the patient that a sample of this day can belong to.

    Parameters
    ----------
    installation
        Where.
    person
        Who imports, of the unit that it is for.
    table, stated
        The table and its results.
    """
    with installation.reading() as session:
        cases = _Cases(installation, list(session.scalars(select(Case).where(of_unit(person)))))
        recorded = _recorded(session, person)
    planned = [_placed(row, cases) for row in stated]
    return ResultPlan(table, tuple(_held(one, recorded) for one in _once(planned)))


class _Key(NamedTuple):
    """What a result is of."""

    case_id: int
    kind: EntryKind
    day: date


class _Cases:
    """A unit's cases, found by number or patient."""

    def __init__(self, installation: Installation, cases: Sequence[Case]) -> None:
        self._keys, self.clock = installation.keys, installation.clock
        self.by_number = {case.id: case for case in cases}
        self._by_code: dict[str, list[Case]] = {}
        self._by_hash: dict[str, list[Case]] = {}
        for case in cases:
            if case.sample:
                continue
            self._by_code.setdefault(_plain(case.patient_code), []).append(case)
            if case.national_id_hash is not None:
                self._by_hash.setdefault(case.national_id_hash, []).append(case)

    def of_patient(self, row: ResultRow) -> list[Case]:
        """Return the cases of the patient whom a row names, by all that it states."""
        found: list[Case] | None = None
        if row.patient_code:
            found = self._by_code.get(_plain(row.patient_code), [])
        if row.national_id:
            same = self._by_hash.get(national_id.hash_of(self._keys, row.national_id), [])
            found = same if found is None else [case for case in found if case in same]
        return found or []


def _plain(code: str) -> str:
    return " ".join(code.split()).casefold()


def _placed(row: ResultRow, cases: _Cases) -> PlannedResult:
    """Return a result with its case, or with what keeps it from having one."""
    if row.faults or row.kind is None or row.day is None or row.value is None:
        return PlannedResult(row, ResultState.FAULTY, faults=row.faults)
    names_patient = bool(row.patient_code or row.national_id)
    patients = cases.of_patient(row) if names_patient else []
    if row.case is not None:
        case = cases.by_number.get(row.case)
        if case is None or case.sample:
            return _faulty(row, N_("This unit has no case %(number)d.", number=row.case))
        if names_patient and case not in patients:
            return _faulty(
                row, N_("Case %(number)d is of another patient: check both.", number=row.case)
            )
        fault = wrong_day(case, row.kind, row.day, cases.clock)
        return _faulty(row, fault) if fault else _ready(row, case)
    if not patients:
        return _faulty(row, N_("This unit has no case of this patient."))
    fitting, fault = _fitting(row.kind, row.day, patients, cases.clock)
    if len(fitting) == 1:
        return _ready(row, fitting[0])
    if fitting:
        numbers = ", ".join(str(case.id) for case in fitting)
        return _faulty(
            row, N_("It may be of the cases %(numbers)s: state which one.", numbers=numbers)
        )
    return _faulty(row, fault or N_("This unit has no case of this patient."))


def _fitting(
    kind: EntryKind, day: date, cases: Iterable[Case], clock: Clock
) -> tuple[list[Case], Text | None]:
    """Return the cases that a sample of a day can belong to, and else why the last one cannot."""
    fitting, fault = [], None
    for case in sorted(cases, key=lambda case: case.id):
        wrong = wrong_day(case, kind, day, clock)
        if wrong is None:
            fitting.append(case)
        fault = wrong or fault
    return fitting, fault


def _ready(row: ResultRow, case: Case) -> PlannedResult:
    return PlannedResult(row, ResultState.READY, case.id)


def _faulty(row: ResultRow, text: Text) -> PlannedResult:
    return PlannedResult(row, ResultState.FAULTY, faults=(RowFault(row.row, "", text),))


def _key(planned: PlannedResult) -> _Key | None:
    row = planned.stated
    if planned.case_id is None or row.kind is None or row.day is None:
        return None
    return _Key(planned.case_id, row.kind, row.day)


def _once(planned: Sequence[PlannedResult]) -> list[PlannedResult]:
    """Refuse rows that contradict each other; of rows that say the same keep the first."""
    first: dict[_Key, PlannedResult] = {}
    differing: dict[_Key, list[int]] = {}
    for one in planned:
        key = _key(one)
        if key is None:
            continue
        if first.setdefault(key, one).stated.value != one.stated.value:
            differing.setdefault(key, [first[key].stated.row]).append(one.stated.row)
    settled = []
    for one in planned:
        key = _key(one)
        if key in differing:
            rows = ", ".join(str(row) for row in differing[key] if row != one.stated.row)
            text = N_("Row %(rows)s says otherwise of this test and day.", rows=rows)
            settled.append(_faulty(one.stated, text))
        elif key is None or first[key] is one:
            settled.append(one)
    return settled


def _recorded(session: Session, person: Person) -> Mapping[_Key, Recorded]:
    rows = session.execute(
        select(FollowUp.id, FollowUp.case_id, FollowUp.kind, FollowUp.value, FollowUp.day)
        .join(Case, Case.id == FollowUp.case_id)
        .where(is_test(), holds(), of_unit(person), FollowUp.day.is_not(None))
    )
    return {
        _Key(case_id, EntryKind(kind), day): Recorded(number, value)
        for number, case_id, kind, value, day in rows
        if day is not None
    }


def _held(planned: PlannedResult, recorded: Mapping[_Key, Recorded]) -> PlannedResult:
    """Return a result, held against what is recorded already."""
    key = _key(planned)
    before = recorded.get(key) if key is not None else None
    if before is None or planned.state is not ResultState.READY:
        return planned
    same = before.value == planned.stated.value
    state = ResultState.DONE if same else ResultState.CONFLICT
    return replace(planned, state=state, recorded=before)
