"""Limits of a task, a model and a process: each reason over gRPC and by queue."""

import copy
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.integration.end_to_end.conftest import SAMPLES, SimulatorProcess, simulated_settings
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, QueueCaller, grpc_failure, new_id

PREFIX = "limits"


@pytest.fixture(scope="module")
def limited(
    tmp_path_factory: pytest.TempPathFactory, simulator: SimulatorProcess, broker: Any
) -> Iterator[AdapterProcess]:
    """Give an adapter with room for one job, a task that may cost one reply, and a model that takes no long prompt."""
    folder = tmp_path_factory.mktemp(PREFIX)
    task = folder / "tasks" / "classify-ticket"
    shutil.copytree(SAMPLES / "classify-ticket", task)
    definition = yaml.safe_load((task / "task.yaml").read_text())
    definition["policy"]["attempts"] = 1
    definition["model"]["allow"] = ["tiny"]
    (task / "task.yaml").write_text(yaml.safe_dump(definition))
    settings = simulated_settings(simulator, broker.url, PREFIX)
    settings["tasks"] = str(folder / "tasks")
    settings["models"]["tiny"] = copy.deepcopy(settings["models"]["default"]) | {"context_tokens": 20}
    settings["limits"] |= {"in_flight": 1}
    with AdapterProcess(folder, settings) as process:
        yield process


@pytest.fixture
def asked(limited: AdapterProcess, broker: Any) -> Iterator[tuple[GrpcCaller, QueueCaller]]:
    grpc_caller, queue_caller = GrpcCaller(limited.grpc_target), QueueCaller(broker.url, PREFIX).open()
    yield grpc_caller, queue_caller
    queue_caller.close()
    grpc_caller.close()


@pytest.mark.parametrize(
    ("fields", "headers", "reason", "calls"),
    [
        ({"labels": {"simulate": "invalid"}}, {"llm-label-simulate": "invalid"}, "BUDGET_EXHAUSTED", 1),
        ({"model": "tiny"}, {"llm-model": "tiny"}, "INPUT_TOO_LONG", 0),
    ],
)
def test_what_is_over_a_limit_fails_the_same_on_both_faces(
    asked: tuple[GrpcCaller, QueueCaller],
    simulator: SimulatorProcess,
    ticket: bytes,
    fields: dict[str, Any],
    headers: dict[str, str],
    reason: str,
    calls: int,
) -> None:
    grpc_caller, queue_caller = asked
    request_id = new_id()

    failure = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=request_id, **fields)
    message_id = queue_caller.send("classify-ticket", ticket, headers=headers, reply_to=queue_caller.replies)
    answer = queue_caller.next_reply()

    assert (failure.code, failure.reason) == ("FAILED_PRECONDITION", reason)
    assert (answer.outcome, answer.reason) == ("failed", reason)
    assert [len(simulator.calls(one)) for one in (request_id, message_id)] == [calls, calls]


@pytest.mark.one_process("other replicas have room")
def test_a_full_process_refuses_by_grpc_and_holds_by_queue(
    limited: AdapterProcess, asked: tuple[GrpcCaller, QueueCaller], simulator: SimulatorProcess, ticket: bytes
) -> None:
    grpc_caller, queue_caller = asked
    simulator.control(latency=8)
    try:
        first = queue_caller.send("classify-ticket", ticket, reply_to=queue_caller.replies)
        second = queue_caller.send("classify-ticket", ticket, reply_to=queue_caller.replies)
        deadline = time.monotonic() + 60
        while "adapter_jobs_in_flight 1.0" not in limited.metrics():
            assert time.monotonic() < deadline
        failure = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=new_id())
    finally:
        simulator.control(latency=0)
    answers = [queue_caller.next_reply() for _ in range(2)]

    assert failure.code == "RESOURCE_EXHAUSTED"
    assert int(failure.pushback_ms) > 0
    assert [answer.outcome for answer in answers] == ["succeeded", "succeeded"]
    assert {answer.properties.correlation_id for answer in answers} == {first, second}
