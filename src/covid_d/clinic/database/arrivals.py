"""Tables: films that came over the hospital's network, and readings that go back over it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from covid_d.clinic.database.base import TableBase


class Arrival(TableBase):
    """A film that the PACS sent, from when it came until its patient is known, and after.

    ``state`` is ``waiting`` (for somebody to say whose it is), ``entered`` (it is a film of
    ``case_id``) or ``set_aside``. While it waits its file is kept as a ``StagedFilm``, so that it
    becomes a case as any film that was sent ahead of one.
    """

    __tablename__ = "arrival"

    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    """What the node knows it by."""
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    caller: Mapped[str] = mapped_column(String(16))
    """Title of who sent it."""
    received_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(index=True)
    study_hash: Mapped[str] = mapped_column(String(64), index=True)
    """Films of one study are entered together; the study's own UID is in ``header_encrypted``."""
    number_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    """Of the patient's number in the hospital; ``None`` where the film states none."""
    header_encrypted: Mapped[str] = mapped_column(Text)
    """What the film states of patient and study (DICOM JSON)."""
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    """Of the film as it is kept."""
    token: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Of its ``StagedFilm``, while it waits."""
    blind: Mapped[bool]
    """Whether its unit read blind when it came: then its answer goes back after a reading."""
    state: Mapped[str] = mapped_column(String(10), index=True)
    question: Mapped[str | None] = mapped_column(String(20))
    """What somebody must say before it is entered (``arrivals.matching.PatientQuestion``)."""
    case_id: Mapped[int | None] = mapped_column(ForeignKey("patient_case.id"), index=True)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why it was set aside."""


class ReadingOrder(TableBase):
    """A reading that goes back to the PACS as a verified report."""

    __tablename__ = "reading_order"

    reading_id: Mapped[int] = mapped_column(ForeignKey("reading.id"), primary_key=True)
    ordered_at: Mapped[datetime]
    ordered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    """``None`` where every reading is sent."""
    taken_at: Mapped[datetime | None] = mapped_column(index=True)
    """When the node had it in its queue."""
