"""PostgreSQL's half of the daemon lock: two machines may share one database, but not its daemon.

An advisory lock belongs to a session, so it has a connection of its own, never one from the pool.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from monitor.store.engine import DAEMON_KEY, mapped


class AdvisoryLock:
    """An advisory lock held for as long as one session lives."""

    def __init__(self, engine: Engine) -> None:
        self._engine = create_engine(engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        """Take it without waiting; False where somebody has it."""
        with mapped(self._engine.url.render_as_string(hide_password=True)):
            connection = self._engine.connect()
            query = text("SELECT pg_try_advisory_lock(:key)")
            if connection.scalar(query, {"key": DAEMON_KEY}):
                self._connection = connection
                return True
            connection.close()
            return False

    def release(self) -> None:
        """Let go: the lock ends with its session."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def still_held(self) -> bool:
        """Is the session that holds it alive?"""
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True
