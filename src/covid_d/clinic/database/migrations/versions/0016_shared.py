"""What several servers of one clinic share: notes under the clinic's key, counts of requests

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "shared_note",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mac", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_shared_note")),
    )
    # Counts of the last minutes: a crash of the database may forget them, and no request waits
    # until they are on its disk.
    postgresql = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "rate_count",
        sa.Column("name", sa.String(160), nullable=False),
        sa.Column("slice", sa.BigInteger(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", "slice", name=op.f("pk_rate_count")),
        prefixes=["UNLOGGED"] if postgresql else [],
    )
    op.create_index(op.f("ix_rate_count_until"), "rate_count", ["until"])


def downgrade() -> None:
    """Undo. Counts begin anew, and what checks and backups found is forgotten."""
    op.drop_table("rate_count")
    op.drop_table("shared_note")
