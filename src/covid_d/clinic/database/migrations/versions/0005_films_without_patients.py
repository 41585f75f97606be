"""Films without their patients

Revision ID: 0005
Revises: 0004

From here on the clinic keeps films without the patient's name and number. Room for the hash of the
file as it was sent, and for its identifiers, encrypted. The files of films kept before are stripped
by ``covid_d.clinic.operations.strip_films``: until then ``received_sha256`` is empty. Pictures hold
no such header and are done.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = ("film", "staged_film")
_FILM = sa.table("film", *(sa.column(name) for name in ("sha256", "format", "received_sha256")))


def upgrade() -> None:
    """Apply."""
    for table in _TABLES:
        op.add_column(table, sa.Column("received_sha256", sa.String(64), nullable=True))
        op.add_column(table, sa.Column("identity_encrypted", sa.Text(), nullable=True))
    pictures = sa.and_(_FILM.c.format.is_not(None), _FILM.c.format != "DICOM")
    op.execute(_FILM.update().where(pictures).values(received_sha256=_FILM.c.sha256))


def downgrade() -> None:
    """Undo. Stripped films stay stripped."""
    for table in _TABLES:
        op.drop_column(table, "identity_encrypted")
        op.drop_column(table, "received_sha256")
