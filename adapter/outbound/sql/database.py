"""A database as a replica holds it: its engine, its lock, and an end to every wait for it."""

import asyncio
from contextlib import AbstractContextManager

from sqlalchemy import Connection, Engine

from adapter.outbound.sql import migrate
from adapter.outbound.sql.engine import open_engine, parse_url, sqlite_path
from adapter.outbound.sql.presence import presence_lock
from adapter.outbound.sql.stalls import StallGuard, unguarded

# Several statements of a transaction may each take their time; more than so many times that is no answer.
_STATEMENTS = 3


class Database:
    """Nothing is connected before it is needed."""

    def __init__(self, url: str, *, is_alone: bool, connections: int, busy_seconds: float) -> None:
        """is_alone: nobody else may serve it; one more connection keeps the place. Raises StoreUrlInvalid."""
        parsed = parse_url(url)
        path = sqlite_path(parsed)
        self._url = url
        self._is_sqlite = path is not None
        self._stalls = StallGuard(_STATEMENTS * busy_seconds)
        self.engine: Engine = open_engine(parsed, connections=connections + 1, busy_seconds=busy_seconds)
        self._lock = presence_lock(self.engine, self.guard, path, is_alone=is_alone)

    def guard(self, connection: Connection) -> AbstractContextManager[None]:
        """Put an end to the use of a connection."""
        return unguarded(connection) if self._is_sqlite else self._stalls(connection)

    async def open(self, *, read_only: bool) -> None:
        """Take our place and see to the schema. Raises StoreLocked, StoreTaken, StoreOutdated, StoreUnavailable."""
        if not self._is_sqlite:
            self._stalls.start()
        if not read_only:
            await self.keep_place()
        must_be_right = read_only or not self._is_sqlite
        await asyncio.to_thread(migrate.require if must_be_right else migrate.upgrade, self._url)

    async def keep_place(self) -> None:
        """Take it, or take it again if the database was away. Raises StoreLocked, StoreTaken, StoreUnavailable."""
        await asyncio.to_thread(self._lock.acquire)

    def close(self) -> None:
        """Leave our place, and let go of everything."""
        self._lock.release()
        self.engine.dispose()
        self._stalls.close()
