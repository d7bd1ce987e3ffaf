"""Who may serve a PostgreSQL database beside whom; what SQLite allows is in test_opening."""

import asyncio
import threading

import pytest

from adapter.domain.job import Job
from adapter.domain.message import Answer
from adapter.outbound.sql import SqlJobStore, StoreOutdated, StoreTaken
from adapter.ports import Claim
from tests.integration.store.samples import DEADLINE_SECONDS, LEASE_SECONDS, ROUTE, SUCCESS, answer, claimed, new_job
from tests.kit.databases import execute
from tests.kit.rabbitmq import eventually

pytestmark = pytest.mark.postgresql


def replica(url: str, name: str, *, is_alone: bool) -> SqlJobStore:
    """Return a store as `adapter serve` makes it, with a broker (not alone) or without."""
    return SqlJobStore(url, replica_id=name, lease_seconds=LEASE_SECONDS, is_alone=is_alone)


@pytest.mark.parametrize("first_is_alone", [True, False])
async def test_a_replica_without_a_broker_serves_alone(migrated_url: str, first_is_alone: bool) -> None:  # noqa: FBT001 - a parameter of the test
    first = replica(migrated_url, "a", is_alone=first_is_alone)
    await first.open()
    with pytest.raises(StoreTaken, match="without a broker"):
        await replica(migrated_url, "b", is_alone=not first_is_alone).open()
    with pytest.raises(StoreTaken, match="without a broker"):
        await replica(migrated_url, "c", is_alone=True).open()

    await first.close()
    second = replica(migrated_url, "b", is_alone=True)
    await second.open()
    await second.close()


async def test_replicas_with_a_broker_serve_beside_each_other(migrated_url: str) -> None:
    stores = [replica(migrated_url, name, is_alone=False) for name in "abc"]
    for store in stores:
        await store.open()
    assert await stores[0].live_replicas() == 3
    for store in stores:
        await store.close()


async def test_a_crashed_replica_that_was_alone_is_taken_over_at_once(migrated_url: str) -> None:
    first = replica(migrated_url, "a", is_alone=True)
    await first.open()
    await claimed(first, new_job())
    await first.close()  # without retiring: its lease still runs

    second = replica(migrated_url, "b", is_alone=True)
    await second.open()
    assert isinstance(await second.claim(new_job()), Claim)
    await second.close()


async def test_the_place_is_kept_when_the_database_cuts_the_connection(migrated_url: str) -> None:
    store = replica(migrated_url, "a", is_alone=True)
    await store.open()
    execute(migrated_url, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    await store.heartbeat()
    with pytest.raises(StoreTaken):
        await replica(migrated_url, "b", is_alone=False).open()
    await store.close()


async def test_a_replica_whose_place_was_taken_meanwhile_learns_it_with_the_next_heartbeat(migrated_url: str) -> None:
    store = replica(migrated_url, "a", is_alone=True)
    await store.open()
    execute(migrated_url, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    other = replica(migrated_url, "b", is_alone=True)
    await other.open()
    with pytest.raises(StoreTaken):
        await store.heartbeat()
    await store.close()
    await other.close()


async def test_an_old_schema_is_named_with_the_command_that_upgrades_it(database_url: str) -> None:
    with pytest.raises(StoreOutdated, match="adapter db upgrade"):
        await replica(database_url, "a", is_alone=False).open()


async def test_a_lease_is_renewed_while_every_lane_is_busy_with_jobs(migrated_url: str) -> None:
    store = SqlJobStore(migrated_url, replica_id="a", lease_seconds=LEASE_SECONDS, is_alone=False, write_lanes=2)
    await store.open()
    busy: set[int] = set()
    unblock = threading.Event()

    def answer_late(job: Job) -> Answer:
        busy.add(threading.get_ident())
        unblock.wait(DEADLINE_SECONDS)
        return answer(job)

    jobs = [await claimed(store, new_job(f"r-{number}")) for number in range(16)]
    finishing = [asyncio.create_task(store.finish(one, SUCCESS, answer_late, [ROUTE])) for one in jobs]
    try:
        await eventually(lambda: len(busy) == 2)
        async with asyncio.timeout(DEADLINE_SECONDS / 2):
            await store.heartbeat()
            await store.reap()
        assert not any(one.done() for one in finishing)
    finally:
        unblock.set()
        await asyncio.gather(*finishing)
        await store.close()
