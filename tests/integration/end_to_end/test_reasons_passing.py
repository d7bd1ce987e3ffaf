"""Passing trouble: never recorded, held by queue; over gRPC and by queue."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.end_to_end.conftest import SimulatorProcess
from tests.kit.adapter_process import AdapterProcess
from tests.kit.callers import GrpcCaller, GrpcFailure, QueueCaller, grpc_failure, new_id
from tests.kit.waiting import until

# On a slow machine the client's own deadline may be first, and has no reason.
TRIES = 5


def test_a_callers_deadline_ends_its_wait_and_the_repeat_gets_the_outcome_unpaid(
    grpc_caller: GrpcCaller, simulator: SimulatorProcess, ticket: bytes
) -> None:
    simulator.control(latency=5)
    try:
        for _ in range(TRIES):
            request_id = new_id()
            failure = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=request_id, timeout=3.0)
            if failure.reason:
                break
        job = grpc_caller.run("classify-ticket", ticket, request_id=request_id)
    finally:
        simulator.control(latency=0)

    assert (failure.code, failure.reason) == ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED")
    assert failure.metadata["job_id"] == job.job_id
    assert len(simulator.calls(request_id)) == 1


@pytest.fixture
def down(
    simulator: SimulatorProcess, adapter: AdapterProcess, grpc_caller: GrpcCaller, ticket: bytes
) -> Iterator[SimulatorProcess]:
    """Give the simulator, which is up again, and known to be up to each replica, after the test."""
    yield simulator
    simulator.control(down=False, status=None)

    def is_known_to_be_up() -> bool:
        with contextlib.suppress(GrpcFailure):
            grpc_caller.run("classify-ticket", ticket, request_id=new_id())
        return {one.own_ready()[1]["parts"]["model.default"] for one in adapter.replicas} == {"up"}

    until(is_known_to_be_up, seconds=60)


def test_a_model_that_is_down_is_model_unavailable_with_pushback(
    grpc_caller: GrpcCaller, down: SimulatorProcess, ticket: bytes
) -> None:
    down.control(down=True)

    failure = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=new_id())

    assert (failure.code, failure.reason) == ("UNAVAILABLE", "MODEL_UNAVAILABLE")
    assert int(failure.pushback_ms) > 0


def test_a_request_of_the_queue_waits_for_the_model_and_then_succeeds(
    queue_caller: QueueCaller, down: SimulatorProcess, ticket: bytes
) -> None:
    down.control(down=True)
    queue_caller.send("classify-ticket", ticket, reply_to=queue_caller.replies)
    with pytest.raises(AssertionError, match="no message"):
        queue_caller.next_reply(seconds=1.0)

    down.control(down=False)

    assert queue_caller.next_reply().outcome == "succeeded"


def test_an_expired_key_holds_200_messages_and_parks_none(
    grpc_caller: GrpcCaller, queue_caller: QueueCaller, down: SimulatorProcess, adapter: Any, ticket: bytes
) -> None:
    down.control(status=401)
    for _ in range(200):
        queue_caller.send("classify-ticket", ticket, reply_to=queue_caller.replies)
    failure = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=new_id())

    down.control(status=None)
    outcomes = [queue_caller.next_reply().outcome for _ in range(200)]

    assert (failure.code, failure.reason) == ("FAILED_PRECONDITION", "MODEL_MISCONFIGURED")
    assert outcomes == ["succeeded"] * 200
    assert "DEAD_LETTERED" not in adapter.metrics()


def test_one_request_that_never_gets_a_reply_fails_while_others_succeed(
    grpc_caller: GrpcCaller, queue_caller: QueueCaller, ticket: bytes
) -> None:
    queue_caller.send("classify-ticket", ticket, headers={"llm-label-simulate": "500"}, reply_to=queue_caller.replies)
    reasons: list[str] = []
    while not reasons:
        grpc_caller.run("classify-ticket", ticket, request_id=new_id())
        if queue_caller.count(queue_caller.replies):
            reasons.append(queue_caller.next_reply().reason)

    assert reasons == ["MODEL_FAILED"]
