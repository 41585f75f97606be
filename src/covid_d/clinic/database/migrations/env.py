"""Alembic's entry: runs the migrations on the connection that ``migrate.upgrade`` opened."""

from __future__ import annotations

from alembic import context

from covid_d.clinic.database.tables import TableBase

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=TableBase.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
