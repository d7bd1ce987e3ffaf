"""Everything that a chaos run disturbs: broker cluster, database, model, replicas, and the links between them."""

import asyncio
import contextlib
import signal
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from adapter.outbound.sql import migrate
from tests.chaos.cluster import Cluster
from tests.chaos.history import Terms
from tests.chaos.load import Routes
from tests.integration.end_to_end.conftest import SimulatorProcess
from tests.kit.adapter_process import AdapterProcess
from tests.kit.databases import private_postgres_module
from tests.kit.forwarder import Forwarder, Mode
from tests.kit.ports import lasting_port

_ENDING_SECONDS = 60
_START_TRIES = 20


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    replicas: int = 3
    nodes: int = 3
    latency: str = "lognormal(5,0.2)"
    """Of the model."""
    in_flight: int = 320
    """Requests that are kept open for each replica."""
    max_held: int = 500
    terms: Terms = field(default_factory=Terms)


class Replica:
    """One serving process with links of its own to the database and to each node of the broker."""

    def __init__(self, process: AdapterProcess, database: Forwarder, nodes: list[Forwarder]) -> None:
        self.process = process
        self.database = database
        self.nodes = nodes
        self.name = process.config.stem
        self.is_disturbed = False
        self.is_over = False
        """Nobody wants it any more."""

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return self.process.process is not None and self.process.process.poll() is None

    def start(self) -> None:
        """Start it as an operator's supervisor does: again when it finds no database or broker."""
        for _ in range(_START_TRIES):
            if self.is_over:
                return
            if not self.is_running:
                self.process.begin()
            with contextlib.suppress(AssertionError):  # it ended, or is slow on a machine that has much to do
                self.process.await_started()
                return
        raise AssertionError(f"{self.name} did not start:\n{self.process.log_text()[-2000:]}")

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    def terminate(self) -> None:
        """SIGTERM, and wait until it is gone."""
        assert self.process.process is not None
        self.process.process.send_signal(signal.SIGTERM)
        try:
            self.process.process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def signal(self, number: signal.Signals) -> None:
        """Stop or continue it."""
        assert self.process.process is not None
        self.process.process.send_signal(number)


class Stage:
    """All parts, started in order; an asynchronous context manager."""

    def __init__(self, folder: Path, size: Size) -> None:
        self.size = size
        self.folder = folder
        self.prefix = f"c{uuid.uuid4().hex[:6]}"
        self.routes = Routes(f"{self.prefix}-results", ("crm.replies", "billing.replies.late"))
        self.cluster = Cluster(folder, size.nodes)
        self.database: Any = private_postgres_module().PrivatePostgres()
        self.replicas: list[Replica] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start everything."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Stop everything."""
        await self._stack.aclose()

    async def _start(self) -> None:
        stack = self._stack
        stack.callback(self.database.stop)
        stack.callback(self._keep_database_log)
        stack.callback(self.cluster.stop)
        await asyncio.gather(asyncio.to_thread(self.database.start), asyncio.to_thread(self.cluster.start))
        await asyncio.to_thread(migrate.upgrade, self.database.url)
        self.simulator = await asyncio.to_thread(SimulatorProcess, self.folder, "--latency", self.size.latency)
        stack.callback(self.simulator.stop)
        self.model = await stack.enter_async_context(Forwarder.to(self.simulator.url))
        for number in range(self.size.replicas):
            self.replicas.append(await self._replica(number))
        stack.callback(self._end_replicas)
        # The first makes the queues on a cluster that is whole.
        await asyncio.to_thread(self.replicas[0].start)
        await asyncio.gather(*(asyncio.to_thread(one.start) for one in self.replicas[1:]))

    async def _replica(self, number: int) -> Replica:
        database = await self._stack.enter_async_context(Forwarder.to(self.database.url))
        nodes = [await self._stack.enter_async_context(Forwarder.to(url)) for url in self.cluster.urls]
        name = f"replica-{number}"
        return Replica(AdapterProcess(self.folder, self._settings(name, database, nodes), name=name), database, nodes)

    def _settings(self, name: str, database: Forwarder, nodes: list[Forwarder]) -> dict[str, Any]:
        size, terms = self.size, self.size.terms
        urls = [node.url(url) for node, url in zip(nodes, self.cluster.urls, strict=True)]
        return {
            "database": {
                "url": database.url(self.database.url),
                "lease_seconds": terms.lease_seconds,
                "heartbeat_seconds": terms.heartbeat_seconds,
                "statement_seconds": 5,
            },
            "amqp": {
                "urls": urls,
                "prefix": self.prefix,
                "max_held": size.max_held,
                "heartbeat_seconds": 5,
                "confirm_seconds": 10,
                "relay_poll_seconds": 1,
                "unknown_task_releases": 0,
            },
            "grpc": {"listen": f"127.0.0.1:{lasting_port()}"},
            "http": {"listen": f"127.0.0.1:{lasting_port()}"},
            "models": {"default": self._model(name)},
            "drain_seconds": terms.drain_seconds,
        }

    def _model(self, caller: str) -> Mapping[str, Any]:
        terms = self.size.terms
        return {
            "provider": "compatible",
            "base_url": self.model.url(self.simulator.url),
            "model": "simulated",
            "simulator": True,
            "headers": {"x-llm-adapter-caller": caller},
            "timeout_seconds": terms.timeout_seconds,
            "breaker": {
                "failures": terms.breaker_failures,
                "probe_seconds": terms.probe_seconds,
                "max_probe_seconds": terms.probe_seconds * 3,
            },
        }

    def _end_replicas(self) -> None:
        for replica in self.replicas:
            replica.is_over = True
            if replica.is_running:
                replica.signal(signal.SIGCONT)
                replica.kill()

    @property
    def database_log(self) -> str:
        """What the database server said."""
        log: Path = self.database.directory / "server.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def _keep_database_log(self) -> None:
        (self.folder / "database.log").write_text(self.database_log)

    def calm(self) -> None:
        """Undo whatever may still be disturbed at links and model."""
        for link in self.links():
            link.set_mode(Mode.PASS)
        self.simulator.control(down=False, status=None, faults=[])

    def links(self) -> Iterator[Forwarder]:
        """Every link."""
        yield self.model
        for replica in self.replicas:
            yield replica.database
            yield from replica.nodes

    def ended_by_themselves(self) -> list[str]:
        """Replicas that nobody stopped, and that do not run."""
        return [one.name for one in self.replicas if not one.is_running and not one.is_disturbed]

    async def drain(self) -> None:
        """Stop every replica in order."""
        for one in self.replicas:
            one.is_disturbed = True
        with contextlib.suppress(ProcessLookupError):
            await asyncio.gather(*(asyncio.to_thread(one.terminate) for one in self.replicas if one.is_running))
