"""Tables: the clinic's own calibration, reports of many clinics, and views that people saved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.base import TableBase


class LocalCalibration(TableBase):
    """A table of likelihood ratios fitted here, for one bundle; at most one of a bundle is on.

    Never changed but for its end. ``signature`` is the installation's, over ``record``.
    """

    __tablename__ = "local_calibration"

    id: Mapped[int] = mapped_column(primary_key=True)
    bundle_sha256: Mapped[str] = mapped_column(String(64), index=True)
    record: Mapped[dict[str, Any]] = mapped_column(JSON)
    signature: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))

    created_by: Mapped[User] = relationship(foreign_keys=[created_by_id])


class CalibrationCheck(TableBase):
    """What a local table was found worth on the cases since it was fitted."""

    __tablename__ = "calibration_check"

    id: Mapped[int] = mapped_column(primary_key=True)
    calibration_id: Mapped[int] = mapped_column(ForeignKey("local_calibration.id"), index=True)
    created_at: Mapped[datetime]
    alarm: Mapped[bool]
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)


class FederationReport(TableBase):
    """The figures of many clinics, as merged here."""

    __tablename__ = "federation_report"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    report: Mapped[dict[str, Any]] = mapped_column(JSON)


class SavedView(TableBase):
    """What a person chose on the dashboard, under a name of theirs."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
