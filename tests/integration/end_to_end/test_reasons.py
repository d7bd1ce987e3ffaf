"""Every reason of the public table that can be produced today, over gRPC and, where it applies, by queue."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from llm_adapter.v1 import job_service_pb2

from tests.integration.end_to_end.conftest import SimulatorProcess
from tests.kit.callers import GrpcCaller, GrpcFailure, QueueCaller, failures

FAILURE = "application/vnd.llm-adapter.failure"
TWO_CHARSETS = {"content_encoding": "ISO-8859-1", "content_type": "application/json; charset=UTF-8"}


def new_id() -> str:
    return f"reason-{uuid4().hex[:10]}"


def grpc_failure(caller: GrpcCaller, task: str, content: bytes, **fields: Any) -> GrpcFailure:
    with pytest.raises(GrpcFailure) as failure:
        caller.run(task, content, **fields)
    return failure.value


# --- the request's own fault: answered, never recorded --------------------------------------------------


@pytest.mark.parametrize(
    ("task", "content", "fields", "reason"),
    [
        ("", b"{}", {}, "INVALID_REQUEST"),
        ("classify-ticket", b"{}", {"request_id": "ümlaut"}, "INVALID_REQUEST"),
        ("classify-ticket", b"{}", {"model": "nonesuch"}, "INVALID_REQUEST"),
        ("no-such-task", b"{}", {}, "TASK_NOT_FOUND"),
        ("classify-ticket@99", b"{}", {}, "TASK_NOT_FOUND"),
        ("classify-ticket", b"{", {}, "PAYLOAD_UNREADABLE"),
        ("classify-ticket", b'{"a": "\xff"}', {}, "PAYLOAD_UNREADABLE"),
        ("classify-ticket", b"a;b", {"content_type": "text/csv"}, "PAYLOAD_UNREADABLE"),
        ("classify-ticket", b" " * 9_000_000, {}, "PAYLOAD_TOO_LARGE"),
        ("classify-ticket", b"{}", {}, "INPUT_INVALID"),
    ],
)
def test_a_bad_request_by_grpc_names_its_reason(
    grpc_caller: GrpcCaller, task: str, content: bytes, fields: dict[str, Any], reason: str
) -> None:
    failure = grpc_failure(grpc_caller, task, content, **fields)

    assert failure.reason == reason
    assert failure.code == {"TASK_NOT_FOUND": "NOT_FOUND"}.get(reason, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("body", "properties", "reason"),
    [
        (b"{", {}, "PAYLOAD_UNREADABLE"),
        (b"{}", TWO_CHARSETS, "PAYLOAD_UNREADABLE"),
        (b"\xac\xed\x00\x05t", {"content_type": "application/x-java-serialized-object"}, "PAYLOAD_UNREADABLE"),
        (gzip.compress(b" " * 9_000_000), {"content_encoding": "gzip"}, "PAYLOAD_TOO_LARGE"),
        (b"{}", {}, "INPUT_INVALID"),
        (b"{}", {"headers": {"llm-model": "nonesuch"}}, "INVALID_REQUEST"),
        (b"{}", {"headers": {"llm-deadline": "tomorrow"}}, "INVALID_REQUEST"),
    ],
)
def test_a_bad_request_by_queue_is_answered_with_its_reason(
    queue_caller: QueueCaller, body: bytes, properties: dict[str, Any], reason: str
) -> None:
    queue_caller.send("classify-ticket", body, reply_to=queue_caller.replies, **properties)

    answer = queue_caller.next_reply()

    assert (answer.outcome, answer.reason) == ("failed", reason)
    assert answer.properties.content_type == FAILURE
    assert answer.document["error"]["reason"] == reason


def test_an_xml_bomb_and_a_doctype_are_unreadable(grpc_caller: GrpcCaller) -> None:
    bomb = b'<!DOCTYPE t [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><t>&b;</t>'

    failure = grpc_failure(grpc_caller, "classify-ticket", bomb, content_type="application/xml")

    assert failure.reason == "PAYLOAD_UNREADABLE"


def test_a_request_for_an_unknown_task_by_queue_is_answered(queue_caller: QueueCaller) -> None:
    queue_caller.send("no-such-task", b"{}", reply_to=queue_caller.replies)

    answer = queue_caller.next_reply()

    assert answer.reason == "TASK_NOT_FOUND"


def test_input_violations_are_named_by_pointer(grpc_caller: GrpcCaller) -> None:
    failure = grpc_failure(grpc_caller, "classify-ticket", b"{}")

    assert len(failure.violations) >= 2
    assert all(field for field, _ in failure.violations)


def test_a_refused_reply_address_is_answered_on_the_exchange_and_parked(
    queue_caller: QueueCaller, adapter: Any, ticket: bytes
) -> None:
    message_id = queue_caller.send("classify-ticket", ticket, reply_to="e2e.requests.classify-ticket")

    answer = queue_caller.next_result()

    assert (answer.reason, answer.properties.correlation_id) == ("REPLY_TO_REFUSED", message_id)
    assert 'adapter_parked_total{reason="REPLY_TO_REFUSED"}' in adapter.metrics()


def test_a_refused_reply_address_of_a_submission_is_permission_denied(grpc_caller: GrpcCaller, ticket: bytes) -> None:
    with pytest.raises(GrpcFailure) as failure:
        grpc_caller.submit("classify-ticket", ticket, reply_to={"routing_key": "e2e.dead-letters"})

    assert (failure.value.code, failure.value.reason) == ("PERMISSION_DENIED", "REPLY_TO_REFUSED")


def test_a_request_without_message_id_runs_and_says_that_it_was_not_deduplicated(
    queue_caller: QueueCaller, ticket: bytes
) -> None:
    queue_caller.send("classify-ticket", ticket, message_id=None, correlation_id="c-1", reply_to=queue_caller.replies)

    answer = queue_caller.next_reply()

    assert (answer.outcome, answer.headers["llm-deduplicated"]) == ("succeeded", False)


def test_a_job_that_nobody_stored_is_not_found(grpc_caller: GrpcCaller) -> None:
    with pytest.raises(GrpcFailure) as failure:
        grpc_caller.get("0191f000-0000-7000-8000-000000000000")

    assert (failure.value.code, failure.value.reason) == ("NOT_FOUND", "JOB_NOT_FOUND")


# --- outcomes: recorded, and a repeat gets them again ---------------------------------------------------


@pytest.mark.parametrize(
    ("label", "reason", "calls"),
    [
        ("refusal", "MODEL_REFUSED", 1),
        ("content_filter", "CONTENT_FILTERED", 1),
        ("truncated", "OUTPUT_TRUNCATED", 1),
        ("empty", "OUTPUT_EMPTY", 1),
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
    deadline.FromDatetime(datetime.now(UTC) + timedelta(seconds=0.7))
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
        stopped = grpc_caller.jobs.CancelJob(job_service_pb2.CancelJobRequest(job_id=job.job_id), timeout=20).job

    answer = queue_caller.next_reply()
    failure = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=job.request_id)

    assert stopped.error.reason == "CANCELLED"
    assert answer.outcome == "cancelled"
    assert (failure.code, failure.reason) == ("CANCELLED", "CANCELLED")


def test_a_request_cancelled_before_it_arrives_is_never_worked_on(
    grpc_caller: GrpcCaller, queue_caller: QueueCaller, simulator: SimulatorProcess, ticket: bytes
) -> None:
    request_id = new_id()
    cancel = job_service_pb2.CancelJobRequest(request_id=request_id, allow_missing=True)
    with failures():
        grpc_caller.jobs.CancelJob(cancel, timeout=20)

    queue_caller.send("classify-ticket", ticket, message_id=request_id, reply_to=queue_caller.replies)

    assert queue_caller.next_reply().outcome == "cancelled"
    assert simulator.calls(request_id) == []


def test_a_400_of_one_request_is_model_rejected(grpc_caller: GrpcCaller, ticket: bytes) -> None:
    failure = grpc_failure(
        grpc_caller, "classify-ticket", ticket, request_id=new_id(), labels={"simulate": "no-such-fault"}
    )

    assert (failure.code, failure.reason) == ("FAILED_PRECONDITION", "MODEL_REJECTED")


# --- passing: never recorded ----------------------------------------------------------------------------


def test_a_callers_deadline_ends_its_wait_and_the_repeat_gets_the_outcome_unpaid(
    grpc_caller: GrpcCaller, simulator: SimulatorProcess, ticket: bytes
) -> None:
    request_id = new_id()
    simulator.control(latency=1.5)
    try:
        failure = grpc_failure(grpc_caller, "classify-ticket", ticket, request_id=request_id, timeout=1.0)
        job = grpc_caller.run("classify-ticket", ticket, request_id=request_id)
    finally:
        simulator.control(latency=0)

    assert (failure.code, failure.reason) == ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED")
    assert failure.metadata["job_id"] == job.job_id
    assert len(simulator.calls(request_id)) == 1


@pytest.fixture
def down(simulator: SimulatorProcess, grpc_caller: GrpcCaller, ticket: bytes) -> Iterator[SimulatorProcess]:
    """Give the simulator, which is up again, and known to be up, after the test."""
    yield simulator
    simulator.control(down=False, status=None)
    for _ in range(20):
        try:
            grpc_caller.run("classify-ticket", ticket, request_id=new_id())
        except GrpcFailure:
            continue
        return


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
