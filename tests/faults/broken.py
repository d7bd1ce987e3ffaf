"""An adapter that a test breaks and starts again, with the callers that notice."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapter.bootstrap.failpoints import EXIT_CODE, VARIABLE
from tests.integration.end_to_end.conftest import SimulatorProcess, simulated_settings
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, QueueAnswer, QueueCaller
from tests.kit.databases import url_at
from tests.kit.waiting import until

TASK = "classify-ticket"
LEASE = {"lease_seconds": 3, "heartbeat_seconds": 1, "statement_seconds": 5}


class Broken:
    """One replica: start() it, with failpoints or without, crash it, ask it."""

    def __init__(
        self,
        folder: Path,
        simulator: SimulatorProcess,
        broker_url: str,
        prefix: str,
        database_url: str,
        name: str,
        settings: Mapping[str, Any],
    ) -> None:
        self.simulator = simulator
        self.broker_url = broker_url
        self.prefix = prefix
        values = dict(settings)
        whole = simulated_settings(simulator, broker_url, prefix, **values.pop("amqp", {}))
        url = database_url or url_at(folder / f"{name}.db")
        whole["database"] = {"url": url} | LEASE | values.pop("database", {})
        self.process = AdapterProcess(folder, whole | values, name=name)
        self._grpc: GrpcCaller | None = None
        self._queue: QueueCaller | None = None

    def start(self, failpoints: str = "") -> "Broken":
        """Start, and wait until it serves."""
        self.begin(failpoints)
        self.process.await_started()
        return self

    def begin(self, failpoints: str = "") -> None:
        """Start, and do not wait."""
        self.process.environment = {VARIABLE: failpoints} if failpoints else {}
        self.process.begin()

    @property
    def grpc(self) -> GrpcCaller:
        """A gRPC caller of the process that runs now."""
        if self._grpc is None:
            self._grpc = GrpcCaller(self.process.grpc_address)
        return self._grpc

    @property
    def queue(self) -> QueueCaller:
        """A queue caller; the exchanges must have been declared by a first start."""
        if self._queue is None:
            self._queue = QueueCaller(self.broker_url, self.prefix).open()
        return self._queue

    def wait_for_crash(self, seconds: float = 60.0) -> None:
        """Wait until a failpoint, or a contract of the tests, has ended the process."""
        assert self.process.process is not None
        assert self.process.process.wait(seconds) == EXIT_CODE
        self.forget_caller()

    def forget_caller(self) -> None:
        """Let the next gRPC call go to the process that runs then."""
        if self._grpc is not None:
            self._grpc.close()
            self._grpc = None

    def replies(self, count: int = 1, *, seconds: float = 60.0) -> list[QueueAnswer]:
        """Take replies, at least so many, and what has come twice until then."""
        found = [self.queue.next_reply(seconds=seconds) for _ in range(count)]
        while self.queue.count(self.queue.replies):
            found.append(self.queue.next_reply())
        return found

    def settled(self) -> None:
        """Wait until nothing is on its way any more: no job, no unsent publication."""
        page = "adapter_jobs_in_flight 0.0", "adapter_publications_pending 0.0"
        until(lambda: all(line in self.process.metrics() for line in page), seconds=60)

    def drained(self) -> None:
        """Wait until the request queue of the task holds nothing, and no delivery is in hand."""
        queue = f"{self.prefix}.requests.{TASK}"
        until(lambda: self.queue.count(queue) == 0, seconds=60)
        self.settled()

    def close(self) -> None:
        """Stop it and let go of the callers."""
        self.forget_caller()
        if self._queue is not None:
            self._queue.close()
        self.process.stop()
