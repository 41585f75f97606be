"""Take the patients out of films that an older version kept whole.

One film at a time: its stripped file is written, then one transaction has the rows name it and the
trail say so, then the old file goes. It can be stopped anywhere and run again; what a killed run
left behind no row names, so a sweep takes it. The trail's older entries keep the hash they were
given: ``film.strip`` says which one it became, and ``Film.received_sha256`` keeps it.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import select, update

from covid_d.clinic.cases.keeping import Kept, keep
from covid_d.clinic.cases.staging import put
from covid_d.clinic.database.cases import Film
from covid_d.clinic.database.operations import FilmReview, StagedFilm
from covid_d.clinic.database.sealed import AlteredError
from covid_d.clinic.errors import UnavailableError
from covid_d.clinic.film_work import FilmSight
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.act import Act
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.radiograph import Facts, Radiograph, RadiographError, read

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stripping:
    """What a run did.

    Parameters
    ----------
    stripped
        Films whose file names nobody any more.
    left
        SHA-256 of films that are gone, altered (or their rows), or would read otherwise: they stay
        as they are.
    """

    stripped: int
    left: tuple[str, ...]


def is_strip_due(installation: Installation) -> bool:
    """Return whether a film may still be as it was sent."""
    with installation.reading() as session:
        waiting = select(Film.id).where(Film.received_sha256.is_(None)).limit(1)
        return session.scalar(waiting) is not None


def strip_films(installation: Installation) -> Stripping:
    """Strip every film that is still as it was sent.

    Raises
    ------
    UnavailableError
        If a stripped film cannot be written; those before it are done.
    """
    with installation.reading() as session:
        waiting = session.scalars(
            select(Film.sha256).where(Film.received_sha256.is_(None)).distinct()
        ).all()
    done, left = 0, []
    for sha256 in waiting:
        try:
            content = installation.films.get(sha256)
        except UnavailableError:
            left.append(sha256)
            continue
        kept = _stripped(installation, content)
        if kept is None:
            left.append(sha256)
            continue
        try:
            _exchange(installation, sha256, kept)
        except AlteredError:
            left.append(sha256)
            continue
        done += kept.sha256 != sha256
    if done or left:
        _log.info("films stripped", extra={"stripped": done, "left": left})
    return Stripping(done, tuple(left))


def _stripped(installation: Installation, content: bytes) -> Kept | None:
    """Return what is kept of a film; ``None`` where it would read otherwise than before."""
    before = _read(content)
    kept = keep(installation.keys, content, None if before is None else FilmSight.of(before))
    if before is None:
        return kept
    after = _read(kept.content or b"")
    same = (
        after is not None
        and np.array_equal(before.pixels, after.pixels)
        and _compared(before.facts) == _compared(after.facts)
    )
    return kept if same else None


def _compared(facts: Facts) -> Facts:
    """Return the facts that must be the same; the day of the film is the row's to keep."""
    return replace(facts, sha256="", taken_on=None)


def _read(content: bytes) -> Radiograph | None:
    try:
        return read(content)
    except RadiographError:
        return None


def _exchange(installation: Installation, sha256: str, kept: Kept) -> None:
    """Have the rows name the stripped film, and remove the other."""
    put(installation, kept)
    with installation.act(Actor(None)) as act:
        for film in act.session.scalars(select(Film).where(Film.sha256 == sha256)):
            own = _apart(act, installation, film, kept)
            film.sha256 = own.sha256
            film.received_sha256 = own.received_sha256
            film.identity_encrypted = own.identity_encrypted
            film.taken_on = own.taken_on
            act.record("film.strip", film, received=sha256, kept=own.sha256)
        _follow(act, sha256, kept.sha256)
        put(installation, kept)  # a sweep may have taken it since
        waiting = act.session.scalar(
            select(StagedFilm.token).where(StagedFilm.sha256 == sha256).limit(1)
        )
    if waiting is None and sha256 != kept.sha256:
        installation.films.remove(sha256)


def _apart(act: Act, installation: Installation, film: Film, kept: Kept) -> Kept:
    """Return a film of its own where its case has the same picture from another file already."""
    names = set(
        act.session.scalars(
            select(Film.sha256).where(Film.case_id == film.case_id, Film.id != film.id)
        )
    )
    number = 0
    own = kept
    while own.sha256 in names:
        number += 1  # a DICOM file's first bytes are free for any use (PS3.10 7.1)
        content = bytes([number]) + (kept.content or b"")[1:]
        own = replace(kept, content=content, sha256=hashlib.sha256(content).hexdigest())
    if own is not kept:
        put(installation, own)
    return own


def _follow(act: Act, sha256: str, stripped: str) -> None:
    """Have the review of a film follow it; one that is there already stays."""
    if sha256 == stripped or act.session.get(FilmReview, sha256) is None:
        return
    if act.session.get(FilmReview, stripped) is not None:
        return
    act.session.execute(
        update(FilmReview).where(FilmReview.sha256 == sha256).values(sha256=stripped)
    )
