"""Tables: the audit trail, installed bundles, what was sent, and exports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Integer, LargeBinary, String, Text
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


class WaitingImport(TableBase):
    """A table of films or results, sent to be imported: kept until its person ends it, or a week.

    ``kind`` is ``cases`` or ``laboratory``; ``options`` what was chosen with it. The table says
    whose the films are, so it is encrypted.
    """

    __tablename__ = "waiting_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    created_at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(200))
    options: Mapped[dict[str, str]] = mapped_column(JSON)
    table_encrypted: Mapped[str] = mapped_column(Text)


class SentForm(TableBase):
    """A form that was recorded, so that sent again it is not recorded twice (``trail.once``)."""

    __tablename__ = "sent_form"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    recorded_at: Mapped[datetime]


class StagedFilm(TableBase):
    """A film sent ahead of its case, so that a failed form does not lose it; kept for a day.

    One of an import is kept as long as the import.
    """

    __tablename__ = "staged_film"

    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    received_sha256: Mapped[str | None] = mapped_column(String(64))
    identity_encrypted: Mapped[str | None] = mapped_column(Text)
    taken_on: Mapped[date | None]
    straightened: Mapped[list[list[float]] | None] = mapped_column(JSON(none_as_null=True))
    thumbnail: Mapped[bytes | None] = mapped_column(LargeBinary)
    """As ``Film`` and ``StoredPrint`` keep them."""
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    examination: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What was found when it was sent, so that its case need not read it again."""
    import_id: Mapped[int | None] = mapped_column(ForeignKey("waiting_import.id"), index=True)
    """The import that it was sent for, if any."""
    name_encrypted: Mapped[str | None] = mapped_column(Text)
    """Its file's name there: people name films after their patients."""


class FilmReview(TableBase):
    """Whether a film in which text was found, away from its margins, may leave the clinic.

    ``decision`` is ``clear`` (the marks are no text, or tell nobody's identity), ``mask`` (black
    them out), ``keep_back``, or not yet made. It holds for ``boxes``: when a later version finds
    others, it must be made again.
    """

    __tablename__ = "film_review"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    boxes: Mapped[list[list[int]]] = mapped_column(JSON)
    suspects: Mapped[list[list[int]] | None] = mapped_column(JSON)
    """Places shown to whoever decides; ``None`` of a film that an older version looked at."""
    found_at: Mapped[datetime]
    decision: Mapped[str | None] = mapped_column(String(10))
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]


class ExportedFilm(TableBase):
    """A film that left with an export, under the names that it bears outside.

    ``case_id`` is no key of another table: what left must be known after the case is erased.
    ``recalled_at`` is when consent was withdrawn, so that whoever received it must destroy it.
    """

    __tablename__ = "exported_film"

    id: Mapped[int] = mapped_column(primary_key=True)
    export_id: Mapped[int] = mapped_column(ForeignKey("collection_export.id"), index=True)
    case_id: Mapped[int] = mapped_column(index=True)
    filename: Mapped[str] = mapped_column(String(40))
    patient: Mapped[str] = mapped_column(String(16))
    recalled_at: Mapped[datetime | None]


class CollectionExport(TableBase):
    """One export of the collection: when, by whom, how much."""

    __tablename__ = "collection_export"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    cases: Mapped[int]
    films: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
