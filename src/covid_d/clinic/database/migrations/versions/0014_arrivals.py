"""Films that came over the hospital's network, and readings that go back over it

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "arrival",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("caller", sa.String(16), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("study_hash", sa.String(64), nullable=False),
        sa.Column("number_hash", sa.String(64), nullable=True),
        sa.Column("header_encrypted", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("token", sa.String(64), nullable=True),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("question", sa.String(20), nullable=True),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_arrival_unit_id_unit")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["patient_case.id"], name=op.f("fk_arrival_case_id_patient_case")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["user_account.id"],
            name=op.f("fk_arrival_decided_by_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_arrival_fingerprint")),
        sa.UniqueConstraint("token", name=op.f("uq_arrival_token")),
    )
    for name in (
        *("unit_id", "created_at", "study_hash", "number_hash", "sha256", "state", "case_id"),
    ):
        op.create_index(op.f(f"ix_arrival_{name}"), "arrival", [name])
    op.create_table(
        "reading_order",
        sa.Column("reading_id", sa.Integer(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ordered_by_id", sa.Integer(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["reading_id"], ["reading.id"], name=op.f("fk_reading_order_reading_id_reading")
        ),
        sa.ForeignKeyConstraint(
            ["ordered_by_id"],
            ["user_account.id"],
            name=op.f("fk_reading_order_ordered_by_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("reading_id", name=op.f("pk_reading_order")),
    )
    op.create_index(op.f("ix_reading_order_taken_at"), "reading_order", ["taken_at"])


def downgrade() -> None:
    """Undo. Films that wait are forgotten here; the node still has them."""
    op.drop_table("reading_order")
    op.drop_table("arrival")
