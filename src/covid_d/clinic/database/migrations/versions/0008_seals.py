"""Seals of rows

A keyed hash of each row, so that one changed in SQL is found. Rows that are there already are
sealed when the clinic is next started (``operations.integrity``): a migration has no key.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TABLES = (
    "user_account",
    "sign_in_session",
    "api_token",
    "one_time_link",
    "patient_case",
    "film",
    "assessment",
    "reading",
    "follow_up",
)


def upgrade() -> None:
    """Apply."""
    for table in _TABLES:
        op.add_column(table, sa.Column("seal", sa.String(64), nullable=True))


def downgrade() -> None:
    """Undo."""
    for table in _TABLES:
        op.drop_column(table, "seal")
