"""The stored answer is an assessment

Revision ID: 0004
Revises: 0003

Answers given before keep all but their post-test probability, which their evidence did not support.
Films that wait for their case keep what an older version found of them; it is of another shape, so
they are examined anew when they are next asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CATEGORIES = ("negative", "atypical", "indeterminate", "typical")
_BATCH = 500  # answers with their maps: a clinic may have many


_KEPT = (
    sa.column("outcome", sa.String),
    sa.column("probability", sa.Double),
    sa.column("bundle_name", sa.String),
    sa.column("bundle_version", sa.String),
    sa.column("bundle_sha256", sa.String),
    sa.column("bundle_verdict", sa.String),
)
_GONE = (
    sa.column("conformal_set", sa.JSON),
    sa.column("refusal", sa.JSON(none_as_null=True)),
    sa.column("warnings", sa.JSON),
    sa.column("activation", sa.JSON(none_as_null=True)),
)
_NEW = (sa.column("answer", sa.JSON), sa.column("refusal_code", sa.String))
_ROWS = sa.table("assessment", sa.column("id", sa.Integer), *_KEPT, *_GONE, *_NEW)


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("answer", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("refusal_code", sa.String(length=40), nullable=True))
        for name in CATEGORIES:
            batch_op.add_column(sa.Column(name, sa.Double(), nullable=True))
    for row in _every_row():
        refusal = row.refusal
        op.get_bind().execute(
            sa.update(_ROWS)
            .where(_ROWS.c.id == row.id)
            .values(answer=_answer(row), refusal_code=refusal["code"] if refusal else None)
        )
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.alter_column("answer", existing_type=sa.JSON(), nullable=False)
        for name in ("conformal_set", "refusal", "warnings", "activation", "post_test_probability"):
            batch_op.drop_column(name)


def downgrade() -> None:
    """Undo. The post-test probability is not made up again; answers of appearance are dropped."""
    op.execute("DELETE FROM assessment WHERE typical IS NOT NULL")
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("conformal_set", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("refusal", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("warnings", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("activation", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("post_test_probability", sa.Double(), nullable=True))
    for row in _every_row():
        told = row.answer
        refusal = told["refusal"]
        op.get_bind().execute(
            sa.update(_ROWS)
            .where(_ROWS.c.id == row.id)
            .values(
                conformal_set=told["conformal_set"],
                refusal=refusal and {"code": refusal["code"], "message": _joined(refusal)},
                warnings=told["warnings"],
                activation=told.get("activation"),
            )
        )
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.alter_column("conformal_set", existing_type=sa.JSON(), nullable=False)
        batch_op.alter_column("warnings", existing_type=sa.JSON(), nullable=False)
        for name in ("answer", "refusal_code", *CATEGORIES):
            batch_op.drop_column(name)
    # What this version found of waiting films, an older one cannot read.
    op.execute("DELETE FROM staged_film")


def _every_row() -> Iterator[sa.Row[Any]]:
    last = 0
    while True:
        rows = (
            op.get_bind()
            .execute(sa.select(_ROWS).where(_ROWS.c.id > last).order_by(_ROWS.c.id).limit(_BATCH))
            .all()
        )
        if not rows:
            return
        yield from rows
        last = rows[-1].id


def _answer(row: sa.Row[Any]) -> dict[str, Any]:
    """Return an answer as ``Assessment.to_dict`` of this revision's version gives it."""
    nothing = {"es": "", "en": ""}
    return {
        "path": "",
        "outcome": row.outcome,
        "appearance": None,
        "most_likely": None,
        "opacity": None,
        "probability": row.probability,
        "conformal_set": row.conformal_set,
        "covid": None,
        # The next step was the last sentence of the message, and stays there.
        "refusal": row.refusal and {"next_step": nothing, **row.refusal},
        "warnings": row.warnings,
        "bundle": {
            "name": row.bundle_name,
            "version": row.bundle_version,
            "sha256": row.bundle_sha256,
        },
        "verdict": row.bundle_verdict,
        "activation": row.activation,
        "box": None,
    }


def _joined(refusal: dict[str, Any]) -> dict[str, str]:
    return {
        language: f"{text} {refusal['next_step'][language]}".strip()
        for language, text in refusal["message"].items()
    }
