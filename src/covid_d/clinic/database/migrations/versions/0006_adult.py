"""Whether a patient without an age is an adult

A film of somebody whose age nobody knows is answered only on a condition, unless somebody says
that it is an adult's.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("patient_case", sa.Column("adult", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Undo."""
    # Not by making the table anew: films hang on its rows.
    op.drop_column("patient_case", "adult")
