"""Alembic's environment: it migrates over the connection it is given, and reads no configuration file."""

from __future__ import annotations

from alembic import context

from monitor.store.rooted import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
