"""What a replica does beside its jobs."""

import asyncio
from collections import Counter
from typing import cast

import pytest

from adapter.domain.job import Origin
from adapter.errors import StoreUnavailable
from adapter.ports import JobStore
from adapter.service.housekeeping import Housekeeping, HousekeepingSettings
from adapter.service.live_runs import Intent, LiveRuns
from tests.kit.virtual_time import VirtualClock
from tests.unit.service.runs import live_run

SETTINGS = HousekeepingSettings(heartbeat_seconds=3, reap_seconds=10, retain_seconds=60, retention_batch=5)


class Store:
    """The part of ports.JobStore that is used here."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.is_away = False
        self.cancelled: list[str] = []
        self.old_rows = 0

    def _count(self, name: str) -> None:
        self.calls[name] += 1
        if self.is_away:
            raise StoreUnavailable

    async def heartbeat(self) -> None:
        self._count("heartbeat")

    async def reap(self) -> int:
        self._count("reap")
        return 1

    async def cancel_requests(self) -> list[str]:
        self._count("cancel_requests")
        return self.cancelled

    async def retain(self, *, jobs_seconds: float, replies_seconds: float, limit: int) -> int:
        self._count("retain")
        assert (jobs_seconds, replies_seconds) == (2_592_000, 604_800)
        deleted = min(limit, self.old_rows)
        self.old_rows -= deleted
        return deleted


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def runs() -> LiveRuns:
    return LiveRuns(10)


@pytest.fixture
def housekeeping(store: Store, runs: LiveRuns, clock: VirtualClock) -> Housekeeping:
    return Housekeeping(cast("JobStore", store), runs, clock, SETTINGS)


async def run_for(housekeeping: Housekeeping, seconds: float) -> None:
    running = asyncio.create_task(housekeeping.run())
    await asyncio.sleep(seconds)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_each_duty_has_its_own_rhythm(housekeeping: Housekeeping, store: Store) -> None:
    await run_for(housekeeping, 59)

    assert store.calls == {"heartbeat": 20, "reap": 6, "retain": 1}


async def test_an_outage_of_the_store_ends_nothing_and_is_seen(housekeeping: Housekeeping, store: Store) -> None:
    store.is_away = True
    running = asyncio.create_task(housekeeping.run())
    await asyncio.sleep(20)
    assert not housekeeping.is_store_writable
    assert not running.done()

    store.is_away = False
    await asyncio.sleep(3)

    assert housekeeping.is_store_writable
    running.cancel()


async def test_a_job_that_somebody_asked_to_cancel_is_stopped_within_a_second(
    housekeeping: Housekeeping, store: Store, runs: LiveRuns
) -> None:
    run = live_run(Origin.QUEUED)
    runs.add(run)
    store.cancelled = ["job-1", "job-of-another-replica"]

    await run_for(housekeeping, 1)

    assert run.intent is Intent.CANCEL


async def test_writers_come_between_two_batches(housekeeping: Housekeeping, store: Store, clock: VirtualClock) -> None:
    store.old_rows = 12
    begun = clock.monotonic()

    await housekeeping._retain()  # noqa: SLF001 - what it does between two rounds of its rhythm

    assert clock.monotonic() - begun == pytest.approx(3 * SETTINGS.retention_pause_seconds)


async def test_what_is_too_old_is_deleted_in_batches_until_none_is_left(
    housekeeping: Housekeeping, store: Store
) -> None:
    store.old_rows = 12

    await run_for(housekeeping, 1)

    assert store.old_rows == 0
    assert store.calls["retain"] == 3
