"""Health units: where they are, how common COVID-19 is there, and how they read films."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from covid_d.clinic import sentences
from covid_d.clinic.accounts.user_details import changes, fault_of_name
from covid_d.clinic.cases.value_sets import PROVINCES
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.errors import InvalidInputError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_, Text

LOWEST_PREVALENCE: Final = 0.001
HIGHEST_PREVALENCE: Final = 0.9


@dataclass(frozen=True, slots=True)
class UnitDetails:
    """What an administrator enters about a health unit.

    Parameters
    ----------
    name
        Its name, which no other unit has.
    province
        One of the 24.
    prevalence
        Share of COVID-19 among those examined there, 0.001 to 0.9; ``None`` when not known.
    blind_mode
        Whether doctors record their own reading before they see the model's answer.
    active
        Whether people and cases may be added to it.
    """

    name: str
    province: str
    prevalence: float | None = None
    blind_mode: bool = False
    active: bool = True

    @classmethod
    def of(cls, unit: Unit) -> UnitDetails:
        """Return the details of a row."""
        return cls(unit.name, unit.province, unit.prevalence, unit.blind_mode, unit.active)

    def check(self, session: Session, *, but: int | None = None) -> None:
        """Refuse details that cannot be accepted.

        Raises
        ------
        InvalidInputError
            Under ``name``, ``province`` or ``prevalence``.
        """
        wrong: dict[str, Text] = {}
        if (fault := fault_of_name(self.name)) is not None:
            wrong["name"] = fault
        elif _is_taken(session, self.name, but):
            wrong["name"] = N_("Another unit has this name.")
        if self.province not in PROVINCES:
            wrong["province"] = sentences.NOT_OFFERED
        known = self.prevalence is not None
        if known and not LOWEST_PREVALENCE <= (self.prevalence or 0) <= HIGHEST_PREVALENCE:
            low, high = 100 * LOWEST_PREVALENCE, 100 * HIGHEST_PREVALENCE
            wrong["prevalence"] = sentences.no_number(low, high)
        if wrong:
            raise InvalidInputError(wrong)


def every(installation: Installation) -> Sequence[Unit]:
    """Return all units, by name; those switched off last."""
    with installation.reading() as session:
        order = (Unit.active.desc(), func.lower(Unit.name))
        return session.scalars(select(Unit).order_by(*order)).all()


def one(installation: Installation, unit_id: int) -> Unit:
    """Return a unit.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    with installation.reading() as session:
        unit = session.get(Unit, unit_id)
        if unit is None:
            raise NotFoundError
        return unit


def create(installation: Installation, actor: Actor, details: UnitDetails) -> int:
    """Create a unit and return its id.

    Raises
    ------
    InvalidInputError
        If the details cannot be accepted.
    """
    with installation.act(actor) as act:
        details.check(act.session)
        unit = Unit(**asdict(details), created_at=act.now)
        act.session.add(unit)
        act.record("unit.create", unit, **asdict(details))
        return unit.id


def edit(installation: Installation, actor: Actor, unit_id: int, details: UnitDetails) -> None:
    """Change a unit; cases keep the prevalence and the mode under which they were answered.

    Raises
    ------
    InvalidInputError
        If the details cannot be accepted.
    """
    with installation.act(actor) as act:
        unit = act.session.get(Unit, unit_id, with_for_update=True)
        if unit is None:
            raise NotFoundError
        details.check(act.session, but=unit_id)
        changed = changes(asdict(UnitDetails.of(unit)), asdict(details))
        for name in changed:
            setattr(unit, name, getattr(details, name))
        if changed:
            act.record("unit.edit", unit, **changed)


def _is_taken(session: Session, name: str, but: int | None) -> bool:
    found = session.scalar(
        select(Unit.id).where(func.lower(Unit.name) == name.lower(), Unit.id != (but or 0))
    )
    return found is not None
