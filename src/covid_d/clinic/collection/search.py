"""Looks through the films that may leave, so that reviewers have them before any export."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from threading import Lock
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from covid_d.clinic.collection import review
from covid_d.clinic.collection.pixels import clean
from covid_d.clinic.collection.review import Decision
from covid_d.clinic.collection.selection import ExportCandidate, NotExported, candidates
from covid_d.clinic.collection.suspects import find_suspects
from covid_d.clinic.database.operations import FilmReview
from covid_d.clinic.errors import ClinicError
from covid_d.clinic.installation import Installation
from covid_d.radiograph import RadiographError

_ONE: Final = Lock()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """What may leave, what waits and what is left out; together every film of the clinic.

    Parameters
    ----------
    ready
        Films that may leave now.
    pending
        Films pending review.
    left_out
        Other films, by reason.
    """

    ready: int
    pending: int
    left_out: dict[NotExported, int]


def standing(session: Session, installation: Installation) -> Standing:
    """Return what may leave now.

    A film that nobody has looked through yet is pending where every film is reviewed; where only
    marked ones are, it may yet turn out to be one.
    """
    every = installation.settings.collection_review == "every"
    reviews = review.decisions(session)
    ready, pending = 0, 0
    left_out: dict[NotExported, int] = {}
    for film in candidates(session, installation.keys, installation.clock):
        reason = film.reason
        if reason is None:
            decision = reviews[film.sha256][1] if film.sha256 in reviews else None
            waits = decision is None and (every or film.sha256 in reviews)
            if waits:
                pending += 1
                continue
            if decision is not Decision.KEEP_BACK:
                ready += 1
                continue
            reason = NotExported.KEPT_BACK
        left_out[reason] = left_out.get(reason, 0) + 1
    return Standing(ready, pending, left_out)


def is_due(installation: Installation) -> bool:
    """Return whether some film that may leave was not looked through yet."""
    with installation.reading() as session:
        return bool(_unsearched(session, installation))


def look_through(installation: Installation) -> int:
    """Look for marks in every film that may leave, and return how many films now have a review.

    Where only marked films are reviewed the export does it, as it goes. One at a time in a process;
    what another one does meanwhile is found to be done.
    """
    asked = 0
    with _ONE:
        with installation.reading() as session:
            films = _unsearched(session, installation)
        for film in films:
            try:
                cleaned = clean(installation.films.get(film.sha256))
            except (RadiographError, ClinicError):
                continue  # the export counts it as unreadable
            suspects = find_suspects(cleaned.film.pixels, cleaned.lines)
            with installation.writing() as session:
                row = session.get(FilmReview, film.sha256)
                if row is not None and row.decision is not None:
                    continue
                found = {film.sha256: cleaned.inside}
                review.ask_for(session, found, {film.sha256: suspects})
            asked += 1
    if asked:
        _log.info("films looked through for the collection", extra={"films": asked})
    return asked


def _unsearched(session: Session, installation: Installation) -> list[ExportCandidate]:
    if installation.settings.collection_review != "every":
        return []
    known = {
        row.sha256
        for row in session.scalars(select(FilmReview))
        if row.suspects is not None or row.decision is not None
    }
    once: dict[str, ExportCandidate] = {}
    for film in candidates(session, installation.keys, installation.clock):
        if film.reason is None and film.sha256 not in known:
            once.setdefault(film.sha256, film)
    return list(once.values())
