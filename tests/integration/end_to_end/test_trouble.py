"""Promises 1 and 2 under fire: a broker that restarts, an adapter that is killed."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import pika

from tests.integration.end_to_end.conftest import SimulatorProcess, simulated_settings
from tests.kit.adapter_process import AdapterProcess
from tests.kit.sender import collect, send_confirmed

# The long form: TROUBLE_MESSAGES=1000.
MESSAGES = int(os.environ.get("TROUBLE_MESSAGES", "300"))


def declare_results(url: str, prefix: str) -> str:
    """Bind a durable queue to all results; the adapter has declared the exchange."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare(f"{prefix}-results", durable=True)
    channel.queue_bind(f"{prefix}-results", f"{prefix}.results", "#")
    connection.close()
    return f"{prefix}-results"


def test_nothing_is_lost_while_the_broker_restarts_twice_and_the_adapter_is_killed(
    tmp_path: Path, ticket: bytes, broker: Any
) -> None:
    simulator = SimulatorProcess(tmp_path, "--latency", "0.2")
    own = type(broker)()
    own.start()
    adapter = AdapterProcess(tmp_path, simulated_settings(simulator, own.url, "trouble", max_held=50))
    adapter.start()
    try:
        results = declare_results(own.url, "trouble")
        ids = [f"t-{number}" for number in range(MESSAGES)]
        sender = threading.Thread(
            target=send_confirmed,
            args=(own.url, "trouble.requests", "classify-ticket", [(one, ticket) for one in ids]),
        )
        found: dict[str, list[tuple[str, str]]] = {}
        collector = threading.Thread(
            target=lambda: found.update(collect(own.url, results, set(ids), seconds=240)), daemon=True
        )
        sender.start()
        collector.start()
        wait_for_calls(simulator, MESSAGES // 5)
        # This broker writes a new queue down some seconds after it was declared; killed before that it forgets it.
        own.ctl("eval", "[dets:sync(T) || T <- dets:all()].")
        own.kill()
        own.start()
        wait_for_calls(simulator, MESSAGES * 2 // 5)
        adapter.kill()
        adapter.start()
        wait_for_calls(simulator, MESSAGES * 3 // 5)
        own.stop_app()
        own.start_app()
        sender.join(120)
        collector.join(240)
    finally:
        adapter.stop()
        own.stop()
        simulator.stop()

    assert set(found) == set(ids)
    assert {len({message_id for message_id, _ in copies}) for copies in found.values()} == {1}
    assert {outcome for copies in found.values() for _, outcome in copies} == {"succeeded"}


def wait_for_calls(simulator: SimulatorProcess, count: int, *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while len(simulator.calls()) < count:
        assert time.monotonic() < deadline, f"{len(simulator.calls())} of {count} calls"
        time.sleep(0.1)
