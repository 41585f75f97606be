"""Structured readings and marks

Revision ID: 0010
Revises: 0009

Room for the category, the signs and the extent of a reading; readings made before have none and stay
as they are. Cases can be marked as urgent, or for a second reading.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COLUMNS = ("appearance", "signs", "extent")


def upgrade() -> None:
    """Apply."""
    op.add_column("reading", sa.Column("appearance", sa.String(13), nullable=True))
    op.add_column("reading", sa.Column("signs", sa.JSON(), nullable=True))
    op.add_column("reading", sa.Column("extent", sa.JSON(), nullable=True))
    op.create_table(
        "case_mark",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(8), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["patient_case.id"], name=op.f("fk_case_mark_case_id_patient_case")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_case_mark_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("case_id", "mark", name=op.f("pk_case_mark")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("case_mark")
    for name in reversed(_COLUMNS):
        op.drop_column("reading", name)
