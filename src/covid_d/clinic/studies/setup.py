"""Setting up a reading study: which films, which readers, how many rounds."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from covid_d.clinic import sentences
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import Clock
from covid_d.clinic.collection.selection import consents
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.studies import ReadingStudy, StudyFilm, StudyReader
from covid_d.clinic.errors import ConflictError, InvalidInputError
from covid_d.clinic.follow_up.laboratory import Standard, laboratory_of
from covid_d.clinic.patients import Identity, same_patient
from covid_d.clinic.roles import Permission, Role
from covid_d.clinic.statistics.suppression import LEAST as SMALL
from covid_d.clinic.trail.act import Act
from covid_d.language import N_, Text

MOST_FILMS: Final = 500
"""Of each class."""
LONGEST_WASHOUT: Final = 365
LONGEST_NAME: Final = 80
ROUNDS: Final = (1, 2)
_READING: Final = [role.value for role in Role if Permission.READ_CASE in role.permissions]


class NoUnitError(ConflictError):
    """A study is of a unit's films, and the person belongs to none."""

    def __init__(self) -> None:
        super().__init__(
            N_("A reading study is of one health unit, and your account has none."),
            N_("An administrator can give your account its unit."),
            code="no_unit",
        )


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """What a study is to be.

    Parameters
    ----------
    name
        Its name.
    positive, negative
        How many films of patients with a positive and with a negative reference standard.
    first, last
        Days of entry of the cases; ``None`` for any.
    rounds, washout_days
        One or two, and the days between them.
    readers
        Ids of the people who read.
    """

    name: str
    positive: int
    negative: int
    first: date | None
    last: date | None
    rounds: int
    washout_days: int
    readers: tuple[int, ...]

    def __post_init__(self) -> None:
        wrong: dict[str, Text] = {}
        if not 0 < len(self.name.strip()) <= LONGEST_NAME:
            wrong["name"] = sentences.MISSING
        for field in ("positive", "negative"):
            if not 1 <= getattr(self, field) <= MOST_FILMS:
                wrong[field] = sentences.no_whole_number(1, MOST_FILMS)
        if self.first and self.last and self.first > self.last:
            wrong["last"] = sentences.BACKWARDS
        if self.rounds not in ROUNDS:
            wrong["rounds"] = sentences.NOT_OFFERED
        if not 0 <= self.washout_days <= LONGEST_WASHOUT:
            wrong["washout_days"] = sentences.no_whole_number(0, LONGEST_WASHOUT)
        if not self.readers:
            wrong["readers"] = N_("Choose one reader at least.")
        if wrong:
            raise InvalidInputError(wrong)


def possible_readers(session: Session, person: Person) -> list[User]:
    """Return the people of a person's unit who may read cases, by name."""
    return list(
        session.scalars(
            select(User)
            .where(User.unit_id == person.unit_id, User.active, User.role.in_(_READING))
            .order_by(User.full_name, User.id)
        )
    )


def create_study(
    act: Act, person: Person, plan: StudyPlan, clock: Clock, *, seed: int | None = None
) -> ReadingStudy:
    """Create a study with its films, drawn at random, one a patient, with research consent.

    Parameters
    ----------
    act
        The unit of work.
    person
        Who creates it; its films and readers are of their unit.
    plan
        What it is to be.
    clock
        Tells the day of a case.
    seed
        Of its random orders; drawn if left out.

    Raises
    ------
    NoUnitError
        If the person belongs to no unit.
    InvalidInputError
        If there are too few such films, or a reader is none.
    """
    if person.unit_id is None:
        raise NoUnitError
    known = {user.id for user in possible_readers(act.session, person)}
    if not set(plan.readers) <= known:
        raise InvalidInputError({"readers": sentences.NOT_OFFERED})
    drawn = secrets.randbelow(2**31) if seed is None else seed
    films = _films(act.session, person.unit_id, plan, clock, drawn)
    study = ReadingStudy(
        unit_id=person.unit_id,
        name=plan.name.strip(),
        seed=drawn,
        rounds=plan.rounds,
        washout_days=plan.washout_days if plan.rounds > 1 else 0,
        created_by_id=person.id,
        created_at=act.now,
    )
    act.session.add(study)
    act.session.flush()
    act.session.add_all(StudyFilm(study_id=study.id, film_id=film) for film in films)
    act.session.add_all(
        StudyReader(study_id=study.id, user_id=reader) for reader in sorted(set(plan.readers))
    )
    act.record("study.create", study, films=len(films), readers=len(set(plan.readers)))
    return study


def shuffled(films: Collection[int], *key: object) -> list[int]:
    """Return films in the random order of a key, the same on every machine and version."""

    def place(film: int) -> str:
        text = " ".join(map(str, (*key, film)))
        return hashlib.sha256(text.encode()).hexdigest()

    return sorted(films, key=place)


def _films(session: Session, unit_id: int, plan: StudyPlan, clock: Clock, seed: int) -> list[int]:
    held = _candidates(session, unit_id, plan, clock)
    chosen: list[int] = []
    wrong: dict[str, Text] = {}
    for name, standard in (("positive", Standard.POSITIVE), ("negative", Standard.NEGATIVE)):
        wanted = getattr(plan, name)
        films = shuffled(held[standard], "films", seed)
        if len(films) < wanted:
            wrong[name] = (
                N_("There are fewer than %(n)d such films.", n=SMALL)
                if len(films) < SMALL
                else N_("There are only %(n)d such films.", n=len(films))
            )
        chosen += films[:wanted]
    if wrong:
        raise InvalidInputError(wrong)
    return chosen


def _candidates(
    session: Session, unit_id: int, plan: StudyPlan, clock: Clock
) -> dict[Standard, list[int]]:
    """Return the films that a study may take, by reference standard: one a patient."""
    chosen = and_(Case.unit_id == unit_id, Case.sample.is_(False))
    if plan.first is not None:
        chosen = and_(chosen, Case.created_at >= clock.midnight(plan.first))
    if plan.last is not None:
        chosen = and_(chosen, Case.created_at < clock.midnight(plan.last + timedelta(days=1)))
    cases = session.execute(
        select(
            Case.id,
            Case.created_at,
            Case.research_consent,
            Case.unit_id,
            Case.patient_code,
            Case.national_id_hash,
        )
        .where(chosen)
        .order_by(Case.id)
    ).all()
    patients = same_patient([Identity(*row[3:]) for row in cases])
    said = laboratory_of(session, {row.id: clock.day_of(row.created_at) for row in cases})
    agreed = consents(session)
    films = _first_films(session, [row.id for row in cases])
    found: dict[Standard, list[int]] = {Standard.POSITIVE: [], Standard.NEGATIVE: []}
    taken: set[int] = set()
    for row, patient in zip(cases, patients, strict=True):
        standard = said[row.id].reference
        if row.id not in films or standard not in found or patient in taken:
            continue
        if agreed.get(row.id, row.research_consent):
            taken.add(patient)
            found[standard].append(films[row.id])
    return found


def _first_films(session: Session, case_ids: list[int]) -> dict[int, int]:
    """Return the first film of each case that came with it and can be shown."""
    rows = session.execute(
        select(Film.case_id, Film.id)
        .where(Film.case_id.in_(case_ids), Film.at_intake, Film.width.is_not(None))
        .order_by(Film.id.desc())
    )
    return {row.case_id: row.id for row in rows}
