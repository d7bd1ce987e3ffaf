"""SIGTERM at a bad moment: the process ends in time, and what it leaves is done by whoever comes next."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llm_adapter import AdapterClient, Job

from tests.integration.end_to_end.conftest import SimulatorProcess, simulated_settings
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import QueueCaller
from tests.kit.ports import lasting_port
from tests.kit.waiting import until

TASK = "classify-ticket"
# What ends a process beside its jobs, on a busy machine.
CLOSING_SECONDS = 15.0


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[SimulatorProcess]:
    """Give a model that can be switched and counts its calls."""
    process = SimulatorProcess(tmp_path)
    yield process
    process.stop()


def stopped_after(adapter: AdapterProcess) -> float:
    """SIGTERM; returns the seconds until it ended, in order."""
    begun = time.monotonic()
    assert adapter.stop(90) == 0
    return time.monotonic() - begun


def test_sigterm_while_a_backlog_waits_for_its_model_gives_it_back_at_once(
    tmp_path: Path, simulator: SimulatorProcess, broker: Any, prefix: str, ticket: bytes
) -> None:
    simulator.control(down=True)
    settings = simulated_settings(simulator, broker.url, prefix, max_held=20) | {"drain_seconds": 60}
    adapter = AdapterProcess(tmp_path, settings)
    adapter.start()
    caller = QueueCaller(broker.url, prefix).open()
    ids = [caller.send(TASK, ticket, reply_to=caller.replies) for _ in range(60)]
    until(lambda: 'adapter_held{cause="MODEL_UNAVAILABLE"}' in adapter.metrics())

    seconds = stopped_after(adapter)
    # The broker counts what came back a moment later.
    until(lambda: caller.count(f"{prefix}.requests.{TASK}") == len(ids))
    simulator.control(down=False)
    with adapter:
        outcomes = [caller.next_reply().outcome for _ in ids]
    caller.close()

    assert seconds < CLOSING_SECONDS, "nobody knows how long a model is away"
    assert outcomes == ["succeeded"] * len(ids)
    answered = [call["request_id"] for call in simulator.calls() if call["outcome"] == "answered"]
    assert sorted(answered) == sorted(ids)


def test_sigterm_with_a_model_that_hangs_ends_after_drain_seconds_and_the_jobs_are_done_by_the_next(
    tmp_path: Path, simulator: SimulatorProcess, broker: Any, prefix: str, ticket: bytes
) -> None:
    simulator.control(faults=["hang"])
    settings = simulated_settings(simulator, broker.url, prefix) | {"drain_seconds": 2}
    settings["models"]["default"]["timeout_seconds"] = 600
    adapter = AdapterProcess(tmp_path, settings)
    adapter.start()
    caller = QueueCaller(broker.url, prefix).open()
    ids = [caller.send(TASK, ticket, reply_to=caller.replies) for _ in range(10)]
    until(lambda: simulator.in_flight() == len(ids))

    seconds = stopped_after(adapter)
    simulator.control(faults=[])
    with adapter:
        outcomes = [caller.next_reply().outcome for _ in ids]
    caller.close()

    assert 2 <= seconds < 2 + CLOSING_SECONDS
    assert outcomes == ["succeeded"] * len(ids)
    assert all(len(simulator.calls(one)) == 2 for one in ids), "the one that hung, and the one that was answered"


def test_a_drain_is_not_held_up_by_watchers_who_go_on_watching_at_the_next_process(
    tmp_path: Path, simulator: SimulatorProcess, broker: Any, prefix: str, ticket: bytes
) -> None:
    simulator.control(down=True)
    settings = simulated_settings(simulator, broker.url, prefix) | {"drain_seconds": 60}
    settings["grpc"] = {"listen": f"127.0.0.1:{lasting_port()}"}  # the next one is found at the same place
    adapter = AdapterProcess(tmp_path, settings)
    adapter.start()
    client = AdapterClient(adapter.grpc_address, most_tries=30)
    job = client.submit(TASK, ticket)
    seen: list[Job] = []
    begun = threading.Event()

    def watch() -> None:
        for event in client.watch(job.job_id, timeout_seconds=120):
            begun.set()
            if isinstance(event, Job):
                seen.append(event)

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert begun.wait(10)
    until(lambda: 'adapter_held{cause="MODEL_UNAVAILABLE"} 1.0' in adapter.metrics())

    seconds = stopped_after(adapter)
    simulator.control(down=False)
    with AdapterProcess(tmp_path, settings):
        watcher.join(60)
    client.close()

    assert seconds < CLOSING_SECONDS, "a stream has no end of its own"
    assert seen[-1].state == "SUCCEEDED"
