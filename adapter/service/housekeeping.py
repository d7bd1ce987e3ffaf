"""What a replica does beside its jobs: renew its lease, stop jobs that were cancelled, reap lost ones, retain."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from adapter.errors import StoreUnavailable
from adapter.failpoints import Failpoint, reach
from adapter.ports import Clock, JobStore
from adapter.service.live_runs import Intent, LiveRuns

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class HousekeepingSettings:
    """How often, and how long what is kept."""

    heartbeat_seconds: float = 3.0
    reap_seconds: float = 10.0
    retain_seconds: float = 60.0
    retention_jobs_seconds: float = 2_592_000.0
    retention_replies_seconds: float = 604_800.0
    retention_batch: int = 200
    """Rows of one transaction: others wait behind it."""
    retention_pause_seconds: float = 0.05
    """Between two batches."""


class Housekeeping:
    """Runs beside the service until it is cancelled."""

    def __init__(self, store: JobStore, runs: LiveRuns, clock: Clock, settings: HousekeepingSettings) -> None:
        self._store = store
        self._runs = runs
        self._clock = clock
        self._settings = settings
        self.is_store_writable = True

    async def run(self) -> None:
        """Do it all, each in its own rhythm."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._every(self._settings.heartbeat_seconds, self._beat))
            group.create_task(self._every(min(1.0, self._settings.heartbeat_seconds), self._stop_cancelled))
            group.create_task(self._every(self._settings.reap_seconds, self._reap))
            group.create_task(self._every(self._settings.retain_seconds, self._retain))

    async def _every(self, seconds: float, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await step()
            except StoreUnavailable as exc:
                self._note_store(writable=False, detail=exc.message)
            await self._clock.sleep(seconds)

    async def _beat(self) -> None:
        await reach(Failpoint.HEARTBEAT)
        await self._store.heartbeat()
        self._note_store(writable=True, detail="")

    def _note_store(self, *, writable: bool, detail: str) -> None:
        if writable is not self.is_store_writable:
            log.warning("store_changed", writable=writable, detail=detail)
        self.is_store_writable = writable

    async def _stop_cancelled(self) -> None:
        if not len(self._runs):
            return
        for job_id in await self._store.cancel_requests():
            run = self._runs.get(job_id)
            if run is not None:
                run.stop(Intent.CANCEL)

    async def _reap(self) -> None:
        count = await self._store.reap()
        if count:
            log.warning("jobs_reaped", count=count)

    async def _retain(self) -> None:
        settings = self._settings
        deleted = settings.retention_batch
        while deleted >= settings.retention_batch:
            deleted = await self._store.retain(
                jobs_seconds=settings.retention_jobs_seconds,
                replies_seconds=settings.retention_replies_seconds,
                limit=settings.retention_batch,
            )
            if deleted:
                log.info("rows_retired", count=deleted)
                await self._clock.sleep(settings.retention_pause_seconds)
