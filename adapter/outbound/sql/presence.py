"""Who serves a database: one replica alone, or several that share a broker. A lock says so, until its process ends."""

import time
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, exc, text

from adapter.operator_errors import ConfigurationError
from adapter.outbound.sql.errors import translate
from adapter.outbound.sql.lock import FileLock
from adapter.outbound.sql.stalls import Guard

_KEY = 0x6C6C6D62  # "llmb": all locks of one database share their keys
_ALONE = text("SELECT pg_try_advisory_lock(:key)")
_AMONG_OTHERS = text("SELECT pg_try_advisory_lock_shared(:key)")
_STILL_HERE = text("SELECT 1")
# The server gives back the lock of a process that died a moment after its connection broke.
_LINGER_SECONDS = 3.0
_LOOK_SECONDS = 0.05


class StoreTaken(ConfigurationError):
    """Somebody else serves this database, and both cannot."""

    def __init__(self, *, is_alone: bool) -> None:
        """is_alone: whether we are the one that needs it for itself."""
        super().__init__(
            "another replica serves this database, and without a broker there may be exactly one. "
            "Configure amqp for all of them, or stop the other."
            if is_alone
            else "a replica without a broker serves this database, and must be the only one. "
            "Configure amqp for it, or stop it."
        )


class Lock(Protocol):
    """Held while we serve."""

    def acquire(self) -> None:
        """Take it, or see that it is still held. Raises StoreLocked, StoreTaken, StoreUnavailable."""

    def release(self) -> None:
        """Give it back."""


def presence_lock(engine: Engine, guard: Guard, path: Path | None, *, is_alone: bool) -> Lock:
    """Return the lock of a database; path is SQLite's file."""
    if path is None:
        return SessionLock(engine, guard, is_alone=is_alone)
    return FileLock(path.with_name(f"{path.name}.lock")) if is_alone else _NoLock()


class _NoLock:
    """Several replicas on one file, which only tests have."""

    def acquire(self) -> None:
        """Hold nothing."""

    def release(self) -> None:
        """Give nothing back."""


class SessionLock:
    """PostgreSQL's advisory lock, held by a connection of its own. Not for use by threads at once."""

    def __init__(self, engine: Engine, guard: Guard, *, is_alone: bool) -> None:
        """is_alone: nobody else may serve."""
        self._engine = engine
        self._guard = guard
        self._is_alone = is_alone
        self._connection: Connection | None = None

    def acquire(self) -> None:
        """Take the lock, or see that it is still held. Raises StoreTaken, StoreUnavailable."""
        try:
            if self._connection is not None and self._is_held(self._connection):
                return
            self._take()
        except exc.SQLAlchemyError as error:
            raise translate(error) from error

    def release(self) -> None:
        """Give it back, with its connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.detach()  # the pool would keep the session, and the session the lock
            connection.close()

    def _is_held(self, connection: Connection) -> bool:
        try:
            with self._guard(connection):
                connection.execute(_STILL_HERE)
        except exc.DBAPIError:
            self._connection = None
            connection.invalidate()
            connection.close()
            return False
        return True

    def _take(self) -> None:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            with self._guard(connection):
                is_taken = self._try(connection)
        except BaseException:
            connection.close()
            raise
        if not is_taken:
            connection.close()
            raise StoreTaken(is_alone=self._is_alone)
        self._connection = connection

    def _try(self, connection: Connection) -> bool:
        """Ask for the lock until it is ours, or so long that its holder must be alive."""
        statement = _ALONE if self._is_alone else _AMONG_OTHERS
        deadline = time.monotonic() + _LINGER_SECONDS
        while not connection.execute(statement, {"key": _KEY}).scalar_one():
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOOK_SECONDS)
        return True
