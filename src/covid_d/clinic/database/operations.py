"""Tables: the audit trail, installed bundles, staged films and exports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from covid_d.clinic.database.base import TableBase

# SQLite counts up only in an INTEGER key.
_Counter = BigInteger().with_variant(Integer, "sqlite")


class AuditEntry(TableBase):
    """Who did what and when; each entry carries the keyed hash of itself and the one before."""

    __tablename__ = "audit_entry"

    sequence: Mapped[int] = mapped_column(_Counter, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    address: Mapped[str] = mapped_column(String(64), default="")
    action: Mapped[str] = mapped_column(String(40), index=True)
    subject: Mapped[str] = mapped_column(String(80), index=True)
    """What it was done to: ``case:12``, ``user:3``, ``export``."""
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class InstalledBundle(TableBase):
    """A bundle kept in the data folder; at most one is active, else the built-in one answers."""

    __tablename__ = "installed_bundle"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    version: Mapped[str] = mapped_column(String(40))
    verdict: Mapped[str] = mapped_column(String(20))
    active: Mapped[bool] = mapped_column(default=False)
    installed_at: Mapped[datetime]
    installed_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))


class StagedFilm(TableBase):
    """A film sent ahead of its case, so that a failed form does not lose it; kept for a day."""

    __tablename__ = "staged_film"

    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    received_sha256: Mapped[str | None] = mapped_column(String(64))
    identity_encrypted: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    examination: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What was found when it was sent, so that its case need not read it again."""


class FilmReview(TableBase):
    """Whether a film in which text was found, away from its margins, may leave the clinic.

    ``decision`` is ``clear`` (the marks are no text, or tell nobody's identity), ``mask`` (black
    them out), ``keep_back``, or not yet made. It holds for ``boxes``: when a later version finds
    others, it must be made again.
    """

    __tablename__ = "film_review"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    boxes: Mapped[list[list[int]]] = mapped_column(JSON)
    found_at: Mapped[datetime]
    decision: Mapped[str | None] = mapped_column(String(10))
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]


class CollectionExport(TableBase):
    """One export of the collection: when, by whom, how much."""

    __tablename__ = "collection_export"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    cases: Mapped[int]
    films: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
