"""`adapter serve --workers N`: one parent, one port, several processes."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.integration.replicas.conftest import shared_settings
from tests.kit import databases
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller
from tests.kit.waiting import until

pytestmark = pytest.mark.timeout(300)  # the first of them starts three processes

WORKERS = 2
DEADLINE_SECONDS = 60.0


@pytest.fixture(scope="module")
def _service(tmp_path_factory: pytest.TempPathFactory, broker: Any) -> Iterator[AdapterProcess]:
    """Give a service of two workers whose model takes a second."""
    url = databases.clone()
    settings = shared_settings(url, broker.url, "workers") | {"drain_seconds": 30}
    with AdapterProcess(tmp_path_factory.mktemp("workers"), settings, "--workers", str(WORKERS)) as process:
        yield process
    databases.drop(url)


@pytest.fixture
def service(_service: AdapterProcess) -> AdapterProcess:
    """Give the service, started again if the test before stopped it."""
    assert _service.process is not None
    if _service.process.poll() is not None:
        _service.start()
    return _service


def worker_pids(service: AdapterProcess) -> list[int]:
    """Process ids of the workers that run."""
    assert service.process is not None
    pid = service.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def run(service: AdapterProcess, ticket: bytes, **labels: str) -> int:
    """Run one job over a connection of its own and return its state."""
    caller = GrpcCaller(service.grpc_address)
    try:
        return int(caller.run("classify-ticket", ticket, labels=labels).state)
    finally:
        caller.close()


def test_one_port_serves_all_workers_and_their_metrics_are_told_apart(service: AdapterProcess, ticket: bytes) -> None:
    assert run(service, ticket) == 3, "SUCCEEDED"

    status, page = service.ready()
    metrics = service.metrics()

    assert (status, page["problems"]) == (200, [])
    assert [page["parts"][f"worker.{number}"] for number in (1, 2)] == ["ready", "ready"]
    for number in (1, 2):
        assert f'adapter_worker_up{{worker="{number}"}} 1.0' in metrics
        assert f'adapter_model_up{{model="default",worker="{number}"}} 1.0' in metrics
    assert metrics.count("# TYPE adapter_jobs_total counter") == 1


def test_a_worker_that_is_killed_is_replaced_and_the_others_serve_meanwhile(
    service: AdapterProcess, ticket: bytes
) -> None:
    before = worker_pids(service)
    os.kill(before[0], signal.SIGKILL)
    service.wait_for("worker_died")
    assert service.ready()[0] == 200
    assert run(service, ticket) == 3, "SUCCEEDED"

    service.wait_for("worker_restarted")

    after = worker_pids(service)
    assert len(after) == WORKERS
    assert before[1] in after
    assert "adapter_worker_restarts_total" in service.metrics()
    assert (
        sum(
            float(line.rpartition(" ")[2])
            for line in service.metrics().splitlines()
            if line.startswith("adapter_worker_restarts_total")
        )
        == 1.0
    )


def test_a_second_service_may_not_share_the_port(service: AdapterProcess, tmp_path: Path) -> None:
    settings = service.settings | {"grpc": {"listen": service.grpc_address}}
    for options in ((), ("--workers", "2")):
        second = AdapterProcess(tmp_path, settings, *options, name="second")
        second.launch()
        assert second.process is not None
        assert second.process.wait(DEADLINE_SECONDS) == 4
        assert f"cannot listen on {service.grpc_address} for gRPC" in second.log_text()


def test_the_workers_end_when_their_parent_is_killed(service: AdapterProcess) -> None:
    pids = worker_pids(service)
    service.kill()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_sigterm_lets_the_jobs_of_all_workers_end_and_exits_0(service: AdapterProcess, ticket: bytes) -> None:
    with ThreadPoolExecutor() as threads:
        # Slow, so that all are seen in flight at once.
        calls = [threads.submit(run, service, ticket, simulate="slow") for _ in range(6)]
        until(lambda: _in_flight(service) == len(calls))
        code = service.stop()

    assert (code, [call.result() for call in calls]) == (0, [3] * len(calls))


def _in_flight(service: AdapterProcess) -> float:
    lines = [line for line in service.metrics().splitlines() if line.startswith("adapter_jobs_in_flight{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_old_schema_ends_the_start_once_with_the_command_that_helps(
    tmp_path: Path, broker: Any, workers: int
) -> None:
    url = databases.clone(is_empty=True)
    adapter = AdapterProcess(tmp_path, shared_settings(url, broker.url, "old"), "--workers", str(workers))
    adapter.launch()
    assert adapter.process is not None
    code = adapter.process.wait(DEADLINE_SECONDS)
    databases.drop(url)

    assert code == 4
    assert adapter.log_text().count("adapter db upgrade") == 1
