"""What an import of films will do, said before it does it: case by case, with every reason."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.intake import MAX_FILMS, columns_of
from covid_d.clinic.cases.new_case import faults
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.imports.case_rows import CaseRows, RowFault, RowFilm
from covid_d.clinic.imports.films import Films
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import Keys
from covid_d.clinic.patients import Identity, same_patient
from covid_d.language import N_, Text
from covid_d.tables import ReadTable

_AT_ONCE: Final = 500  # values in one question to the database


class CaseState(StrEnum):
    """What will become of a case of the table."""

    READY = "ready"
    DONE = "done"
    """This import entered it already."""
    CHANGED = "changed"
    """It was entered already, and the table now says otherwise."""
    HELD = "held"
    """The patient's case holds the film already."""
    OTHER_PATIENT = "other_patient"
    """Another patient's case holds the film, and no reason is stated."""
    MISSING = "missing"
    """A film that it names is not there."""
    FAULTY = "faulty"

    @property
    def text(self) -> Text:
        """The state in words."""
        return _STATES[self]


_STATES: Final = {
    CaseState.READY: N_("Will be entered"),
    CaseState.DONE: N_("Entered already"),
    CaseState.CHANGED: N_("Entered already, with other entries: left as it is"),
    CaseState.HELD: N_("The patient's case holds this film already: left out"),
    CaseState.OTHER_PATIENT: N_("Another patient's case holds this film: needs a reason"),
    CaseState.MISSING: N_("Film missing"),
    CaseState.FAULTY: N_("To be corrected"),
}


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """One case of the table, and what will become of it.

    Parameters
    ----------
    stated
        As the table states it.
    state
        What will become of it.
    films
        Its films, by the names of what is there.
    submission
        Under which it is entered: the same whenever this table, or one like it, is imported.
    cases
        Numbers of the cases that stand in its way, or that it is.
    faults
        What is to be corrected.
    """

    stated: CaseRows
    state: CaseState
    films: tuple[RowFilm, ...] = ()
    submission: str = ""
    cases: tuple[int, ...] = ()
    faults: tuple[RowFault, ...] = ()


@dataclass(frozen=True, slots=True)
class CasePlan:
    """What an import will do.

    Parameters
    ----------
    table
        As it was read.
    cases
        In the table's order.
    unnamed
        Films that are there and that no row names.
    """

    table: ReadTable
    cases: tuple[PlannedCase, ...]
    unnamed: tuple[str, ...]

    @property
    def counts(self) -> dict[CaseState, int]:
        """How many cases are in each state; those that are in none are left out."""
        found = Counter(planned.state for planned in self.cases)
        return {state: found[state] for state in CaseState if found[state]}

    def of(self, *states: CaseState) -> tuple[PlannedCase, ...]:
        """Return the cases in some states."""
        return tuple(planned for planned in self.cases if planned.state in states)

    @property
    def consented(self) -> int:
        """How many of the cases to be entered have consent to research."""
        return sum(one.stated.case.research_consent for one in self.of(CaseState.READY))


def plan_cases(
    installation: Installation,
    person: Person,
    table: ReadTable,
    stated: Sequence[CaseRows],
    films: Films,
) -> CasePlan:
    """Say what an import will do; it changes nothing.

    Parameters
    ----------
    installation
        Where.
    person
        Who imports, of the unit that it is for.
    table, stated
        The table and its cases.
    films
        The films.
    """
    found = [_found(installation, person, table, rows, films) for rows in stated]
    found = _once(found, films)
    with installation.reading() as session:
        known = _Known.of(session, found, films)
    planned = tuple(_placed(installation, one, films, known) for one in found)
    named = {film.name for one in planned for film in one.films}
    return CasePlan(table, planned, films.unnamed(named))


def submission_of(keys: Keys, unit_id: int, rows: CaseRows, digests: Collection[str]) -> str:
    """Return under what a case is entered: by its unit, patient, word and films, and nothing else.

    Keyed, since it says who the patient is to whoever can guess.
    """
    parts = [str(unit_id), *rows.patient, *sorted(digests)]
    return f"import-{keys.digest('import', chr(31).join(parts))[:48]}"


def _found(
    installation: Installation, person: Person, table: ReadTable, rows: CaseRows, films: Films
) -> PlannedCase:
    """Return a case with its films, or with what keeps it from being entered."""
    wrong = list(rows.faults)
    headings = {fault.heading for fault in wrong}
    today, keeping = installation.clock.today(), installation.settings.national_id
    for field, text in faults(rows.case, person, keeping, today).items():
        heading = table.columns.get(_COLUMN.get(field, field), "")
        if heading not in headings:  # what could not be read is said once
            wrong.append(RowFault(rows.rows[0], heading, text))
    if len(rows.films) > MAX_FILMS:
        text = N_("Add at most %(n)d radiographs to a case.", n=MAX_FILMS)
        wrong.append(RowFault(rows.rows[0], "", text))
    there: list[RowFilm] = []
    missing: list[RowFault] = []
    for film in rows.films:
        meant = films.find(film.name)
        if len(meant) == 1:
            there.append(replace(film, name=next(iter(meant))))
        elif meant:
            text = N_("%(film)s may be: %(names)s.", film=film.name, names=", ".join(meant))
            wrong.append(RowFault(film.row, "", text))
        else:
            text = N_("The film %(film)s is not there.", film=film.name)
            missing.append(RowFault(film.row, "", text))
    if wrong:
        return PlannedCase(rows, CaseState.FAULTY, tuple(there), faults=(*wrong, *missing))
    if missing:
        return PlannedCase(rows, CaseState.MISSING, tuple(there), faults=tuple(missing))
    digests = {films.digest(film.name) for film in there}
    key = submission_of(installation.keys, rows.case.unit_id, rows, digests)
    return PlannedCase(rows, CaseState.READY, tuple(there), key)


