"""Films that are to leave: kept back until a person of the unit has looked at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.operations import FilmReview
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_, Text
from covid_d.radiograph.film import Box

PAGE: Final = 12


class Decision(StrEnum):
    """What may happen to a film with marks in it."""

    CLEAR = "clear"
    MASK = "mask"
    KEEP_BACK = "keep_back"

    @property
    def text(self) -> Text:
        """The decision in words."""
        return _DECISIONS[self]


_DECISIONS: Final = {
    Decision.CLEAR: N_("Release as it is: nothing in it tells who the patient is"),
    Decision.MASK: N_("Release with the marks blacked out"),
    Decision.KEEP_BACK: N_("Keep back"),
}


@dataclass(frozen=True, slots=True)
class FilmInReview:
    """A film that waits for a decision."""

    film_id: int
    case_id: int
    boxes: tuple[Box, ...]


def decisions(session: Session) -> dict[str, tuple[tuple[Box, ...], Decision | None]]:
    """Return, for each film ever found with text inside, the boxes and what was decided."""
    return {
        row.sha256: (boxes_of(row), Decision(row.decision) if row.decision else None)
        for row in session.scalars(select(FilmReview))
    }


def ask_for(session: Session, found: Mapping[str, Sequence[Box]]) -> None:
    """Have films reviewed, by SHA-256; a decision about other boxes no longer holds."""
    for sha256, boxes in found.items():
        row = session.get(FilmReview, sha256) or FilmReview(sha256=sha256, found_at=now())
        row.boxes = [box.to_list() for box in boxes]
        row.decision = row.decided_by_id = row.decided_at = None
        session.add(row)


def waiting(session: Session, person: Person) -> tuple[int, list[FilmInReview]]:
    """Return how many films of the person's unit wait, and the first ``PAGE`` of them."""
    own = (
        select(Film.id, Film.case_id, FilmReview)
        .join(Case, Case.id == Film.case_id)
        .join(FilmReview, FilmReview.sha256 == Film.sha256)
        .where(Case.unit_id == person.unit_id, FilmReview.decision.is_(None))
        .order_by(Film.id)
    )
    count = session.scalar(select(func.count()).select_from(own.subquery())) or 0
    rows = session.execute(own.limit(PAGE)).all()
    return count, [FilmInReview(film_id, case_id, boxes_of(row)) for film_id, case_id, row in rows]


def decide(
    installation: Installation, person: Person, actor: Actor, film_id: int, decision: Decision
) -> None:
    """Record a decision about a film of the person's own unit.

    Raises
    ------
    NotFoundError
        If no film of theirs waits or waited under this number.
    """
    with installation.act(actor) as act:
        film, row = reviewed_film(act.session, person, film_id)
        row.decision, row.decided_by_id, row.decided_at = decision.value, person.id, act.now
        detail = {"decision": decision.value, "boxes": len(row.boxes), "case": film.case_id}
        act.record("film.review", film, **detail)


def reviewed_film(session: Session, person: Person, film_id: int) -> tuple[Film, FilmReview]:
    """Return a film of the person's unit and its review.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    found = session.execute(
        select(Film, FilmReview)
        .join(Case, Case.id == Film.case_id)
        .join(FilmReview, FilmReview.sha256 == Film.sha256)
        .where(Film.id == film_id, Case.unit_id == person.unit_id)
    ).first()
    if found is None:
        raise NotFoundError
    return found.Film, found.FilmReview


def boxes_of(row: FilmReview) -> tuple[Box, ...]:
    """Return what was found in a film."""
    return tuple(Box(*numbers) for numbers in row.boxes)
