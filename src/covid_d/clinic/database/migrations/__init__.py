"""Alembic's folder: one file a step."""
