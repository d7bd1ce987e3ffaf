"""The request's own fault: answered, never recorded; over gRPC and, where it applies, by queue."""

import gzip
from typing import Any

import pytest

from tests.kit.callers import GrpcCaller, GrpcFailure, QueueCaller, grpc_failure

FAILURE = "application/vnd.llm-adapter.failure"
TWO_CHARSETS = {"content_encoding": "ISO-8859-1", "content_type": "application/json; charset=UTF-8"}


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

    answer = queue_caller.next_result(of=message_id)

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
