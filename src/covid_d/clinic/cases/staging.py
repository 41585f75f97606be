"""Films sent ahead of their case: answered at once, kept for a day, then swept.

A form that fails keeps its films, because they are here already. They belong to the person who
sent them and to nobody else.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, exists, not_, or_, select
from sqlalchemy.orm import Session

from covid_d.clinic import store_mark
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import network_films
from covid_d.clinic.cases.keeping import Kept, Straightening, keep
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import Film
from covid_d.clinic.database.operations import StagedFilm, WaitingImport
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.film_work import Examined
from covid_d.clinic.films import FilmStoreError
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import new_token
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import Examination
from covid_d.places import StoreError

KEPT: Final = timedelta(days=1)
KEPT_FOR_IMPORT: Final = timedelta(days=7)
_log = logging.getLogger(__name__)
MOST: Final = 60
"""Films that one person may have waiting; one more takes the place of the oldest."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A film sent ahead.

    Parameters
    ----------
    token
        What its case will call it.
    kept
        Its file, and what is kept beside it.
    examination
        What was found, by the bundle that was active then.
    milliseconds
        That it took.
    preview
        A small PNG of the film, where it was asked for and could be read.
    """

    token: str
    kept: Kept
    examination: Examination
    milliseconds: float
    preview: bytes | None = None

    @property
    def sha256(self) -> str:
        """Of the file that is kept."""
        return self.kept.sha256


@dataclass(frozen=True, slots=True)
class Ahead:
    """An import that a film is sent for.

    Parameters
    ----------
    import_id
        Its number.
    name_encrypted
        The film's name, under the installation's key.
    """

    import_id: int
    name_encrypted: str


def stage(
    installation: Installation,
    person: Person,
    actor: Actor,
    content: bytes,
    straightening: Straightening | None = None,
    *,
    ahead: Ahead | None = None,
    preview: bool = False,
) -> Staged:
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
    examined = installation.active_detector.examine(content, preview=preview)
    kept = keep(installation.keys, content, examined.sight, straightening)
    put(installation, kept)
    token = new_token()
    with installation.act(actor) as act:
        mine = select(StagedFilm.token).where(
            StagedFilm.user_id == person.id, StagedFilm.import_id.is_(None)
        )
        newest_first = mine.order_by(StagedFilm.created_at.desc(), StagedFilm.token)
        if ahead is None:
            forget(act.session, person, act.session.scalars(newest_first.offset(MOST - 1)).all())
        act.session.add(row(kept, examined, token, person.id, act.now, ahead))
        straightened = {"straightened": kept.received_sha256} if straightening else {}
        act.record("film.stage", f"film:{kept.sha256}", **straightened)
        put(installation, kept)  # a sweep may have taken it since; see `sweep`
    small = examined.sight.preview if examined.sight else None
    return Staged(token, kept, examined.examination, examined.milliseconds, small)


def row(
    kept: Kept,
    examined: Examined,
    token: str,
    user_id: int,
    moment: datetime,
    ahead: Ahead | None = None,
) -> StagedFilm:
    """Return the row of a film that waits for its case."""
    return StagedFilm(
        **kept.columns(),
        token=token,
        thumbnail=kept.thumbnail,
        user_id=user_id,
        created_at=moment,
        examination=_kept(examined),
        import_id=ahead.import_id if ahead else None,
        name_encrypted=ahead.name_encrypted if ahead else None,
    )


def put(installation: Installation, kept: Kept) -> None:
    """Have a film's file on the disk.

    Raises
    ------
    UnavailableError
        If it cannot be stored.
    """
    if kept.content is not None:
        installation.films.put(kept.content)


def find(installation: Installation, person: Person, token: str) -> Staged:
    """Return a film that this person sent ahead, or the network their unit; as examined then.

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
    if not token.isprintable():  # PostgreSQL takes no NUL, not even to find nothing
        raise NotFoundError
    with installation.reading() as session:
        staged = session.get(StagedFilm, token)
        if staged is None:
            raise NotFoundError
        if staged.user_id != person.id and not network_films.is_for(session, token, person):
            raise NotFoundError
    kept = staged.examination
    try:
        found, took = Examination.from_dict(kept), float(kept["milliseconds"])
    except (KeyError, TypeError, ValueError):
        examined = installation.active_detector.examine(installation.films.get(staged.sha256))
        found, took = examined.examination, examined.milliseconds
    return Staged(token, Kept.of(staged), found, took)


def forget(session: Session, person: Person, tokens: Collection[str]) -> None:
    """Take films off the waiting list: a case has them now, or the person removed them.

    Their files stay until a sweep finds that no case names them. Those of an import stay with it.
    """
    known = [token for token in tokens if token.isprintable()]
    session.execute(
        delete(StagedFilm).where(
            StagedFilm.user_id == person.id,
            StagedFilm.token.in_(known),
            StagedFilm.import_id.is_(None),
        )
    )


def is_sweep_due(installation: Installation) -> bool:
    """Return whether a film has waited too long."""
    with installation.reading() as session:
        return bool(session.scalar(select(exists().where(_expired()))))


def sweep(installation: Installation) -> int:
    """Remove films that waited for a day, and files that no case came to name.

    Entering a case, staging a film and sweeping are one at a time (they hold the audit trail's
    lock), and the first two see to their films' files under it: none is removed that is named.

    Returns
    -------
    How many files were removed.

    Raises
    ------
    FilmStoreError
        If the film store does not answer.
    """
    limit = now() - KEPT
    try:
        own = store_mark.is_own(installation.films.place, installation.engine, installation.keys)
    except StoreError as error:
        raise FilmStoreError from error
    if not own:
        _log.error("the film store is another database's: nothing is swept")
        return 0
    candidates = set(installation.films.left_since(limit))
    with installation.reading() as session:
        # Most candidates are films of cases: found here, before anybody has to wait.
        candidates -= _named(session)
        waiting = session.scalar(select(exists().where(_expired())))
        ended = session.scalar(select(exists().where(_ended())))
        if not candidates and not waiting and not ended:
            return 0
    with installation.act(Actor(None)) as act:
        act.record("film.sweep", "films", before=limit.isoformat())
        candidates.update(
            act.session.scalars(
                delete(StagedFilm)
                .where(_expired())
                .returning(StagedFilm.sha256)
                .execution_options(synchronize_session=False)
            )
        )
        act.session.execute(delete(WaitingImport).where(_ended()))
        candidates -= _named(act.session)
        for sha256 in candidates:
            installation.films.remove(sha256)
    return len(candidates)


def _ended() -> ColumnElement[bool]:
    """Return the condition on ``WaitingImport`` that nobody has ended it in its time."""
    return WaitingImport.created_at < now() - KEPT_FOR_IMPORT


def _expired() -> ColumnElement[bool]:
    """Return the condition on ``StagedFilm`` that it has waited too long."""
    late = StagedFilm.created_at < now() - KEPT
    # What came over the network waits until somebody says whose it is.
    alone = and_(StagedFilm.import_id.is_(None), late, not_(network_films.waits()))
    return or_(alone, StagedFilm.import_id.in_(select(WaitingImport.id).where(_ended())))


def _kept(examined: Examined) -> dict[str, Any]:
    return {**examined.examination.to_dict(), "milliseconds": examined.milliseconds}


def _named(session: Session) -> set[str]:
    def every() -> Iterator[str]:
        yield from session.scalars(select(Film.sha256))
        yield from session.scalars(select(StagedFilm.sha256))

    return set(every())
