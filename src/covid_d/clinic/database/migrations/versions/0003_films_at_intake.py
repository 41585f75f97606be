"""Films that came at intake

Until now a film that came with its case was known by bearing its case's very moment.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CASE = sa.table(
    "patient_case", sa.column("id"), sa.column("created_at", sa.DateTime(timezone=True))
)
_FILM = sa.table(
    "film",
    sa.column("case_id"),
    sa.column("created_at", sa.DateTime(timezone=True)),
    sa.column("at_intake", sa.Boolean()),
)


def upgrade() -> None:
    """Apply."""
    # With a default, so that SQLite need not make the table anew: assessments hang on its rows.
    # The code always says which films came at intake.
    column: sa.Column[bool] = sa.Column(
        "at_intake", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("film", column)
    entered = sa.select(_CASE.c.created_at).where(_CASE.c.id == _FILM.c.case_id).scalar_subquery()
    op.execute(_FILM.update().values(at_intake=_FILM.c.created_at == entered))


def downgrade() -> None:
    """Undo."""
    # Not by making the table anew, for the same reason.
    op.drop_column("film", "at_intake")
