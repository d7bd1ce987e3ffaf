"""Three replicas as processes, on one database, one broker and one model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.integration.end_to_end.conftest import SimulatorProcess
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller
from tests.kit.sender import send_confirmed

LEASE_SECONDS = 6
TASK = "classify-ticket"


class Trio:
    """Three replicas whose model takes a second. What a test stops is started again for the next."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], simulator: SimulatorProcess) -> None:
        self.settings = settings
        self.simulator = simulator
        self.replicas = [AdapterProcess(folder, settings, name=f"replica-{number}") for number in range(3)]
        self._callers: dict[int, GrpcCaller] = {}

    @property
    def prefix(self) -> str:
        return str(self.settings["amqp"]["prefix"])

    @property
    def broker_url(self) -> str:
        return str(self.settings["amqp"]["urls"][0])

    def start(self) -> "Trio":
        """Start those that do not run."""
        for replica in self.replicas:
            if not is_running(replica):
                self._forget_caller(replica)
                replica.begin()
            if not replica.grpc_port:
                replica.await_started()
        return self

    def stop(self) -> None:
        for replica in self.replicas:
            self._forget_caller(replica)
            replica.stop()

    def caller(self, number: int) -> GrpcCaller:
        """A gRPC client of one replica."""
        replica = self.replicas[number]
        return self._callers.setdefault(number, GrpcCaller(replica.grpc_address))

    def send(self, request_ids: list[str], body: bytes) -> None:
        """Send requests to the queue that all replicas read."""
        send_confirmed(self.broker_url, f"{self.prefix}.requests", TASK, [(one, body) for one in request_ids])

    def where(self, is_it: Callable[[AdapterProcess], bool]) -> list[int]:
        """Numbers of the replicas of which something is true."""
        return [number for number, replica in enumerate(self.replicas) if is_it(replica)]

    def _forget_caller(self, replica: AdapterProcess) -> None:
        caller = self._callers.pop(self.replicas.index(replica), None)
        if caller is not None:
            caller.close()


def is_running(replica: AdapterProcess) -> bool:
    return replica.process is not None and replica.process.poll() is None
