"""Tables: reading studies, their films and readers, and what was read in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from covid_d.clinic.database.base import TableBase
from covid_d.clinic.database.sealed import SealedTable


class ReadingStudy(SealedTable):
    """A fixed set of films that several people read, in one round or two."""

    __tablename__ = "reading_study"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    seed: Mapped[int]
    """Of every random order in it: which films, and in which order each reader sees them."""
    rounds: Mapped[int]
    washout_days: Mapped[int]
    """From a reader's last film of the first round to their first of the second one."""
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class StudyFilm(TableBase):
    """A film of a study."""

    __tablename__ = "study_film"

    study_id: Mapped[int] = mapped_column(ForeignKey("reading_study.id"), primary_key=True)
    film_id: Mapped[int] = mapped_column(
        ForeignKey("film.id", ondelete="CASCADE"), primary_key=True
    )


class StudyReader(TableBase):
    """A person who reads in a study."""

    __tablename__ = "study_reader"

    study_id: Mapped[int] = mapped_column(ForeignKey("reading_study.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)


class StudyOpening(TableBase):
    """When a film of a study was first shown to a reader in a round."""

    __tablename__ = "study_opening"

    study_id: Mapped[int] = mapped_column(ForeignKey("reading_study.id"), primary_key=True)
    film_id: Mapped[int] = mapped_column(
        ForeignKey("film.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    opened_at: Mapped[datetime]


class StudyRating(SealedTable):
    """What a reader said of a film in a round. Never changed."""

    __tablename__ = "study_rating"
    __table_args__ = (UniqueConstraint("study_id", "film_id", "user_id", "round"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("reading_study.id"))
    film_id: Mapped[int] = mapped_column(ForeignKey("film.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    round: Mapped[int]
    position: Mapped[int]
    """Place in the reader's order of the round, from 1."""
    category: Mapped[str] = mapped_column(String(13))
    rating: Mapped[int]
    """How suspicious of COVID-19: 0 (not at all) to 100 (certain)."""
    seconds: Mapped[float]
    """From the first sight of the film to the answer."""
    created_at: Mapped[datetime]
