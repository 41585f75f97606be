"""Tables: what several servers of one clinic must know of each other."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Float, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from covid_d.clinic.database.base import TableBase


class SharedNote(TableBase):
    """One thing that every server and command knows: ``mac`` is the clinic's key over it."""

    __tablename__ = "shared_note"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    told: Mapped[dict[str, Any]] = mapped_column(JSON)
    told_at: Mapped[datetime]
    mac: Mapped[str] = mapped_column(String(64))


class RateCount(TableBase):
    """How much was asked under one name in one slice of time; not logged in PostgreSQL.

    ``until`` is when nobody needs the row any more, in seconds of the database's own clock.
    """

    __tablename__ = "rate_count"

    name: Mapped[str] = mapped_column(String(160), primary_key=True)
    slice: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hits: Mapped[int] = mapped_column(Integer)
    until: Mapped[float] = mapped_column(Float, index=True)
