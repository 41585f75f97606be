"""A second factor of accounts, and how each session's owner came in

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("user_account", sa.Column("totp_encrypted", sa.Text(), nullable=True))
    op.add_column(
        "user_account", sa.Column("totp_since", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("user_account", sa.Column("totp_step", sa.Integer(), nullable=True))
    op.add_column("user_account", sa.Column("recovery_hashes", sa.JSON(), nullable=True))
    op.add_column("sign_in_session", sa.Column("way", sa.String(10), nullable=True))


def downgrade() -> None:
    """Undo. Accounts have no second factor any more."""
    op.drop_column("sign_in_session", "way")
    for column in ("recovery_hashes", "totp_step", "totp_since", "totp_encrypted"):
        op.drop_column("user_account", column)
