"""Opening: one serving process on SQLite, the schema of this version, and a replica that starts over."""

import asyncio
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from adapter.domain.job import State
from adapter.errors import StoreUnavailable
from adapter.outbound.sql import SqlJobStore, StoreLocked, StoreOutdated, migrate
from adapter.outbound.sql.engine import parse_url
from adapter.outbound.sql.tables import metadata
from adapter.ports import Claim
from tests.integration.store.samples import LEASE_SECONDS, OTHER_ROUTE, ROUTE, SUCCESS, answer, claimed, new_job


def serving(url: str, replica_id: str = "replica-a") -> SqlJobStore:
    """Return a store as `adapter serve` makes it."""
    return SqlJobStore(url, replica_id=replica_id, lease_seconds=LEASE_SECONDS)


async def test_a_second_serving_store_is_refused_by_name(sqlite_url: str) -> None:
    first = serving(sqlite_url)
    await first.open()
    try:
        with pytest.raises(StoreLocked, match="already serves") as refused:
            await serving(sqlite_url, "replica-b").open()
        assert Path(refused.value.path).name == "adapter.db.lock"
    finally:
        await first.close()


async def test_a_second_serving_process_is_refused_until_the_first_is_dead(sqlite_url: str) -> None:
    script = (
        "import asyncio, sys\n"
        "from adapter.outbound.sql import SqlJobStore\n"
        "async def main():\n"
        f"    await SqlJobStore({sqlite_url!r}, replica_id='other', lease_seconds=60).open()\n"
        "    print('open', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"open\n"
    with pytest.raises(StoreLocked, match=f"process {process.pid}"):
        await serving(sqlite_url).open()
    process.kill()
    await process.wait()
    store = serving(sqlite_url)
    await store.open()
    await store.close()


async def test_reading_commands_look_into_the_database_of_a_serving_process(sqlite_url: str) -> None:
    store = serving(sqlite_url)
    await store.open()
    claim = await claimed(store, new_job())
    reading = serving(sqlite_url, "reader")
    await reading.open(read_only=True)
    assert await reading.get(claim.job.job_id) == claim.job
    with pytest.raises(StoreUnavailable, match="not open for writing"):
        await reading.claim(new_job("r-2"))
    await reading.close()
    await store.close()


async def test_after_a_crash_a_new_process_takes_over_at_once(sqlite_url: str) -> None:
    crashed = serving(sqlite_url)
    await crashed.open()
    lost = await claimed(crashed, new_job())
    await crashed.finish(await claimed(crashed, new_job("r-2")), SUCCESS, answer, [ROUTE, OTHER_ROUTE])
    await crashed.close()  # without retiring: what it owned stays owned

    store = serving(sqlite_url, "replica-b")
    await store.open()
    assert await store.reap() == 1
    assert len(await store.due_publications(10)) == 2
    again = await store.claim(new_job())
    assert isinstance(again, Claim)
    assert (again.job.job_id, again.claims, again.job.state) == (lost.job.job_id, 2, State.RUNNING)
    await store.close()


async def test_the_migrated_schema_is_the_one_the_code_works_with(database_url: str) -> None:
    migrate.upgrade(database_url)
    engine = create_engine(parse_url(database_url))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


async def test_an_upgrade_may_be_repeated(database_url: str) -> None:
    migrate.upgrade(database_url)
    migrate.upgrade(database_url)
    assert migrate.check(database_url) == []


async def test_a_missing_database_is_named_and_not_created(sqlite_url: str) -> None:
    assert "no database" in migrate.check(sqlite_url)[0]
    reading = serving(sqlite_url)
    with pytest.raises(StoreOutdated, match="adapter db upgrade"):
        await reading.open(read_only=True)
    assert "no database" in migrate.check(sqlite_url)[0]


def _set_revision(url: str, revision: str, *changes: str) -> None:
    engine = create_engine(parse_url(url))
    with engine.begin() as connection:
        for change in changes:
            connection.execute(text(change))
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    engine.dispose()


async def test_a_database_that_a_newer_version_has_expanded_is_worked_with(database_url: str) -> None:
    migrate.upgrade(database_url)
    _set_revision(
        database_url, "9999", "ALTER TABLE jobs ADD COLUMN from_the_future TEXT", "CREATE TABLE of_the_future (a TEXT)"
    )
    migrate.upgrade(database_url)
    assert migrate.check(database_url) == []

    store = serving(database_url)
    await store.open()
    job, _ = await store.finish(await claimed(store, new_job()), SUCCESS, answer, [ROUTE])
    assert await store.get(job.job_id) == job
    await store.close()


async def test_a_database_of_somebody_else_is_refused(database_url: str) -> None:
    migrate.upgrade(database_url)
    _set_revision(database_url, "a1b2c3d4e5f6")
    assert "none of llm-adapter" in migrate.check(database_url)[0]
    with pytest.raises(StoreOutdated, match=r"Check database.url"):
        await serving(database_url).open()
    with pytest.raises(StoreOutdated):
        migrate.upgrade(database_url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/db"])
def test_a_database_that_cannot_serve_is_refused_by_name(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///FILE"):
        SqlJobStore(url, replica_id="a", lease_seconds=1)


async def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="missing"):
        await serving(f"sqlite:///{tmp_path / 'missing' / 'adapter.db'}").open()
