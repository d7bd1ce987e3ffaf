"""Alembic's entry: runs the revisions on the connection that schema.py gives, inside its transaction."""

from alembic import context

from adapter.outbound.sql.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
