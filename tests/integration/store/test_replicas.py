"""The heartbeat table: who is alive, and how many."""

from tests.integration.store.conftest import OpenStore
from tests.integration.store.samples import SHORT_LEASE_SECONDS, until


async def test_the_live_replicas_are_those_whose_lease_runs(open_store: OpenStore) -> None:
    first = await open_store("replica-a")
    assert await first.live_replicas() == 1

    leaving = await open_store("replica-b")
    await open_store("replica-c", lease_seconds=SHORT_LEASE_SECONDS)
    await leaving.check()
    await leaving.retire()

    async def is_alone() -> bool:
        return await first.live_replicas() == 1

    assert await until(is_alone)


async def test_three_replicas_on_one_database_count_three(open_store: OpenStore) -> None:
    stores = [await open_store(f"replica-{number}") for number in range(3)]
    assert [await store.live_replicas() for store in stores] == [3, 3, 3]
