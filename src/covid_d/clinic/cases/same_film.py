"""A film that another patient's case holds already: entered only with a reason, never unnoticed.

Films are compared as they are kept, without their patients' data, so that a copy under another
name is found too; and by how they look (:mod:`covid_d.likeness`), so that one that was cropped,
turned, mirrored, exported anew or photographed straight is. Chests are alike, and whoever is
stopped by mistake too often stops reading why: what that comparison lets through of two people is
told where it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from covid_d.clinic import film_work, sentences
from covid_d.clinic.database.cases import Case, Film, StoredPrint
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.patients import Identity, same_patient
from covid_d.language import N_, Text
from covid_d.likeness.film_print import FilmPrint, may_be_copies

FIELD: Final = "same_film_reason"
LONGEST_REASON: Final = 300
Compare = Callable[[bytes, Sequence[bytes]], list[float]]
_BLOCK: Final = 5000  # indexes of films in memory at once, 5 MB


@dataclass(frozen=True, slots=True)
class Twin:
    """A film of some case that is one with a film to be entered.

    Parameters
    ----------
    film_id, case_id
        Of the one that is there.
    sha256
        Of the one to be entered.
    same_file
        Whether the files are one, and not only what they show.
    """

    film_id: int
    case_id: int
    sha256: str
    same_file: bool


@dataclass(frozen=True, slots=True)
class LookAlikes:
    """What was found by looks.

    Parameters
    ----------
    twins
        The films.
    last
        The newest film that was compared.
    decided
        Of each two files that were compared, by their SHA-256, whether they look alike.
    """

    twins: tuple[Twin, ...] = ()
    last: int = 0
    decided: Mapping[tuple[str, str], bool] = field(default_factory=dict, repr=False)


class SameFilmError(InvalidInputError):
    """A film is in another patient's case, and nobody said why it is entered again.

    Parameters
    ----------
    twins
        Films of other patients of the same unit.
    same_file
        Whether the files are one, in this unit or another.
    """

    def __init__(self, twins: Sequence[Twin], *, same_file: bool) -> None:
        cases = sorted({twin.case_id for twin in twins})
        super().__init__({FIELD: _text(cases, same_file)})
        self.twins = tuple(twins)
        self.cases = tuple(cases)


@dataclass(frozen=True, slots=True)
class Proposed:
    """Films that may look like some films: by their indexes, before their thumbnails decide.

    Parameters
    ----------
    before
        What was found earlier.
    last
        The newest film that was looked at.
    rows
        Of each file to be entered, by its SHA-256, the films proposed: number, case, SHA-256.
    prints
        Packed prints of the files to be entered.
    thumbnails
        Packed prints of the files proposed that were not compared before, by both SHA-256.
    """

    before: LookAlikes
    last: int
    rows: Mapping[str, Sequence[tuple[int, int, str]]]
    prints: Mapping[str, bytes] = field(repr=False)
    thumbnails: Mapping[str, Mapping[str, bytes]] = field(repr=False)

    def decided(self, compare: Compare = film_work.compare) -> LookAlikes:
        """Compare the films, each file once; needs no database, and takes a while.

        Parameters
        ----------
        compare
            Says of one packed print how alike others are: 0 where they are not.
        """
        twins, decided = list(self.before.twins), dict(self.before.decided)
        for sha256, others in self.thumbnails.items():
            alike = compare(self.prints[sha256], list(others.values()))
            for other, likeness in zip(others, alike, strict=True):
                decided[sha256, other] = likeness > 0
        for sha256, rows in self.rows.items():
            twins += [
                Twin(film_id, case_id, sha256, same_file=False)
                for film_id, case_id, other in rows
                if decided.get((sha256, other))
            ]
        return LookAlikes(tuple(twins), self.last, decided)


def look_alikes(
    session: Session, prints: Mapping[str, bytes], before: LookAlikes | None = None
) -> LookAlikes:
    """Return the films of any case that look like some films, whoever's they are.

    Parameters
    ----------
    session
        A database session.
    prints
        By the SHA-256 of a film to be entered, its packed
        :class:`~covid_d.likeness.film_print.FilmPrint`.
    before
        What was found earlier: only films entered since are compared.
    """
    return propose(session, prints, before).decided()


def propose(
    session: Session, prints: Mapping[str, bytes], before: LookAlikes | None = None
) -> Proposed:
    """Return the films of any case that may look like some films.

    Parameters
    ----------
    session, prints, before
        As in :func:`look_alikes`.
    """
    found = before or LookAlikes()
    last = found.last
    chosen: dict[str, list[tuple[int, int, str]]] = {sha256: [] for sha256 in prints}
    thumbnails: dict[str, dict[str, bytes]] = {sha256: {} for sha256 in prints}
    known: dict[str, set[str]] = {sha256: set() for sha256 in prints}
    for one, other in found.decided:
        known.setdefault(one, set()).add(other)
    if prints:
        rows = session.execute(
            select(StoredPrint.film_id, Film.case_id, Film.sha256, StoredPrint.proposes)
            .join(Film, Film.id == StoredPrint.film_id)
            .where(StoredPrint.film_id > last)
            .order_by(StoredPrint.film_id)
            .execution_options(yield_per=_BLOCK)
        )
        for block in rows.partitions():
            last = block[-1].film_id
            for sha256, packed in prints.items():
                others = [row for row in block if row.sha256 != sha256]
                new = _may_be(packed, [row for row in others if row.sha256 not in known[sha256]])
                thumbnails[sha256] |= _thumbnails(session, new)
                chosen[sha256] += [
                    (row.film_id, row.case_id, row.sha256)
                    for row in others
                    if row.sha256 in thumbnails[sha256] or row.sha256 in known[sha256]
                ]
    some = {sha256: others for sha256, others in thumbnails.items() if others}
    return Proposed(found, last, chosen, prints, some)


def others_with(
    session: Session,
    films: Collection[str],
    columns: Mapping[str, Any],
    alike: Iterable[Twin] = (),
) -> tuple[list[Twin], list[Twin]]:
    """Return other patients' films that are one with some films.

    Parameters
    ----------
    session
        A database session.
    films
        SHA-256 of the films, as they are kept.
    columns
        Of the case to be entered: its unit, patient code and hash of the cédula.
    alike
        What was found by looks.

    Returns
    -------
    here, elsewhere
        Those in cases of the same unit, oldest case first; and those of other units.
    """
    same = session.execute(select(Film.id, Film.case_id, Film.sha256).where(Film.sha256.in_(films)))
    twins = [*(Twin(*row, same_file=True) for row in same), *alike]
    own = Identity(columns["unit_id"], columns["patient_code"], columns["national_id_hash"])
    rows = session.execute(
        select(Case.id, Case.unit_id, Case.patient_code, Case.national_id_hash)
        .where(Case.sample.is_(False), Case.id.in_({twin.case_id for twin in twins}))
        .order_by(Case.id)
    ).all()
    identities = [own, *(Identity(*row[1:]) for row in rows)]
    others = [row for row, first in zip(rows, same_patient(identities)[1:], strict=True) if first]
    units = {row.id: row.unit_id for row in others}
    theirs = sorted(
        (twin for twin in twins if twin.case_id in units),
        key=lambda twin: (twin.case_id, not twin.same_file, twin.film_id),
    )
    here = [twin for twin in theirs if units[twin.case_id] == own.unit_id]
    return here, [twin for twin in theirs if units[twin.case_id] != own.unit_id]


def check(
    session: Session,
    films: Collection[str],
    columns: Mapping[str, Any],
    reason: str,
    alike: Iterable[Twin] = (),
) -> list[int]:
    """Return the cases of other patients that hold one of the films, now that a reason is given.

    Parameters
    ----------
    session, films, columns, alike
        As in :func:`others_with`.
    reason
        Why the film is entered again; may be empty where no other patient has it.

    Raises
    ------
    SameFilmError
        If another patient has it, and no reason is given.
    InvalidInputError
        If the reason is too long or cannot be kept.
    """
    if len(reason) > LONGEST_REASON:
        raise InvalidInputError({FIELD: sentences.too_long(LONGEST_REASON)})
    if "\x00" in reason:  # PostgreSQL keeps no such text
        raise InvalidInputError({FIELD: sentences.UNREADABLE})
    if columns["sample"]:
        return []
    here, elsewhere = others_with(session, films, columns, alike)
    if (here or elsewhere) and not reason.strip():
        # Of another unit's film no more is said than that there is one.
        same = any(twin.same_file for twin in here or elsewhere)
        raise SameFilmError(here, same_file=same)
    return sorted({twin.case_id for twin in here})


def _may_be(packed: bytes, rows: Sequence[Any]) -> list[Any]:
    """Return the rows of the files that a film's index proposes: a file of many cases is one."""
    files = {row.sha256: row for row in rows}
    each = list(files.values())
    places = may_be_copies(FilmPrint.unpacked(packed), [row.proposes for row in each])
    proposed = {each[place].sha256 for place in places}
    return [row for row in rows if row.sha256 in proposed]


