"""Imports that wait on the server: their table, and films sent ahead, until they are carried out.

They belong to the person who began them. The table is encrypted, since it says whose the films are;
a film is kept as any other, without its patient. What nobody ends is removed after a week.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import staging
from covid_d.clinic.cases.staging import Ahead
from covid_d.clinic.database.operations import StagedFilm, WaitingImport
from covid_d.clinic.errors import InvalidInputError, NotFoundError
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.imports.case_plan import CasePlan, fingerprint, plan_cases
from covid_d.clinic.imports.case_rows import MOST_ROWS as MOST_CASES
from covid_d.clinic.imports.case_rows import CaseRows, Consent, cases_in, read_film_table
from covid_d.clinic.imports.case_run import TableSource
from covid_d.clinic.imports.films import MOST_FILMS, Films, SentFilms
from covid_d.clinic.imports.importer import importer, province_of
from covid_d.clinic.imports.laboratory_plan import ResultPlan, plan_results
from covid_d.clinic.imports.laboratory_rows import MOST_ROWS as MOST_RESULTS
from covid_d.clinic.imports.laboratory_rows import read_laboratory_table, results_in
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import DatasetError
from covid_d.language import N_, Text
from covid_d.tables import ReadTable

CASES: Final = "cases"
LABORATORY: Final = "laboratory"
_LONGEST_NAME: Final = 200
_MOST_MB: Final = 20


@dataclass(frozen=True, slots=True)
class Opened:
    """An import that waits.

    Parameters
    ----------
    row
        What the database holds of it.
    person
        Who imports, of the unit that it is for.
    data
        The table as it was sent.
    """

    row: WaitingImport
    person: Person
    data: bytes

    @property
    def source(self) -> TableSource:
        """What the audit trail calls the table."""
        return TableSource(self.row.name, fingerprint(self.data))


def begin(
    installation: Installation,
    person: Person,
    actor: Actor,
    unit_id: int,
    name: str,
    data: bytes,
    *,
    kind: str,
    options: Mapping[str, str],
) -> int:
    """Keep a table for an import to come, and return the import's number.

    Parameters
    ----------
    installation, person, actor
        Where, who, and as the audit trail names them.
    unit_id
        For which unit.
    name, data
        The table's file.
    kind
        ``CASES`` or ``LABORATORY``.
    options
        ``consent`` of cases, ``test`` of results.

    Raises
    ------
    ForbiddenError
        If the person may not import.
    InvalidInputError
        If the unit or the table cannot be accepted.
    """
    importer(installation, person, unit_id)
    check_table(kind, name, data)
    with installation.act(actor) as act:
        row = WaitingImport(
            kind=kind,
            unit_id=unit_id,
            user_id=person.id,
            created_at=act.now,
            name=_shortened(name),
            options=dict(options),
            table_encrypted=_sealed(installation, data),
        )
        act.session.add(row)
        act.session.flush()
        act.record(
            "import.begin", f"import:{row.id}", kind=kind, unit=unit_id, table=fingerprint(data)
        )
        return row.id


def check_table(kind: str, name: str, data: bytes) -> ReadTable:
    """Return a table that was sent.

    Raises
    ------
    InvalidInputError
        Of the field ``table``: if it is too large, no table, or lacks a column.
    """
    if not data:
        raise InvalidInputError({"table": N_("Choose a table (CSV file).")})
    most = MOST_CASES if kind == CASES else MOST_RESULTS
    read = read_film_table if kind == CASES else read_laboratory_table
    try:
        if len(data) > _MOST_MB * 1024 * 1024:
            fault = N_(
                "The table is larger than %(n)d MB: export the rows alone, as CSV.", n=_MOST_MB
            )
            raise InvalidInputError({"table": fault})
        table = read(name, data)
    except DatasetError as error:
        message = error.sentences[0]
        text = message if isinstance(message, Text) else Text(str(message))
        raise InvalidInputError({"table": text}) from error
    if len(table.rows) > most:
        raise InvalidInputError({"table": N_("The table has more than %(n)d rows.", n=most)})
    return table


def every(installation: Installation, person: Person) -> list[WaitingImport]:
    """Return a person's imports, newest first."""
    with installation.reading() as session:
        mine = select(WaitingImport).where(WaitingImport.user_id == person.id)
        return list(session.scalars(mine.order_by(WaitingImport.id.desc())))


def find(installation: Installation, person: Person, number: int) -> Opened:
    """Return an import that this person began.

    Raises
    ------
    NotFoundError
        If there is none, or it is another person's.
    InvalidInputError
        If its unit was switched off since.
    """
    with installation.reading() as session:
        row = session.get(WaitingImport, number)
    if row is None or row.user_id != person.id:
        raise NotFoundError
    data = base64.b64decode(installation.keys.decrypt(row.table_encrypted))
    return Opened(row, importer(installation, person, row.unit_id), data)


