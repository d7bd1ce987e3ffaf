"""Messages that the broker gave up: their job ends, their sender is answered, and they are parked."""

from pathlib import Path
from typing import Any

from tests.integration.end_to_end.conftest import SimulatorProcess, simulated_settings
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, QueueCaller


def test_a_message_that_expired_in_its_queue_is_answered_and_parked(
    tmp_path: Path, simulator: SimulatorProcess, broker: Any, ticket: bytes
) -> None:
    adapter = AdapterProcess(tmp_path, simulated_settings(simulator, broker.url, "expiry"))
    adapter.start()
    queue_caller = QueueCaller(broker.url, "expiry").open()
    adapter.stop()
    message_id = queue_caller.send("classify-ticket", ticket, expiration="1", reply_to=queue_caller.replies)

    adapter.start()
    try:
        answer = queue_caller.next_reply()
        caller = GrpcCaller(adapter.grpc_target)
        job = caller.get(request_id=message_id)
        metrics = adapter.metrics()
        caller.close()
    finally:
        queue_caller.close()
        adapter.stop()

    assert (answer.outcome, answer.reason) == ("failed", "REQUEST_EXPIRED")
    assert answer.properties.correlation_id == message_id
    assert job.error.reason == "REQUEST_EXPIRED"
    assert 'adapter_parked_total{reason="DEAD_LETTERED"} 1.0' in metrics
    assert simulator.calls(message_id) == []
