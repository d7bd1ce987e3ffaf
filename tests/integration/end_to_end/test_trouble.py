"""Promises 1, 2 and 7 under fire: a broker that restarts, an adapter that is killed, a model that is away."""

import os
import sys
import threading
import time
from collections import Counter
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pika

from tests.integration.end_to_end.conftest import FAST_BREAKER, SimulatorProcess, simulated_settings
from tests.kit.adapter_process import AdapterProcess
from tests.kit.sender import collect, send_confirmed

# The long forms of these runs: TROUBLE_MESSAGES=1000 OUTAGE_MESSAGES=500 OUTAGE_SECONDS=30.
MESSAGES = int(os.environ.get("TROUBLE_MESSAGES", "300"))
OUTAGE_MESSAGES = int(os.environ.get("OUTAGE_MESSAGES", "150"))
OUTAGE_SECONDS = float(os.environ.get("OUTAGE_SECONDS", "5"))
PROBE_SECONDS = FAST_BREAKER["probe_seconds"]
# From the moment a call is sent to the moment the simulator logs it, on a busy machine.
TRAVEL_SECONDS = 0.2


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


def test_a_model_outage_costs_no_request_and_no_needless_call(tmp_path: Path, ticket: bytes, broker: Any) -> None:
    simulator = SimulatorProcess(tmp_path, "--latency", "0.05")
    with AdapterProcess(tmp_path, simulated_settings(simulator, broker.url, "outage")) as adapter:
        results = declare_results(broker.url, "outage")
        simulator.control(down=True)
        down_at = time.time()
        ids = [f"o-{number}" for number in range(OUTAGE_MESSAGES)]
        send_confirmed(broker.url, "outage.requests", "classify-ticket", [(one, ticket) for one in ids])
        time.sleep(max(0.0, OUTAGE_SECONDS - (time.time() - down_at)))
        simulator.control(down=False)
        up_at = time.time()
        found = collect(broker.url, results, set(ids), seconds=120)
        recovered_seconds = time.time() - up_at
        metrics = adapter.metrics()
        events = adapter.events()
    simulator.stop()

    failed = [call for call in simulator.calls() if call["status"] != 200]
    figures = f"{len(found)} answered, {len(failed)} calls during it, all answered {recovered_seconds:.1f} s after"
    sys.stderr.write(f"outage: {figures}\n")
    assert Counter(outcome for copies in found.values() for _, outcome in copies) == {"succeeded": len(ids)}
    assert "adapter_parked_total{" not in metrics
    # Calls that left before the breaker opened were in flight when the outage began, or opened it. All others are
    # probes: one at a time, with the pause between them.
    opened_at = min(event_time(event) for event in events if event["event"] == "model_state")
    later = sorted(begin for begin in map(call_time, failed) if begin > opened_at + TRAVEL_SECONDS)
    pauses = [after - before for before, after in pairwise(later)]
    assert len(later) <= OUTAGE_SECONDS / PROBE_SECONDS + 1
    assert all(pause > PROBE_SECONDS * 0.9 for pause in pauses)


def event_time(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["timestamp"]).timestamp()


def call_time(call: dict[str, Any]) -> float:
    return datetime.fromisoformat(call["time"]).timestamp()
