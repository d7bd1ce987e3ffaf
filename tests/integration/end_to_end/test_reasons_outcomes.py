"""Outcomes: recorded, and a repeat gets them again unpaid; over gRPC and by queue."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from llm_adapter.v1 import job_pb2, job_service_pb2

from tests.integration.end_to_end.conftest import SimulatorProcess
from tests.kit.callers import GrpcCaller, QueueCaller, failures, grpc_failure, new_id


@pytest.mark.parametrize(
    ("label", "reason", "calls"),
    [
        ("refusal", "MODEL_REFUSED", 1),
        ("content_filter", "CONTENT_FILTERED", 1),
        ("truncated", "OUTPUT_TRUNCATED", 1),
        ("empty", "OUTPUT_EMPTY", 1),
        ("ambiguous", "OUTPUT_AMBIGUOUS", 1),
        ("runaway", "OUTPUT_RUNAWAY", 1),
        ("invalid", "OUTPUT_INVALID", 2),
    ],
)
def test_a_failed_job_is_recorded_and_a_repeat_gets_the_same_failure_unpaid(
    grpc_caller: GrpcCaller,
    queue_caller: QueueCaller,
    simulator: SimulatorProcess,
    ticket: bytes,
    label: str,
    reason: str,
    calls: int,
) -> None:
    request_id = new_id()

    first = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=request_id, labels={"simulate": label})
    again = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=request_id, labels={"simulate": label})
    queue_caller.send("classify-ticket", ticket, message_id=request_id, reply_to=queue_caller.replies)
    answer = queue_caller.next_reply()

    assert (first.code, first.reason, again.reason) == ("FAILED_PRECONDITION", reason, reason)
    assert (answer.outcome, answer.reason) == ("failed", reason)
    assert len(simulator.calls(request_id)) == calls
    job = grpc_caller.get(request_id=request_id)
    assert job.error.reason == reason
    assert job.usage.model_calls == calls


@pytest.mark.parametrize("label", ["fenced", "chatty", "invalid-once"])
def test_what_had_to_be_repaired_is_accepted_repaired(grpc_caller: GrpcCaller, ticket: bytes, label: str) -> None:
    job = grpc_caller.run("classify-ticket", ticket, request_id=new_id(), labels={"simulate": label})

    assert job.result.verdict == 2  # VERDICT_ACCEPTED_REPAIRED
    json.loads(job.result.content)


def test_a_review_is_an_error_by_grpc_unless_accepted_and_an_envelope_by_queue(
    grpc_caller: GrpcCaller, queue_caller: QueueCaller, ticket: bytes
) -> None:
    request_id = new_id()

    failure = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=request_id, labels={"simulate": "review"})
    accepted = grpc_caller.run("classify-ticket", ticket, request_id=request_id, accept_review=True)
    queue_caller.send("classify-ticket", ticket, message_id=request_id, reply_to=queue_caller.replies)
    answer = queue_caller.next_reply()

    assert (failure.code, failure.reason) == ("FAILED_PRECONDITION", "REVIEW_NEEDED")
    assert [finding.code for finding in accepted.result.findings] == ["SIMULATED_REVIEW"]
    assert (answer.outcome, answer.properties.content_type) == ("review", "application/vnd.llm-adapter.review")
    assert answer.document["result"]["output"] == json.loads(accepted.result.content)


def test_a_request_past_its_deadline_expires_without_a_model_call(
    grpc_caller: GrpcCaller, queue_caller: QueueCaller, simulator: SimulatorProcess, ticket: bytes
) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    message_id = queue_caller.send(
        "classify-ticket", ticket, headers={"llm-deadline": past}, reply_to=queue_caller.replies
    )

    answer = queue_caller.next_reply()
    failure = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=message_id)

    assert (answer.outcome, answer.reason) == ("failed", "REQUEST_EXPIRED")
    assert (failure.code, failure.reason) == ("DEADLINE_EXCEEDED", "REQUEST_EXPIRED")
    assert simulator.calls(message_id) == []


def test_a_submitted_job_past_its_deadline_expires(grpc_caller: GrpcCaller, ticket: bytes) -> None:
    deadline = Timestamp()
    deadline.FromDatetime(datetime.now(UTC) + timedelta(seconds=5))
    job = grpc_caller.submit(
        "classify-ticket", ticket, request_id=new_id(), labels={"simulate": "hang"}, deadline=deadline
    )

    ended = grpc_caller.wait_for_end(job.job_id)

    assert ended.error.reason == "REQUEST_EXPIRED"


def test_a_cancelled_job_is_cancelled_everywhere(
    grpc_caller: GrpcCaller, queue_caller: QueueCaller, ticket: bytes
) -> None:
    job = grpc_caller.submit(
        "classify-ticket",
        ticket,
        request_id=new_id(),
        labels={"simulate": "hang"},
        reply_to={"routing_key": queue_caller.replies},
    )
    with failures():
        told = grpc_caller.jobs.CancelJob(job_service_pb2.CancelJobRequest(job_id=job.job_id), timeout=60).job

    stopped = grpc_caller.wait_for_end(job.job_id)
    answer = queue_caller.next_reply()
    failure = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=job.request_id)

    # Another replica may run it, which is told of it first.
    assert told.state in {job_pb2.STATE_CANCELLED, job_pb2.STATE_RUNNING}
    assert stopped.error.reason == "CANCELLED"
    assert answer.outcome == "cancelled"
    assert (failure.code, failure.reason) == ("CANCELLED", "CANCELLED")


def test_a_request_cancelled_before_it_arrives_is_never_worked_on(
    grpc_caller: GrpcCaller, queue_caller: QueueCaller, simulator: SimulatorProcess, ticket: bytes
) -> None:
    request_id = new_id()
    cancel = job_service_pb2.CancelJobRequest(request_id=request_id, allow_missing=True)
    with failures():
        grpc_caller.jobs.CancelJob(cancel, timeout=60)

    queue_caller.send("classify-ticket", ticket, message_id=request_id, reply_to=queue_caller.replies)

    assert queue_caller.next_reply().outcome == "cancelled"
    assert simulator.calls(request_id) == []


def test_a_400_of_one_request_is_model_rejected(grpc_caller: GrpcCaller, ticket: bytes) -> None:
    failure = grpc_failure(
        grpc_caller, "classify-ticket", ticket, request_id=new_id(), labels={"simulate": "no-such-fault"}
    )

    assert (failure.code, failure.reason) == ("FAILED_PRECONDITION", "MODEL_REJECTED")
