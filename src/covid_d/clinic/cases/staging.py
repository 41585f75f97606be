"""Films sent ahead of their case: answered at once, kept for a day, then swept.

A form that fails keeps its films, because they are here already. They belong to the person who
sent them and to nobody else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.active_detector import Examined
from covid_d.clinic.cases.keeping import keep
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import Film
from covid_d.clinic.database.operations import StagedFilm
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import new_token
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import Examination
from covid_d.radiograph import Radiograph

KEPT: Final = timedelta(days=1)
MOST: Final = 60
"""Films that one person may have waiting; one more takes the place of the oldest."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A film sent ahead.

    Parameters
    ----------
    token
        What its case will call it.
    sha256
        Of the file that is kept.
    examination
        What was found, by the bundle that was active then.
    milliseconds
        That it took.
    received_sha256, identity_encrypted
        As in :class:`~covid_d.clinic.cases.keeping.Kept`.
    film
        The film itself, for a preview, where it was just read and could be.
    """

    token: str
    sha256: str
    examination: Examination
    milliseconds: float
    received_sha256: str | None = None
    identity_encrypted: str | None = None
    film: Radiograph | None = None


def stage(installation: Installation, person: Person, actor: Actor, content: bytes) -> Staged:
    """Keep a film for a case to come; a refused one too.

    The oldest of this person's films gives way when too many wait: it comes from a form that was
    left, or from one that was sent again after the server had stopped.

    Raises
    ------
    UnavailableError
        If it cannot be stored.
    BundleError
        If the active bundle cannot be used.
    """
    examined = installation.active_detector.examine(content)
    kept = keep(installation.keys, content, readable=examined.film is not None)
    sha256 = installation.films.put(kept.content)
    token = new_token()
    with installation.act(actor) as act:
        mine = select(StagedFilm.token).where(StagedFilm.user_id == person.id)
        newest_first = mine.order_by(StagedFilm.created_at.desc(), StagedFilm.token)
        forget(act.session, person, act.session.scalars(newest_first.offset(MOST - 1)).all())
        act.session.add(
            StagedFilm(
                token=token,
                sha256=sha256,
                received_sha256=kept.received_sha256,
                identity_encrypted=kept.identity_encrypted,
                user_id=person.id,
                created_at=act.now,
                examination=_kept(examined),
            )
        )
        act.record("film.stage", f"film:{sha256}")
        installation.films.put(kept.content)  # a sweep may have taken it since; see `sweep`
    return Staged(
        token,
        sha256,
        examined.examination,
        examined.milliseconds,
        kept.received_sha256,
        kept.identity_encrypted,
        examined.film,
    )


def find(installation: Installation, person: Person, token: str) -> Staged:
    """Return a film that this person sent ahead, as it was examined then.

    What another version of COVID-D kept of it in another shape is examined anew. The bundle may
    be another one than the active one: see to it before the examination is judged.

    Raises
    ------
    NotFoundError
        If there is none, or it is another person's.
    UnavailableError
        If it must be examined anew and is gone.
    BundleError
        If it must be examined anew and the active bundle cannot be used.
    """
    with installation.reading() as session:
        staged = session.get(StagedFilm, token)
    if staged is None or staged.user_id != person.id:
        raise NotFoundError
    kept = staged.examination
    try:
        found, took = Examination.from_dict(kept), float(kept["milliseconds"])
    except (KeyError, TypeError, ValueError):
        examined = installation.active_detector.examine(installation.films.get(staged.sha256))
        found, took = examined.examination, examined.milliseconds
    return Staged(
        token, staged.sha256, found, took, staged.received_sha256, staged.identity_encrypted
    )


def forget(session: Session, person: Person, tokens: Collection[str]) -> None:
    """Take films off the waiting list: a case has them now, or the person removed them.

    Their files stay until a sweep finds that no case names them.
    """
    session.execute(
        delete(StagedFilm).where(StagedFilm.user_id == person.id, StagedFilm.token.in_(tokens))
    )


def is_sweep_due(installation: Installation) -> bool:
    """Return whether a film has waited for longer than a day."""
    with installation.reading() as session:
        first = session.scalar(select(func.min(StagedFilm.created_at)))
    return first is not None and first < now() - KEPT


def sweep(installation: Installation) -> int:
    """Remove films that waited for a day, and files that no case came to name.

    Entering a case, staging a film and sweeping are one at a time (they hold the audit trail's
    lock), and the first two see to their films' files under it: none is removed that is named.

    Returns
    -------
    How many files were removed.
    """
    limit = now() - KEPT
    candidates = set(installation.films.left_since(limit))
    with installation.reading() as session:
        # Most candidates are films of cases: found here, before anybody has to wait.
        candidates -= _named(session)
        expired = select(func.count()).where(StagedFilm.created_at < limit)
        if not candidates and not session.scalar(expired):
            return 0
    with installation.act(Actor(None)) as act:
        act.record("film.sweep", "films", before=limit.isoformat())
        candidates.update(
            act.session.scalars(
                delete(StagedFilm).where(StagedFilm.created_at < limit).returning(StagedFilm.sha256)
            )
        )
        candidates -= _named(act.session)
        for sha256 in candidates:
            installation.films.remove(sha256)
    return len(candidates)


def _kept(examined: Examined) -> dict[str, Any]:
    return {**examined.examination.to_dict(), "milliseconds": examined.milliseconds}


def _named(session: Session) -> set[str]:
    def every() -> Iterator[str]:
        yield from session.scalars(select(Film.sha256))
        yield from session.scalars(select(StagedFilm.sha256))

    return set(every())