def _thumbnails(session: Session, films: Sequence[Any]) -> dict[str, bytes]:
    """Return the packed prints of some films, by their file's SHA-256."""
    found: dict[str, bytes] = {}
    left = list(films)
    while left:
        files = {row.sha256: row.film_id for row in left}
        rows = session.execute(
            select(StoredPrint.film_id, StoredPrint.thumbnail).where(
                StoredPrint.film_id.in_(files.values())
            )
        )
        stored = {row.film_id: row.thumbnail for row in rows}
        found |= {other: stored[film] for other, film in files.items() if film in stored}
        # Of one that was erased meanwhile, the same file in another case.
        gone = set(files.values()) - stored.keys()
        left = [row for row in left if row.sha256 not in found and row.film_id not in gone]
    return found


def _text(cases: Collection[int], same_file: bool) -> Text:
    numbers = ", ".join(map(str, cases))
    if not cases and same_file:
        return N_(
            "This very radiograph is in a case of another health unit, under another patient. "
            "Check the file; if it is right, write why."
        )
    if not cases:
        return N_(
            "A radiograph that looks the same, turned or cropped perhaps, is in a case of another "
            "health unit, under another patient. Check the file; if it is right, write why."
        )
    if same_file:
        return N_(
            "This very radiograph is already another patient's, in case %(cases)s. Check the file "
            "and the patient; if both are right, write why.",
            cases=numbers,
        )
    return N_(
        "A radiograph that looks the same, turned or cropped perhaps, is already another "
        "patient's, in case %(cases)s. Compare the two; if file and patient are right, write why.",
        cases=numbers,
    )
