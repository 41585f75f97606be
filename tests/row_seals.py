"""Seals for rows that a test writes past the clinic's own ways: in bulk, or by an UPDATE."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from covid_d.clinic.database.sealed import table_of, tables
from covid_d.clinic.seals import seal_unsealed


def seal_rows(session: Session, *, anew: bool = False) -> None:
    """Seal the rows that have no seal; with ``anew`` every row, as it is now."""
    session.flush()
    connection = session.connection()
    if anew:
        for table in tables():
            connection.execute(update(table_of(table)).values(seal=None))
    seal_unsealed(connection, session.info["covid_d_sealer"])
