"""Alembic revisions. They are written out by hand and never change once released; a revision only expands."""
