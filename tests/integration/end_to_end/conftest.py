"""One adapter process with a real broker and a real simulator process, shared by the tests of this folder."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.adapter_process import ROOT, START_SECONDS, AdapterProcess, clean_environment, start_adapter
from tests.kit.callers import GrpcCaller, QueueCaller
from tests.kit.rabbitmq import broker  # noqa: F401 - a fixture
from tests.kit.secret_scan import OUTPUTS
from tests.kit.secrets import made_up

SAMPLES = ROOT / "examples" / "tasks"
FAST_BREAKER = {"failures": 5, "probe_seconds": 0.3, "max_probe_seconds": 1, "misconfigured_probe_seconds": 0.5}


class SimulatorProcess:
    """`adapter simulate` on a free port."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.log = folder / "calls.jsonl"
        self._stderr = folder / "simulator.log"
        OUTPUTS.watch(self.log, self._stderr)
        self._stderr.write_bytes(b"")
        simulate = ["simulate", "--port", "0", "--log", str(self.log), *arguments]
        self._process = start_adapter(simulate, self._stderr, clean_environment())
        self.url = self._read_url()

    def _read_url(self) -> str:
        import time  # noqa: PLC0415 - only here

        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for word in self._stderr.read_text().split():
                if word.startswith("http://"):
                    return word
            assert self._process.poll() is None, self._stderr.read_text()
            time.sleep(0.05)
        raise AssertionError(self._stderr.read_text())

    def control(self, **switches: Any) -> None:
        """Change its behaviour while it runs."""
        request = urllib.request.Request(  # noqa: S310 - our own http address
            self.url.removesuffix("/v1") + "/simulator/control",
            data=json.dumps(switches).encode(),
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=60).close()  # noqa: S310 - our own http address

    def calls(self, request_id: str = "") -> list[dict[str, Any]]:
        """Logged calls, of one request or all."""
        if not self.log.exists():
            return []
        logged = [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]
        return [call for call in logged if not request_id or call["request_id"] == request_id]

    def in_flight(self) -> int:
        """Calls that it has not answered yet; those are not in the log."""
        address = self.url.removesuffix("/v1") + "/health"
        with urllib.request.urlopen(address, timeout=60) as page:  # noqa: S310 - our own http address
            return int(json.loads(page.read())["in_flight"])

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """Give a simulator; tests that change it with control() set it back."""
    process = SimulatorProcess(tmp_path_factory.mktemp("simulator"))
    yield process
    process.stop()


def simulated_settings(simulator: SimulatorProcess, url: str, prefix: str, **amqp: Any) -> dict[str, Any]:
    """Settings of an adapter between a broker and a simulator, with short waits."""
    model = {
        "provider": "compatible",
        "base_url": simulator.url,
        "model": "simulated",
        "simulator": True,
        "api_key": made_up("model"),
        "headers": {"x-team": made_up("header")},
        "breaker": FAST_BREAKER,
        "timeout_seconds": 20,
    }
    return {
        "amqp": {"urls": [url], "prefix": prefix, "relay_poll_seconds": 0.3, "unknown_task_releases": 0} | amqp,
        "limits": {"model_wait_seconds": 1},
        "models": {"default": model},
    }


@pytest.fixture(scope="session")
def adapter(
    tmp_path_factory: pytest.TempPathFactory,
    simulator: SimulatorProcess,
    broker: Any,  # noqa: F811 - the fixture of that name
) -> Iterator[AdapterProcess]:
    """Give the shared adapter; its prefix is `adapter`."""
    settings = simulated_settings(simulator, broker.url, "e2e")
    with AdapterProcess(tmp_path_factory.mktemp("adapter"), settings) as process:
        yield process


@pytest.fixture
def grpc_caller(adapter: AdapterProcess) -> Iterator[GrpcCaller]:
    caller = GrpcCaller(adapter.grpc_target)
    yield caller
    caller.close()


@pytest.fixture
def queue_caller(adapter: AdapterProcess, broker: Any) -> Iterator[QueueCaller]:  # noqa: F811 - the fixture of that name
    assert adapter.grpc_port, "the adapter has declared the exchanges"
    caller = QueueCaller(broker.url, "e2e").open()
    yield caller
    caller.close()


@pytest.fixture(scope="session")
def ticket() -> bytes:
    """Give a support ticket as JSON that its contract accepts."""
    return next(path for path in sorted((SAMPLES / "classify-ticket/samples").glob("*.json"))).read_bytes()