def _once(found: Sequence[PlannedCase], films: Films) -> list[PlannedCase]:
    """Refuse the same film in two cases of a table: nobody can say whose it is."""
    holders: dict[str, list[int]] = {}
    for place, planned in enumerate(found):
        for digest in {films.digest(film.name) for film in planned.films}:
            holders.setdefault(digest, []).append(place)
    twice: dict[int, set[int]] = {}
    for places in holders.values():
        for place in places:
            twice.setdefault(place, set()).update(other for other in places if other != place)
    settled = list(found)
    for place, others in twice.items():
        if not others:
            continue
        rows = ", ".join(str(found[other].stated.rows[0]) for other in sorted(others))
        text = N_("The same film is also in row %(rows)s.", rows=rows)
        one = found[place]
        fault = RowFault(one.stated.rows[0], "", text)
        settled[place] = replace(one, state=CaseState.FAULTY, faults=(*one.faults, fault))
    return settled


class _Row(NamedTuple):
    """A film that is here already: as it was sent, its case and patient."""

    case_id: int
    identity: Identity


@dataclass(frozen=True, slots=True)
class _Known:
    """What is here already: cases by submission, films by the SHA-256 of what was sent."""

    submitted: Mapping[str, Case]
    holding: Mapping[str, Sequence[_Row]]

    @classmethod
    def of(cls, session: Session, found: Iterable[PlannedCase], films: Films) -> _Known:
        ready = [one for one in found if one.state is CaseState.READY]
        submitted: dict[str, Case] = {}
        for some in _few([one.submission for one in ready]):
            for case in session.scalars(select(Case).where(Case.submission.in_(some))):
                submitted[str(case.submission)] = case
        holding: dict[str, list[_Row]] = {}
        digests = [films.digest(film.name) for one in ready for film in one.films]
        for some in _few(digests):
            query = (
                select(
                    Film.sha256, Film.received_sha256, Case.id,
                    Case.unit_id, Case.patient_code, Case.national_id_hash,
                )
                .join(Case, Case.id == Film.case_id)
                .where(
                    Case.sample.is_(False),
                    or_(Film.received_sha256.in_(some), Film.sha256.in_(some)),
                )
                .order_by(Case.id)
            )  # fmt: skip
            for kept, received, case_id, unit_id, code, hashed in session.execute(query):
                row = _Row(case_id, Identity(unit_id, code, hashed))
                for digest in {kept, received or kept}:
                    holding.setdefault(digest, []).append(row)
        return cls(submitted, holding)


def _few(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))


def _placed(
    installation: Installation, planned: PlannedCase, films: Films, known: _Known
) -> PlannedCase:
    """Return a case, held against what is here already."""
    if planned.state is not CaseState.READY:
        return planned
    columns = columns_of(installation, planned.stated.case)
    before = known.submitted.get(planned.submission)
    if before is not None:
        same = all(
            getattr(before, name) == value for name, value in columns.items() if name in _SAME
        )
        state = CaseState.DONE if same else CaseState.CHANGED
        return replace(planned, state=state, cases=(before.id,))
    own = Identity(columns["unit_id"], columns["patient_code"], columns["national_id_hash"])
    rows = [row for film in planned.films for row in known.holding.get(films.digest(film.name), ())]
    if not rows:
        return planned
    first = same_patient([own, *(row.identity for row in rows)])
    mine = [row for row, place in zip(rows, first[1:], strict=True) if place == 0]
    others = [row for row, place in zip(rows, first[1:], strict=True) if place != 0]
    if mine:
        return replace(planned, state=CaseState.HELD, cases=_numbers(mine, own))
    if others and not planned.stated.reason:
        return replace(planned, state=CaseState.OTHER_PATIENT, cases=_numbers(others, own))
    return planned


def _numbers(rows: Sequence[_Row], own: Identity) -> tuple[int, ...]:
    """Return the numbers of cases of the unit; another unit's are its own."""
    return tuple(sorted({row.case_id for row in rows if row.identity.unit_id == own.unit_id}))


_COLUMN: Final = {"age_years": "age"}
"""What a case calls a column that a table calls otherwise."""
# Everything that a table can state of a case.
_SAME: Final = frozenset(
    {
        "patient_code", "national_id_hash", "age_years", "adult", "sex", "province",
        "symptom_onset", "symptoms", "comorbidities", "spo2", "on_oxygen", "vaccine_doses",
        "research_consent", "notes",
    }
)  # fmt: skip


def fingerprint(data: bytes) -> str:
    """Return how the audit trail names a table: the beginning of its SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]
