"""Stores on a real database. The suite is a contract that holds on each kind: --database says on which."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, Table, create_engine, select

from adapter.outbound.sql import SqlJobStore
from adapter.outbound.sql.engine import parse_url
from tests.integration.store.samples import LEASE_SECONDS
from tests.kit.databases import url_at

RowsOf = Callable[[Table], Sequence[Row[Any]]]
OpenStore = Callable[..., Awaitable[SqlJobStore]]


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Return the URL of an empty SQLite database, for what only SQLite does."""
    return f"sqlite:///{tmp_path / 'adapter.db'}"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Return the URL of an empty database."""
    return url_at(tmp_path / "adapter.db", is_empty=True)


@pytest.fixture
def migrated_url(tmp_path: Path) -> str:
    """Return the URL of a database with this version's schema and nothing in it."""
    return url_at(tmp_path / "adapter.db")


@pytest.fixture
async def open_store(migrated_url: str) -> AsyncIterator[OpenStore]:
    """Open stores of several replicas on one database."""
    opened: list[SqlJobStore] = []

    async def open_one(
        replica_id: str, *, lease_seconds: float = LEASE_SECONDS, is_alone: bool = False, write_lanes: int = 4
    ) -> SqlJobStore:
        store = SqlJobStore(
            migrated_url,
            replica_id=replica_id,
            lease_seconds=lease_seconds,
            is_alone=is_alone,
            write_lanes=write_lanes,
        )
        await store.open()
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        await store.close()


@pytest.fixture
async def store(open_store: OpenStore) -> SqlJobStore:
    """Return the store of replica a, alive for longer than a test."""
    return await open_store("replica-a")


@pytest.fixture
def rows_of(migrated_url: str) -> Iterator[RowsOf]:
    """Look into a table, past the store."""
    engine = create_engine(parse_url(migrated_url))

    def rows(table: Table) -> Sequence[Row[Any]]:
        with engine.connect() as connection:
            return connection.execute(select(table)).all()

    yield rows
    engine.dispose()
