"""Keeps the workers going: the first start is all or nothing, later deaths are healed, and the end is orderly."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from adapter.bootstrap.seat import Seat
from adapter.workers.process import WorkerProcess

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SupervisorSettings:
    """How many workers, and how patient their parent is."""

    workers: int
    stop_seconds: float
    """After SIGTERM; then what is left is killed."""
    first_backoff_seconds: float = 0.5
    max_backoff_seconds: float = 30.0
    healthy_seconds: float = 60.0
    """Who lived so long is restarted without delay again."""


class Supervisor:
    """The workers, by number from 1."""

    def __init__(
        self, settings: SupervisorSettings, orders: Callable[[Seat], bytes], *, grpc_listen: str, folder: Path
    ) -> None:
        """Folder: where the workers' sockets are."""
        self._settings = settings
        self.workers: Sequence[WorkerProcess] = [
            WorkerProcess(Seat(number, grpc_listen, str(folder / f"{number}.sock")), orders)
            for number in range(1, settings.workers + 1)
        ]
        self.restarts = {worker.seat.number: 0 for worker in self.workers}
        self.is_draining = False
        self._keepers: list[asyncio.Task[None]] = []

    async def start(self) -> int:
        """Start every worker; returns 0, or the exit code of the one that could not: the others are then stopped.

        The first goes alone: what is wrong with the configuration or the database is said once.
        """
        first, *others = self.workers
        for group in ([first], others):
            started = await asyncio.gather(*(worker.start() for worker in group))
            if not all(started):
                failed = group[started.index(False)]
                code = await failed.ended()
                await self.stop()
                return code or 1
        self._keepers = [asyncio.create_task(self._keep(worker)) for worker in self.workers]
        return 0

    async def stop(self) -> None:
        """Let all workers drain at once; who takes too long is killed."""
        self.is_draining = True
        for worker in self.workers:
            worker.terminate()
        ended = [asyncio.ensure_future(worker.ended()) for worker in self.workers]
        _, late = await asyncio.wait(ended, timeout=self._settings.stop_seconds)
        if late:
            log.warning("workers_killed", count=len(late), waited_seconds=self._settings.stop_seconds)
            self.kill()
            await asyncio.wait(late)
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    def kill(self) -> None:
        """End every worker at once."""
        for worker in self.workers:
            worker.kill()

    async def failed(self) -> None:
        """Return when keeping a worker has ended by a bug, by raising it."""
        done, _ = await asyncio.wait(self._keepers, return_when=asyncio.FIRST_COMPLETED)
        for keeper in done:
            await keeper

    async def _keep(self, worker: WorkerProcess) -> None:
        settings, loop = self._settings, asyncio.get_running_loop()
        backoff = settings.first_backoff_seconds
        begun = loop.time()
        while True:
            code = await worker.ended()
            if self.is_draining:
                return
            if loop.time() - begun >= settings.healthy_seconds:
                backoff = settings.first_backoff_seconds
            number = worker.seat.number
            log.error("worker_died", worker=number, exit_code=code, restart_in_seconds=backoff)
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, settings.max_backoff_seconds)
            if self.is_draining:
                return
            self.restarts[number] += 1
            begun = loop.time()
            if await worker.start():
                log.info("worker_restarted", worker=number, restarts=self.restarts[number])
