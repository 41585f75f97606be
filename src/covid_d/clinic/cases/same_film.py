"""A film that another patient's case holds already: entered only with a reason, never unnoticed.

Films are compared as they are kept, without their patients' data, so that a copy under another
name is found too. Look-alikes are not: chests are alike, and whoever is stopped by mistake too
often stops reading why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from covid_d.clinic import sentences
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.patients import Identity, same_patient
from covid_d.language import N_, Text

FIELD: Final = "same_film_reason"
LONGEST_REASON: Final = 300


class SameFilmError(InvalidInputError):
    """A film is in another patient's case, and nobody said why it is entered again.

    Parameters
    ----------
    cases
        Numbers of those cases of the same unit.
    """

    def __init__(self, cases: Collection[int]) -> None:
        super().__init__({FIELD: _text(cases)})
        self.cases = tuple(cases)


def others_with(
    session: Session, films: Collection[str], columns: Mapping[str, Any]
) -> tuple[list[int], bool]:
    """Return other patients' cases that hold one of some films.

    Parameters
    ----------
    session
        A database session.
    films
        SHA-256 of the films, as they are kept.
    columns
        Of the case to be entered: its unit, patient code and hash of the cédula.

    Returns
    -------
    tuple[list[int], bool]
        Numbers of those of the same unit, oldest first; and whether another unit has one.
    """
    own = Identity(columns["unit_id"], columns["patient_code"], columns["national_id_hash"])
    rows = session.execute(
        select(Case.id, Case.unit_id, Case.patient_code, Case.national_id_hash)
        .where(Case.sample.is_(False), Case.id.in_(_holding(films)))
        .order_by(Case.id)
    ).all()
    identities = [own, *(Identity(*row[1:]) for row in rows)]
    others = [row for row, first in zip(rows, same_patient(identities)[1:], strict=True) if first]
    here = [row.id for row in others if row.unit_id == own.unit_id]
    return here, len(here) < len(others)


def check(
    session: Session, films: Collection[str], columns: Mapping[str, Any], reason: str
) -> list[int]:
    """Return the cases of other patients that hold one of the films, now that a reason is given.

    Parameters
    ----------
    session, films, columns
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
    here, elsewhere = others_with(session, films, columns)
    if (here or elsewhere) and not reason.strip():
        raise SameFilmError(here)
    return here


def _holding(films: Collection[str]) -> Any:
    return select(Film.case_id).where(Film.sha256.in_(films))


def _text(cases: Collection[int]) -> Text:
    if not cases:
        return N_(
            "This very radiograph is in a case of another health unit, under another patient. "
            "Check the file; if it is right, write why."
        )
    return N_(
        "This very radiograph is already another patient's, in case %(cases)s. Check the file and "
        "the patient; if both are right, write why.",
        cases=", ".join(map(str, cases)),
    )