def replace_table(
    installation: Installation, opened: Opened, actor: Actor, name: str, data: bytes
) -> None:
    """Put a corrected table in the place of the one that was sent; the films stay.

    Raises
    ------
    InvalidInputError
        If it cannot be accepted; the old one stays.
    """
    check_table(opened.row.kind, name, data)
    with installation.act(actor) as act:
        row = act.session.get_one(WaitingImport, opened.row.id)
        row.name, row.table_encrypted = _shortened(name), _sealed(installation, data)
        act.record("import.table", f"import:{row.id}", table=fingerprint(data))


def films_of(installation: Installation, number: int) -> SentFilms:
    """Return the films that were sent for an import."""
    with installation.reading() as session:
        rows = session.execute(
            select(
                StagedFilm.token, StagedFilm.name_encrypted,
                StagedFilm.received_sha256, StagedFilm.sha256,
            )
            .where(StagedFilm.import_id == number)
            .order_by(StagedFilm.created_at)
        ).all()  # fmt: skip
    return SentFilms(
        {
            installation.keys.decrypt(sealed): (token, received or kept)
            for token, sealed, received, kept in rows
            if sealed is not None
        }
    )


def take_film(
    installation: Installation, opened: Opened, actor: Actor, name: str, content: bytes
) -> bool:
    """Keep a film for an import; ``False`` if no row of its table names it, and it is not kept.

    Raises
    ------
    InvalidInputError
        If the import has too many films.
    UnavailableError
        If it cannot be stored.
    BundleError
        If the active bundle cannot be used.
    """
    alone = _Alone([name])
    if not any(
        alone.find(film.name) for rows in stated(installation, opened) for film in rows.films
    ):
        return False
    with installation.reading() as session:
        count = session.scalar(select(func.count()).where(StagedFilm.import_id == opened.row.id))
    if (count or 0) >= MOST_FILMS:
        raise InvalidInputError({"films": N_("Send at most %(n)d films.", n=MOST_FILMS)})
    ahead = Ahead(opened.row.id, installation.keys.encrypt(name))
    staging.stage(installation, opened.person, actor, content, ahead=ahead)
    return True


def stated(installation: Installation, opened: Opened) -> tuple[CaseRows, ...]:
    """Return the cases that an import's table states."""
    table = read_film_table(opened.row.name, opened.data)
    return cases_in(
        table,
        unit_id=opened.row.unit_id,
        province=province_of(installation, opened.person),
        consent=Consent(opened.row.options.get("consent", Consent.COLUMN)),
    )


def case_plan(installation: Installation, opened: Opened) -> tuple[CasePlan, SentFilms]:
    """Return what an import of films will do, and its films."""
    table = read_film_table(opened.row.name, opened.data)
    films = films_of(installation, opened.row.id)
    return (
        plan_cases(installation, opened.person, table, stated(installation, opened), films),
        films,
    )


def result_plan(installation: Installation, opened: Opened) -> ResultPlan:
    """Return what an import of laboratory results will do."""
    table = read_laboratory_table(opened.row.name, opened.data)
    test = opened.row.options.get("test")
    rows = results_in(table, test=EntryKind(test) if test else None)
    return plan_results(installation, opened.person, table, rows)


def end(installation: Installation, person: Person, actor: Actor, number: int) -> None:
    """Remove an import with its films; what was entered stays.

    Raises
    ------
    NotFoundError
        If there is none, or it is another person's.
    """
    with installation.act(actor) as act:
        row = act.session.get(WaitingImport, number)
        if row is None or row.user_id != person.id:
            raise NotFoundError
        remove(act.session, number)
        act.record("import.end", f"import:{number}")


def remove(session: Session, number: int) -> None:
    """Remove an import's rows; the files of its films are swept."""
    session.execute(delete(StagedFilm).where(StagedFilm.import_id == number))
    session.execute(delete(WaitingImport).where(WaitingImport.id == number))


class _Alone(Films):
    """A film by its name, to ask whether a table names it."""

    def read(self, name: str) -> bytes:
        """Not needed."""
        raise NotImplementedError(name)


def _sealed(installation: Installation, data: bytes) -> str:
    return installation.keys.encrypt(base64.b64encode(data).decode("ascii"))


def _shortened(name: str) -> str:
    shown = "".join(sign if sign.isprintable() else " " for sign in name).strip()
    return shown[-_LONGEST_NAME:] or "CSV"


def options_of(sent: Mapping[str, Any]) -> dict[str, str]:
    """Return the options that are stated."""
    return {name: str(value) for name, value in sent.items() if value is not None}
