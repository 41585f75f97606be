"""Films that are to leave: kept back until a person of the unit has looked at them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.operations import AuditEntry, FilmReview
from covid_d.clinic.errors import ConflictError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.act import Act
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_, NN_, Text
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
    """A film that waits for a decision.

    Parameters
    ----------
    film_id, case_id
        Which.
    boxes
        Lines of text found in it: they are what may be blacked out.
    suspects
        Further places to look at.
    """

    film_id: int
    case_id: int
    boxes: tuple[Box, ...]
    suspects: tuple[Box, ...] = ()

    @property
    def is_marked(self) -> bool:
        """Whether anything in it may be text: it is decided by itself, not with others."""
        return bool(self.boxes or self.suspects)


def decisions(session: Session) -> dict[str, tuple[tuple[Box, ...], Decision | None]]:
    """Return, for each film ever found with text inside, the boxes and what was decided."""
    return {
        row.sha256: (boxes_of(row), Decision(row.decision) if row.decision else None)
        for row in session.scalars(select(FilmReview))
    }


def ask_for(
    session: Session,
    found: Mapping[str, Sequence[Box]],
    suspects: Mapping[str, Sequence[Box]] | None = None,
) -> None:
    """Have films reviewed, by SHA-256; a decision about other boxes no longer holds.

    Parameters
    ----------
    session
        Writing.
    found
        Lines of text inside each film.
    suspects
        Further places that a person must look at, where they were looked for.
    """
    for sha256, boxes in found.items():
        row = session.get(FilmReview, sha256) or FilmReview(sha256=sha256, found_at=now())
        row.boxes = [box.to_list() for box in boxes]
        if suspects is not None:
            row.suspects = [box.to_list() for box in suspects.get(sha256, ())]
        row.decision = row.decided_by_id = row.decided_at = None
        session.add(row)


def waiting(session: Session, person: Person) -> tuple[int, list[FilmInReview]]:
    """Return how many films of the person's unit wait, and the first ``PAGE`` of them.

    Those with text found inside come first, then those with most places to look at.
    """
    own = (
        select(Film.id, Film.case_id, FilmReview)
        .join(Case, Case.id == Film.case_id)
        .join(FilmReview, FilmReview.sha256 == Film.sha256)
        .where(Case.unit_id == person.unit_id, FilmReview.decision.is_(None))
        .order_by(Film.id)
    )
    films = [
        FilmInReview(film_id, case_id, boxes_of(row), suspects_of(row))
        for film_id, case_id, row in session.execute(own)
    ]
    films.sort(key=lambda film: (not film.boxes, -len(film.suspects), film.film_id))
    return len(films), films[:PAGE]


def pending(count: int) -> Text:
    """Return the one wording of how many films wait, for every page, error and command."""
    return NN_("%(num)d film pending review", "%(num)d films pending review", count)


def decide_together(
    installation: Installation,
    person: Person,
    actor: Actor,
    decisions: Mapping[int, Decision],
    *,
    alike: Collection[int] = (),
) -> int:
    """Record decisions about several films at once, and return how many.

    Parameters
    ----------
    installation, person, actor
        Where, who decides, and as the audit trail names them.
    decisions
        Film number -> what was decided of it by itself.
    alike
        Films released together, since nothing was found in them: one with marks is left out of
        it, and decided by itself.

    Raises
    ------
    NotFoundError
        If one of the films is not of the person's unit.
    ConflictError
        If this person was never shown one of the films: nothing is recorded.
    """
    with installation.act(actor) as act:
        chosen = dict(decisions)
        for number in chosen:
            reviewed_film(act.session, person, number)
        for number in alike:
            _, row = reviewed_film(act.session, person, number)
            if number not in chosen and not (row.boxes or row.suspects):
                chosen[number] = Decision.CLEAR
        unseen = set(chosen) - _seen(act.session, person, chosen)
        if unseen:
            raise ConflictError(
                N_("Film %(film)d was not shown to you: look at it first.", film=min(unseen)),
                N_("Open the page again and wait until every film is there."),
                code="film_not_seen",
            )
        for number, decision in sorted(chosen.items()):
            _decided(act, person, number, decision)
        if not chosen:
            raise ConflictError(N_("Decide about at least one film."), code="nothing_decided")
        return len(chosen)


def _seen(session: Session, person: Person, films: Collection[int]) -> set[int]:
    """Return which films were shown to this person for review, by the audit trail."""
    subjects = {f"film:{number}": number for number in films}
    rows = session.execute(
        select(AuditEntry.subject, AuditEntry.detail).where(
            AuditEntry.action == "film.view",
            AuditEntry.user_id == person.id,
            AuditEntry.subject.in_(subjects),
        )
    )
    return {subjects[subject] for subject, detail in rows if detail.get("for") == "review"}


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
        _decided(act, person, film_id, decision)


def _decided(act: Act, person: Person, film_id: int, decision: Decision) -> None:
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


def suspects_of(row: FilmReview) -> tuple[Box, ...]:
    """Return the further places that a person must look at."""
    return tuple(Box(*numbers) for numbers in row.suspects or ())
