"""Real faults under the process: it is killed, its store is locked, a task has a bug; over gRPC and by queue."""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llm_adapter.v1 import admin_service_pb2, job_pb2

from tests.integration.end_to_end.conftest import SAMPLES, SimulatorProcess, simulated_settings
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, QueueCaller, failures, grpc_failure, new_id
from tests.kit.databases import locked

MAX_CLAIMS = 3
BUG = '''

class BuggyTriage(Triage):
    """The same, with a validator that breaks."""

    def model_post_init(self, context: object) -> None:
        [][0]
'''


def wait_until(condition: Callable[[], object], *, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_job_that_is_there_each_time_the_worker_dies_is_interrupted(
    tmp_path: Path, broker: Any, ticket: bytes
) -> None:
    simulator = SimulatorProcess(tmp_path)
    adapter = AdapterProcess(tmp_path, simulated_settings(simulator, broker.url, "killed"))
    adapter.start()
    grpc_caller = queue_caller = None
    try:
        queue_caller = QueueCaller(broker.url, "killed").open()
        request_id = queue_caller.send(
            "classify-ticket", ticket, headers={"llm-label-simulate": "hang"}, reply_to=queue_caller.replies
        )
        for _ in range(MAX_CLAIMS):
            wait_until(lambda: simulator.in_flight() == 1)
            adapter.kill()
            wait_until(lambda: simulator.in_flight() == 0)
            adapter.start()
        answer = queue_caller.next_reply()
        grpc_caller = GrpcCaller(adapter.grpc_target)
        job = grpc_caller.get(request_id=request_id)
        failure = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=request_id)
        after = grpc_caller.run("classify-ticket", ticket, request_id=new_id())
    finally:
        for part in (grpc_caller, queue_caller):
            if part is not None:
                part.close()
        adapter.stop()
        simulator.stop()

    assert (answer.outcome, answer.reason) == ("failed", "INTERRUPTED")
    assert (failure.code, failure.reason) == ("FAILED_PRECONDITION", "INTERRUPTED")
    assert [attempt.reason for attempt in job.attempts] == ["INTERRUPTED"] * MAX_CLAIMS
    assert job.usage.model_calls == len(simulator.calls(request_id)) == MAX_CLAIMS
    assert after.state == job_pb2.STATE_SUCCEEDED


def test_a_locked_store_refuses_by_grpc_and_holds_by_queue(
    tmp_path: Path, simulator: SimulatorProcess, broker: Any, ticket: bytes
) -> None:
    with AdapterProcess(tmp_path, simulated_settings(simulator, broker.url, "locked")) as adapter:
        grpc_caller, queue_caller = GrpcCaller(adapter.grpc_target), QueueCaller(broker.url, "locked").open()
        with locked(tmp_path / "adapter.db"):
            queued = queue_caller.send("classify-ticket", ticket, reply_to=queue_caller.replies)
            failure = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=new_id())
            wait_until(lambda: 'adapter_held{cause="STORE_UNAVAILABLE"} 1.0' in adapter.metrics())
            status, page = adapter.ready()
            answered_early = queue_caller.count(queue_caller.replies)
        answer = queue_caller.next_reply()
        job = grpc_caller.run("classify-ticket", ticket, request_id=new_id())
        wait_until(lambda: adapter.ready()[0] == 200)
        metrics = adapter.metrics()
        queue_caller.close()
        grpc_caller.close()

    assert (failure.code, failure.reason) == ("UNAVAILABLE", "STORE_UNAVAILABLE")
    assert int(failure.pushback_ms) > 0
    assert (status, answered_early) == (503, 0), page
    assert (answer.outcome, answer.properties.correlation_id) == ("succeeded", queued)
    assert job.state == job_pb2.STATE_SUCCEEDED
    assert len(simulator.calls(queued)) == 1
    assert "adapter_parked_total{" not in metrics


def test_a_bug_fails_the_job_with_an_error_id_for_the_log_and_parks_the_message(
    tmp_path: Path, simulator: SimulatorProcess, broker: Any, ticket: bytes
) -> None:
    task = tmp_path / "tasks" / "classify-ticket"
    shutil.copytree(SAMPLES / "classify-ticket", task)
    (task / "contract.py").write_text((task / "contract.py").read_text() + BUG)
    definition = (task / "task.yaml").read_text()
    (task / "task.yaml").write_text(definition.replace("contract.py:Triage", "contract.py:BuggyTriage"))
    settings = simulated_settings(simulator, broker.url, "buggy") | {"tasks": str(tmp_path / "tasks")}
    with AdapterProcess(tmp_path, settings) as adapter:
        grpc_caller, queue_caller = GrpcCaller(adapter.grpc_target), QueueCaller(broker.url, "buggy").open()
        queued = queue_caller.send("classify-ticket", ticket, reply_to=queue_caller.replies)
        answer = queue_caller.next_reply()
        asked = new_id()
        failure = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=asked)
        repeat = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=asked)
        job = grpc_caller.get(request_id=queued)
        with failures():
            parked = grpc_caller.admin.ListParked(admin_service_pb2.ListParkedRequest(page_size=10), timeout=60).parked
        logged = {event["error_id"] for event in adapter.events() if event["event"] == "internal_error"}
        queue_caller.close()
        grpc_caller.close()

    assert (answer.outcome, answer.reason) == ("failed", "INTERNAL")
    assert (failure.code, failure.reason, repeat.reason) == ("INTERNAL", "INTERNAL", "INTERNAL")
    assert [(one.reason, one.job_id) for one in parked] == [("INTERNAL", job.job_id)]
    assert logged == {error_id(job.error.message), error_id(failure.message)}
    assert len(simulator.calls(asked)) == 1


def error_id(message: str) -> str:
    found = re.search(r"Error id: ([0-9a-f]+)", message)
    assert found, message
    return found[1]
