"""A database that is full, locked, read-only or broken is STORE_UNAVAILABLE, and serves again once it is well."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event

from adapter.errors import StoreUnavailable
from adapter.outbound.sql import SqlJobStore
from tests.integration.store.samples import LEASE_SECONDS, PAYLOAD, SUCCESS, claimed, new_job


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "adapter.db"


@pytest.fixture
async def sqlite_store(path: Path) -> AsyncIterator[SqlJobStore]:
    store = SqlJobStore(f"sqlite:///{path}", replica_id="replica-a", lease_seconds=LEASE_SECONDS, busy_seconds=0.05)
    await store.open()
    yield store
    await store.close()


async def test_a_full_disk_refuses_what_does_not_fit_and_keeps_what_was_there(
    sqlite_store: SqlJobStore, path: Path
) -> None:
    job, _ = await sqlite_store.finish(await claimed(sqlite_store, new_job()), SUCCESS, None)
    with sqlite3.connect(path) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.close()
    limit = [f"PRAGMA max_page_count={pages + 20}"]
    event.listen(sqlite_store.engine, "begin", lambda begun: begun.exec_driver_sql(limit[0]))

    news = [new_job(f"big-{number}", content_hash="x" * 4000) for number in range(60)]
    results = await asyncio.gather(*(sqlite_store.claim(new) for new in news), return_exceptions=True)

    refused = [result for result in results if isinstance(result, BaseException)]
    assert refused
    assert {type(error) for error in refused} == {StoreUnavailable}
    assert "full" in str(refused[0])
    assert await sqlite_store.get(job.job_id) == job
    limit[0] = f"PRAGMA max_page_count={pages + 10_000}"
    await sqlite_store.check()
    await claimed(sqlite_store, new_job("later"))


async def test_a_database_locked_by_somebody_else_is_unavailable_until_it_is_free(
    sqlite_store: SqlJobStore, path: Path
) -> None:
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    results = await asyncio.gather(
        *(sqlite_store.claim(new_job(f"r-{number}")) for number in range(20)), return_exceptions=True
    )
    assert {type(result) for result in results} == {StoreUnavailable}
    assert "locked" in str(results[0])
    with pytest.raises(StoreUnavailable):
        await sqlite_store.check()
    foreign.execute("ROLLBACK")
    foreign.close()
    await claimed(sqlite_store, new_job())


async def test_a_locked_database_can_still_be_read(sqlite_store: SqlJobStore, path: Path) -> None:
    claim = await claimed(sqlite_store, new_job())
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    assert await sqlite_store.get(claim.job.job_id) == claim.job
    foreign.execute("ROLLBACK")
    foreign.close()


async def test_a_read_only_database_is_unavailable(sqlite_store: SqlJobStore) -> None:
    event.listen(sqlite_store.engine, "begin", lambda begun: begun.exec_driver_sql("PRAGMA query_only=1"))
    with pytest.raises(StoreUnavailable, match="readonly"):
        await sqlite_store.check()
    with pytest.raises(StoreUnavailable, match="readonly"):
        await sqlite_store.submit(new_job(), PAYLOAD, None, None)


@pytest.fixture
def broken_file(path: Path) -> None:
    path.write_bytes(b"this is not a database, but it is long enough to be taken for one" * 100)


@pytest.mark.usefixtures("broken_file")
async def test_a_file_that_is_no_database_is_unavailable(path: Path) -> None:
    store = SqlJobStore(f"sqlite:///{path}", replica_id="replica-a", lease_seconds=LEASE_SECONDS)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await store.open()


async def test_a_store_that_was_opened_proves_that_it_can_write(sqlite_store: SqlJobStore) -> None:
    await sqlite_store.check()
    assert await sqlite_store.reap() == 0


async def test_a_closed_store_refuses(path: Path) -> None:
    store = SqlJobStore(f"sqlite:///{path}", replica_id="replica-a", lease_seconds=LEASE_SECONDS)
    await store.open()
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.claim(new_job())
    with pytest.raises(StoreUnavailable):
        await store.get("job")
