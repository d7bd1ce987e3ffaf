"""`adapter serve` as a process: how it starts, how it ends, and what keeps it from starting."""

import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import NOBODY, TICKET
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, GrpcFailure
from tests.kit.command_line import CommandLine

SLOW = {"default": {"provider": "simulated", "latency": 6}}


class Request(threading.Thread):
    """One RunJob beside the test."""

    def __init__(self, adapter: AdapterProcess, **options: Any) -> None:
        super().__init__()
        self._caller = GrpcCaller(adapter.grpc_address)
        self._options = options
        self.state = 0
        self.failure: GrpcFailure | None = None
        self.start()

    def run(self) -> None:
        try:
            self.state = self._caller.run("classify-ticket", TICKET.read_bytes(), **self._options).state
        except GrpcFailure as exc:
            self.failure = exc
        finally:
            self._caller.close()


def wait_for_work(adapter: AdapterProcess) -> None:
    """Wait until a job is worked on."""
    deadline = time.monotonic() + 60
    while "\nadapter_jobs_in_flight 1.0" not in adapter.metrics():
        assert time.monotonic() < deadline, adapter.metrics()
        time.sleep(0.01)


def test_sigterm_lets_running_jobs_end_and_exits_0(tmp_path: Path) -> None:
    with AdapterProcess(tmp_path, {"models": SLOW, "drain_seconds": 30}) as adapter:
        request = Request(adapter)
        wait_for_work(adapter)
        code = adapter.stop()
        request.join(10)

    assert code == 0
    assert (request.failure, request.state) == (None, 3), "SUCCEEDED"
    assert [event["event"] for event in adapter.events() if event["event"] in {"draining", "stopped"}] == [
        "draining",
        "stopped",
    ]


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with AdapterProcess(tmp_path, {"drain_seconds": 60}) as adapter:
        assert adapter.process is not None
        request = Request(adapter, labels={"simulate": "hang"})
        try:
            wait_for_work(adapter)
            adapter.process.send_signal(signal.SIGTERM)
            adapter.wait_for("draining")
            began = time.monotonic()
            adapter.process.send_signal(signal.SIGTERM)
            code = adapter.process.wait(30)
            seconds = time.monotonic() - began
        finally:
            adapter.kill()
        request.join(10)

    assert code == 128 + signal.SIGTERM
    assert seconds < 20
    assert request.failure is not None
    assert request.failure.code == "UNAVAILABLE"


def test_a_start_that_waits_for_the_broker_can_be_given_up(tmp_path: Path) -> None:
    adapter = AdapterProcess(tmp_path, {"amqp": {"urls": [f"amqp://guest:guest@{NOBODY}/"]}, "drain_seconds": 60})
    adapter.launch()
    try:
        adapter.wait_for("link_unreachable")
    finally:
        began = time.monotonic()
        code = adapter.stop()

    assert code == 0
    assert time.monotonic() - began < 15
    assert "started" not in [event["event"] for event in adapter.events()]


def test_everything_can_be_simulated_without_broker_and_keys(tmp_path: Path) -> None:
    models = {"default": {"provider": "openai", "model": "gpt-5-mini", "api_key": "${NO_SUCH_KEY}"}}
    with AdapterProcess(tmp_path, {"models": models}, "--simulated") as adapter:
        caller = GrpcCaller(adapter.grpc_address)
        job = caller.run("classify-ticket", TICKET.read_bytes())
        caller.close()

        assert b'"category":"BILLING"' in job.result.content
        assert adapter.ready() == (200, {"ready": True, "problems": [], "parts": {"model.default": "up"}})


@pytest.mark.sqlite
def test_a_second_service_on_the_same_database_is_exit_3(cli: CommandLine, service: AdapterProcess) -> None:
    assert service.process is not None
    url = f"sqlite:///{service.folder}/adapter.db"

    done = cli.run("serve", environment={"ADAPTER_DATABASE__URL": url})

    assert done.code == 3
    assert f"process {service.process.pid} already serves this SQLite database" in done.stderr


@pytest.mark.parametrize("face", ["grpc", "http"])
def test_a_port_that_is_taken_is_exit_4(cli: CommandLine, face: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = cli.run("serve", environment={f"ADAPTER_{face.upper()}__LISTEN": address})

    assert done.code == 4
    assert address in done.stderr
    assert "Traceback" not in done.stderr


def test_a_simulator_whose_port_is_taken_is_exit_4(cli: CommandLine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = cli.run("simulate", "--port", port)

    assert (done.code, done.stdout) == (4, b"")
    assert f"127.0.0.1:{port} cannot be listened on" in done.stderr


def test_a_database_that_cannot_be_opened_is_exit_4(cli: CommandLine) -> None:
    (cli.folder / "notes.db").write_text("this is no database, but some notes\n" * 100)

    for url in ("sqlite:////nowhere/adapter.db", f"sqlite:///{cli.folder}/notes.db"):
        done = cli.run("serve", environment={"ADAPTER_DATABASE__URL": url})

        assert done.code == 4
        assert "STORE_UNAVAILABLE: " in done.stderr
        assert "Traceback" not in done.stderr
