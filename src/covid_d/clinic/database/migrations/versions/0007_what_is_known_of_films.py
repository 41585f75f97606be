"""The day of a film, how it was straightened, and what finds its copies

A film's day is the case's to keep, since the stripped file does not say it. The prints of films
kept before are made by ``covid_d.clinic.operations.film_prints``.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = ("film", "staged_film")


def upgrade() -> None:
    """Apply."""
    for table in _TABLES:
        op.add_column(table, sa.Column("taken_on", sa.Date(), nullable=True))
        op.add_column(table, sa.Column("straightened", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("staged_film", sa.Column("thumbnail", sa.LargeBinary(), nullable=True))
    op.create_table(
        "film_print",
        sa.Column("film_id", sa.Integer(), nullable=False),
        sa.Column("proposes", sa.LargeBinary(), nullable=False),
        sa.Column("thumbnail", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["film_id"],
            ["film.id"],
            name=op.f("fk_film_print_film_id_film"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("film_id", name=op.f("pk_film_print")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("film_print")
    op.drop_column("staged_film", "thumbnail")
    for table in _TABLES:
        op.drop_column(table, "straightened")
        op.drop_column(table, "taken_on")
