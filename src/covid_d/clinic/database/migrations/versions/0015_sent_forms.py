"""Forms that were recorded, and whether a saturation was measured on oxygen

Revision ID: 0015
Revises: 0014

Of cases entered before, nobody was asked on what the patient breathed.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("patient_case", sa.Column("on_oxygen", sa.Boolean(), nullable=True))
    op.create_table(
        "sent_form",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sent_form")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("sent_form")
    op.drop_column("patient_case", "on_oxygen")
