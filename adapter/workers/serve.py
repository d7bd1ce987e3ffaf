"""The parent of several workers, from its start to its end."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from adapter.bootstrap.seat import Seat
from adapter.inbound.http import OperationsServer
from adapter.workers.pages import WorkerPages
from adapter.workers.port import ReservedPort
from adapter.workers.supervisor import Supervisor, SupervisorSettings

log = structlog.get_logger()


class WorkerService:
    """Owns both ports and all workers."""

    def __init__(
        self, settings: SupervisorSettings, orders: Callable[[Seat], bytes], *, grpc_listen: str, http_listen: str
    ) -> None:
        """Orders: what a worker is told when it starts."""
        self._settings = settings
        self._orders = orders
        self._grpc_listen = grpc_listen
        self._http_listen = http_listen
        self._supervisor: Supervisor | None = None

    async def run(self, stopped: "asyncio.Future[None]") -> int:
        """Serve until stopped; returns the exit code. Raises PortReservedError, PortTakenError."""
        with ReservedPort(self._grpc_listen) as port, tempfile.TemporaryDirectory(prefix="adapter-workers-") as folder:
            supervisor = Supervisor(self._settings, self._orders, grpc_listen=port.listen, folder=Path(folder))
            self._supervisor = supervisor
            pages = WorkerPages(supervisor)
            http = OperationsServer(self._http_listen, ready=pages.problems, states=pages.states, metrics=pages.metrics)
            http_port = await http.start()
            try:
                code = await _started(supervisor, stopped)
                if code is None:
                    log.info("started", grpc_port=port.port, http_port=http_port, workers=self._settings.workers)
                    code = await _until_stopped(supervisor, stopped)
            finally:
                await http.stop()
        log.info("stopped")
        return code

    def kill(self) -> None:
        """End every worker at once."""
        if self._supervisor is not None:
            self._supervisor.kill()


async def _started(supervisor: Supervisor, stopped: "asyncio.Future[None]") -> int | None:
    """Start; None = all of them serve. The exit code of the one that could not, or 0 if a signal came before."""
    starting = asyncio.ensure_future(supervisor.start())
    either: set[asyncio.Future[Any]] = {starting, stopped}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        return starting.result() or None
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await supervisor.stop()
    return 0


async def _until_stopped(supervisor: Supervisor, stopped: "asyncio.Future[None]") -> int:
    failing = asyncio.ensure_future(supervisor.failed())
    either: set[asyncio.Future[Any]] = {failing, stopped}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if failing.done():
            supervisor.kill()
            await failing
    finally:
        failing.cancel()
        log.info("draining", workers=len(supervisor.workers))
        await supervisor.stop()
    return 0
