"""Imports that wait, films that left with each export, and where reviewers must look

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "waiting_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("table_encrypted", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_waiting_import_unit_id_unit")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_waiting_import_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_import")),
    )
    op.create_index(op.f("ix_waiting_import_user_id"), "waiting_import", ["user_id"])
    with op.batch_alter_table("staged_film") as table:
        table.add_column(sa.Column("import_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("name_encrypted", sa.Text(), nullable=True))
        table.create_foreign_key(
            op.f("fk_staged_film_import_id_waiting_import"), "waiting_import", ["import_id"], ["id"]
        )
        table.create_index(op.f("ix_staged_film_import_id"), ["import_id"])
    op.create_table(
        "exported_film",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("export_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("filename", sa.String(40), nullable=False),
        sa.Column("patient", sa.String(16), nullable=False),
        sa.Column("recalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["export_id"],
            ["collection_export.id"],
            name=op.f("fk_exported_film_export_id_collection_export"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exported_film")),
    )
    op.create_index(op.f("ix_exported_film_export_id"), "exported_film", ["export_id"])
    op.create_index(op.f("ix_exported_film_case_id"), "exported_film", ["case_id"])
    op.add_column("film_review", sa.Column("suspects", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Undo. What left with which export is forgotten."""
    op.drop_column("film_review", "suspects")
    op.drop_table("exported_film")
    with op.batch_alter_table("staged_film") as table:
        table.drop_index(op.f("ix_staged_film_import_id"))
        table.drop_constraint(op.f("fk_staged_film_import_id_waiting_import"), type_="foreignkey")
        table.drop_column("name_encrypted")
        table.drop_column("import_id")
    op.drop_table("waiting_import")
