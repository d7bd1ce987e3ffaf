"""Promise 1: one outcome per request, over both faces."""

from uuid import uuid4

import pytest

from tests.integration.end_to_end.conftest import SimulatorProcess
from tests.kit.callers import GrpcCaller, GrpcFailure, QueueCaller


def test_a_request_sent_three_ways_is_paid_once_and_answered_three_times(
    grpc_caller: GrpcCaller, queue_caller: QueueCaller, simulator: SimulatorProcess, ticket: bytes
) -> None:
    request_id = f"thrice-{uuid4().hex[:8]}"

    job = grpc_caller.run("classify-ticket", ticket, request_id=request_id)
    queue_caller.send("classify-ticket", ticket, message_id=request_id)
    on_exchange = queue_caller.next_result(of=request_id)
    queue_caller.send(
        "classify-ticket", ticket, message_id=request_id, correlation_id="other", reply_to=queue_caller.replies
    )
    on_reply = queue_caller.next_reply()

    assert len(simulator.calls(request_id)) == 1
    assert on_exchange.body == on_reply.body == job.result.content
    assert on_exchange.headers["llm-job-id"] == on_reply.headers["llm-job-id"] == job.job_id
    assert on_exchange.properties.correlation_id == request_id
    assert on_reply.properties.correlation_id == "other"
    assert on_exchange.properties.message_id != on_reply.properties.message_id


def test_the_same_id_with_other_content_is_refused_on_both_faces(
    grpc_caller: GrpcCaller, queue_caller: QueueCaller, ticket: bytes
) -> None:
    request_id = f"reused-{uuid4().hex[:8]}"
    grpc_caller.run("classify-ticket", ticket, request_id=request_id)

    with pytest.raises(GrpcFailure) as failure:
        grpc_caller.run("classify-ticket", ticket + b" ", request_id=request_id)
    queue_caller.send("classify-ticket", ticket + b"\n", message_id=request_id, reply_to=queue_caller.replies)
    answer = queue_caller.next_reply()

    assert (failure.value.code, failure.value.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    assert answer.reason == "REQUEST_ID_REUSED"
    assert answer.properties.content_type == "application/vnd.llm-adapter.failure"


def test_a_repeat_of_the_same_message_has_the_same_message_id(queue_caller: QueueCaller, ticket: bytes) -> None:
    request_id = f"again-{uuid4().hex[:8]}"

    queue_caller.send("classify-ticket", ticket, message_id=request_id, reply_to=queue_caller.replies)
    first = queue_caller.next_reply()
    queue_caller.send("classify-ticket", ticket, message_id=request_id, reply_to=queue_caller.replies)
    second = queue_caller.next_reply()

    assert first.properties.message_id == second.properties.message_id
    assert first.body == second.body


def test_a_submitted_job_is_answered_on_its_reply_address(
    grpc_caller: GrpcCaller, queue_caller: QueueCaller, ticket: bytes
) -> None:
    job = grpc_caller.submit(
        "classify-ticket",
        ticket,
        request_id=f"submitted-{uuid4().hex[:8]}",
        reply_to={"routing_key": queue_caller.replies},
        correlation_id="order-66",
    )

    answer = queue_caller.next_reply()

    assert answer.headers["llm-job-id"] == job.job_id
    assert answer.properties.correlation_id == "order-66"
    assert grpc_caller.get(job.job_id).result.content == answer.body


def test_a_request_of_the_queue_can_be_fetched_by_its_id(
    grpc_caller: GrpcCaller, queue_caller: QueueCaller, ticket: bytes
) -> None:
    message_id = queue_caller.send("classify-ticket", ticket, reply_to=queue_caller.replies)
    answer = queue_caller.next_reply()

    job = grpc_caller.get(request_id=message_id)

    assert job.result.content == answer.body
    assert len(job.attempts) == answer.headers["llm-attempts"] == 1
