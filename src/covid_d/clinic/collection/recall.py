"""Films that left with an export and must be destroyed, since consent was withdrawn since.

Each export notes which films left with it, under the names that they bear outside. A withdrawal
marks them in the same transaction; a consent given again takes the mark back. Of exports made by
older versions nobody noted what left: there every film of a withdrawn case that was here by then is
named, and said to be uncertain.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from covid_d.clinic.collection.selection import NotExported, candidates, withdrawn_at
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import Case
from covid_d.clinic.database.operations import CollectionExport, ExportedFilm
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.act import Act
from covid_d.clinic.trail.audit_trail import Actor

COLUMNS: Final = ("filename", "patientid", "withdrawn", "certain")
FILE: Final = "withdrawn.csv"


@dataclass(frozen=True, slots=True)
class RecalledFilm:
    """A film that whoever received an export must destroy.

    Parameters
    ----------
    filename, patient
        As the export's ``metadata.csv`` names them.
    since
        When consent was withdrawn.
    certain
        Whether it is known that it left with that export.
    """

    filename: str
    patient: str
    since: datetime
    certain: bool


@dataclass(frozen=True, slots=True)
class Recalled:
    """An export of which something must be destroyed.

    Parameters
    ----------
    export, by
        It, and who made it.
    films
        What must be destroyed.
    """

    export: CollectionExport
    by: str
    films: tuple[RecalledFilm, ...]


def settle(act: Act, case_id: int, *, agreed: bool) -> None:
    """Mark what left of a case, or take the mark back, as its consent now stands.

    Parameters
    ----------
    act
        The act that changes the consent.
    case_id
        Whose.
    agreed
        Whether there is consent now.
    """
    of_case = ExportedFilm.case_id == case_id
    changing = of_case & (ExportedFilm.recalled_at.is_not(None) if agreed else _unmarked())
    found = act.session.execute(
        select(ExportedFilm.export_id, ExportedFilm.id).where(changing)
    ).all()
    if not found:
        return
    act.session.execute(
        update(ExportedFilm).where(changing).values(recalled_at=None if agreed else act.now)
    )
    for number in sorted({export for export, _ in found}):
        films = sum(export == number for export, _ in found)
        subject = f"export:{number}"
        if agreed:
            act.record("export.recall_lifted", subject, case=case_id, films=films)
        else:
            act.record("export.recall", subject, case=case_id, films=films)


def every(session: Session, installation: Installation) -> list[Recalled]:
    """Return the exports of which something must be destroyed, newest first."""
    marked: dict[int, list[RecalledFilm]] = {}
    for film in session.scalars(
        select(ExportedFilm).where(ExportedFilm.recalled_at.is_not(None)).order_by(ExportedFilm.id)
    ):
        assert film.recalled_at is not None  # noqa: S101 - as asked for
        marked.setdefault(film.export_id, []).append(
            RecalledFilm(film.filename, film.patient, film.recalled_at, certain=True)
        )
    exports = session.execute(
        select(CollectionExport, User.full_name, _is_noted())
        .join(User, User.id == CollectionExport.user_id)
        .order_by(CollectionExport.id.desc())
    ).all()
    uncertain: list[tuple[datetime, RecalledFilm]] = []
    if any(not noted for _, _, noted in exports):
        uncertain = _withdrawn(session, installation)
    found = []
    for export, name, noted in exports:
        films = marked.get(export.id, [])
        if not noted:
            films = [film for entered, film in uncertain if entered <= export.created_at]
        if films:
            found.append(Recalled(export, name, tuple(films)))
    return found


def one(installation: Installation, actor: Actor, number: int) -> Recalled:
    """Return one of them for its receivers; the audit trail notes it.

    Raises
    ------
    NotFoundError
        If nothing of that export must be destroyed.
    """
    with installation.act(actor) as act:
        found = {recalled.export.id: recalled for recalled in every(act.session, installation)}
        if number not in found:
            raise NotFoundError
        act.record("export.recall_list", f"export:{number}", films=len(found[number].films))
        return found[number]


def as_csv(films: Collection[RecalledFilm]) -> str:
    """Return the list for the receivers, beside ``metadata.csv``."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for film in films:
        certain = "Y" if film.certain else "N"
        writer.writerow([film.filename, film.patient, f"{film.since:%Y-%m}", certain])
    return buffer.getvalue()


def _unmarked() -> ColumnElement[bool]:
    return ExportedFilm.recalled_at.is_(None)


def _is_noted() -> ColumnElement[bool]:
    return exists().where(ExportedFilm.export_id == CollectionExport.id)


def _withdrawn(session: Session, installation: Installation) -> list[tuple[datetime, RecalledFilm]]:
    """Return the films of withdrawn cases, each with when its case was entered."""
    since = withdrawn_at(session)
    if not since:
        return []
    rows = session.execute(select(Case.id, Case.created_at).where(Case.id.in_(since)))
    entered = {row.id: row.created_at for row in rows}
    return [
        (
            entered[film.case_id],
            RecalledFilm(
                film.cells["filename"], film.cells["patientid"], since[film.case_id], certain=False
            ),
        )
        for film in candidates(session, installation.keys, installation.clock)
        if film.case_id in since and film.reason is NotExported.CONSENT
    ]
