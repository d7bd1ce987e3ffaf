"""Three replicas are restarted one after the other under load; nobody who uses the shipped client notices."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from llm_adapter import AdapterClient, AdapterError

from tests.integration.end_to_end.conftest import SimulatorProcess
from tests.integration.end_to_end.test_trouble import declare_results
from tests.integration.replicas.conftest import shared_settings
from tests.kit import databases
from tests.kit.adapter_process import AdapterProcess
from tests.kit.ports import lasting_port
from tests.kit.sender import collect, send_confirmed

TASK = "classify-ticket"
REPLICAS = 3
LATENCY_SECONDS = 0.3


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[SimulatorProcess]:
    """Give the model of all replicas; it counts its calls."""
    process = SimulatorProcess(tmp_path, "--latency", str(LATENCY_SECONDS))
    yield process
    process.stop()


@pytest.fixture
def replicas(tmp_path: Path, simulator: SimulatorProcess, broker: Any, prefix: str) -> Iterator[list[AdapterProcess]]:
    """Give three replicas that run, each on a port of its own."""
    url = databases.clone()
    settings = shared_settings(url, broker.url, prefix, simulator.url)
    settings["database"]["lease_seconds"] = 30  # calls are counted: on a slow machine, too, none is taken for dead
    made = [
        AdapterProcess(
            tmp_path, settings | {"grpc": {"listen": f"127.0.0.1:{port}"}, "drain_seconds": 30}, name=f"replica-{port}"
        )
        for port in (lasting_port() for _ in range(REPLICAS))
    ]
    try:
        for replica in made:
            replica.start()
        yield made
    finally:
        for replica in made:
            replica.stop()
    databases.drop(url)


@dataclass
class Load:
    """Callers who send one request after the other through one client that knows all replicas."""

    client: AdapterClient
    body: bytes
    wanted: threading.Event = field(default_factory=threading.Event)
    sent: list[str] = field(default_factory=list)
    errors: list[AdapterError] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def start(self, callers: int) -> list[threading.Thread]:
        self.wanted.set()
        threads = [threading.Thread(target=self._call, args=(number,)) for number in range(callers)]
        for thread in threads:
            thread.start()
        return threads

    def _call(self, caller: int) -> None:
        number = 0
        while self.wanted.is_set():
            request_id = f"c{caller}-{number}"
            number += 1
            begun = time.monotonic()
            try:
                self.client.run(TASK, self.body, content_type="application/json", request_id=request_id)
            except AdapterError as exc:
                self.errors.append(exc)
            self.sent.append(request_id)
            self.seconds.append(time.monotonic() - begun)


@pytest.mark.timeout(600)
def test_a_rolling_restart_under_load_shows_callers_no_error_and_repeats_no_model_call(
    simulator: SimulatorProcess,
    replicas: list[AdapterProcess],
    broker: Any,
    prefix: str,
    ticket: bytes,
    *,
    is_long: bool,
) -> None:
    callers, rounds, messages = (60, 3, 2000) if is_long else (12, 1, 100)
    address = "ipv4:" + ",".join(replica.grpc_address for replica in replicas)
    results = declare_results(broker.url, prefix)
    queued = [f"q-{number}" for number in range(messages)]
    with AdapterClient(address, timeout_seconds=60) as client:
        load = Load(client, ticket)
        threads = load.start(callers)
        send_confirmed(broker.url, f"{prefix}.requests", TASK, [(one, ticket) for one in queued])
        for replica in replicas * rounds:
            before = len(load.sent)
            assert replica.stop(60) == 0
            replica.start()
            deadline = time.monotonic() + 60
            while len(load.sent) < before + callers * 2:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        load.wanted.clear()
        for thread in threads:
            thread.join(60)
    found = collect(broker.url, results, set(queued), seconds=120)

    calls = Counter(call["request_id"] for call in simulator.calls())
    sys.stderr.write(
        f"rolling restart: restarts={len(replicas) * rounds} requests={len(load.sent)} messages={len(found)} "
        f"errors={len(load.errors)} calls={sum(calls.values())} repeated={sum(calls.values()) - len(calls)} "
        f"slowest_request_seconds={max(load.seconds):.1f}\n"
    )
    assert [str(error) for error in load.errors] == []
    assert calls == dict.fromkeys([*load.sent, *queued], 1)
    assert {outcome for copies in found.values() for _, outcome in copies} == {"succeeded"}
