"""Reading studies

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TABLES = ("reading_study", "study_film", "study_reader", "study_opening", "study_rating")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "reading_study",
        _number("id"),
        _number("unit_id"),
        sa.Column("name", sa.String(80), nullable=False),
        _number("seed"),
        _number("rounds"),
        _number("washout_days"),
        _number("created_by_id"),
        _moment("created_at"),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seal", sa.String(64), nullable=True),
        *_to("reading_study", unit_id="unit", created_by_id="user_account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_study")),
    )
    op.create_index(op.f("ix_reading_study_unit_id"), "reading_study", ["unit_id"])
    op.create_table(
        "study_film",
        _number("study_id"),
        _number("film_id"),
        *_to("study_film", study_id="reading_study", film_id="film"),
        sa.PrimaryKeyConstraint("study_id", "film_id", name=op.f("pk_study_film")),
    )
    op.create_table(
        "study_reader",
        _number("study_id"),
        _number("user_id"),
        *_to("study_reader", study_id="reading_study", user_id="user_account"),
        sa.PrimaryKeyConstraint("study_id", "user_id", name=op.f("pk_study_reader")),
    )
    told = {"study_id": "reading_study", "film_id": "film", "user_id": "user_account"}
    op.create_table(
        "study_opening",
        *map(_number, ("study_id", "film_id", "user_id", "round")),
        _moment("opened_at"),
        *_to("study_opening", **told),
        sa.PrimaryKeyConstraint(
            "study_id", "film_id", "user_id", "round", name=op.f("pk_study_opening")
        ),
    )
    op.create_table(
        "study_rating",
        *map(_number, ("id", "study_id", "film_id", "user_id", "round", "position")),
        sa.Column("category", sa.String(13), nullable=False),
        _number("rating"),
        sa.Column("seconds", sa.Double(), nullable=False),
        _moment("created_at"),
        sa.Column("seal", sa.String(64), nullable=True),
        *_to("study_rating", **told),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_rating")),
        sa.UniqueConstraint(
            "study_id", "film_id", "user_id", "round", name=op.f("uq_study_rating_study_id")
        ),
    )


def downgrade() -> None:
    """Undo."""
    for table in reversed(_TABLES):
        op.drop_table(table)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _to(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    """Return the foreign keys of a table; what hangs on a film goes with it."""
    return [
        sa.ForeignKeyConstraint(
            [column],
            [f"{other}.id"],
            name=op.f(f"fk_{table}_{column}_{other}"),
            ondelete="CASCADE" if other == "film" else None,
        )
        for column, other in columns.items()
    ]
