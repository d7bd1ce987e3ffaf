"""What callers send is checked, and every bad field named."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from llm_adapter.v1 import job_pb2
from llm_adapter.v1.job_service_pb2 import GetJobRequest, ListJobsRequest, RunJobRequest, SubmitJobRequest

from adapter.domain.job import JobRequest, Route, State, Verdict
from adapter.domain.payload import Payload
from adapter.errors import InvalidRequest
from adapter.inbound.grpc import from_proto
from adapter.ports import JobFilter

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def run_message(**changes: object) -> RunJobRequest:
    message = RunJobRequest(task="classify-ticket", payload=job_pb2.Payload(content=b"\xff{}"))
    message.MergeFrom(RunJobRequest(**changes))  # type: ignore[arg-type]  # each test names the fields it means
    return message


def fields_refused(call: Callable[[], object]) -> list[str]:
    with pytest.raises(InvalidRequest) as refusal:
        call()
    return [violation.pointer for violation in refusal.value.violations]


def test_a_run_request_keeps_every_field() -> None:
    message = RunJobRequest(
        task="classify-ticket@1",
        request_id="order 4711/a",
        payload=job_pb2.Payload(content=b"\xe4", content_type="text/xml", charset="ISO-8859-1"),
        options=job_pb2.JobOptions(model="cloud", accept_review=True),
        labels={"batch": "42"},
    )
    assert from_proto.run_request(message, "crm", {"traceparent": TRACEPARENT, "tracestate": "a=b"}) == JobRequest(
        client="crm",
        task="classify-ticket@1",
        payload=Payload(b"\xe4", "text/xml", "ISO-8859-1"),
        request_id="order 4711/a",
        model="cloud",
        accept_review=True,
        labels={"batch": "42"},
        traceparent=TRACEPARENT,
        tracestate="a=b",
    )


def test_a_submitted_request_has_a_route_and_a_deadline() -> None:
    message = SubmitJobRequest(
        task="classify-ticket",
        payload=job_pb2.Payload(content=b"{}"),
        reply_to=job_pb2.ReplyTo(exchange="crm", routing_key="answers"),
        correlation_id="grün",
        deadline=Timestamp(seconds=1_800_000_000),
    )
    request = from_proto.submit_request(message, "crm", {})
    assert request.deadline == datetime(2027, 1, 15, 8, tzinfo=UTC)
    assert request.reply_to == Route("crm", "answers", "grÃ¼n")
    assert request.correlation_id.encode("latin-1").decode() == "grün"


def test_a_submitted_request_without_a_route_goes_to_the_exchange() -> None:
    message = SubmitJobRequest(task="t", payload=job_pb2.Payload(), correlation_id="c-1")
    request = from_proto.submit_request(message, "crm", {})
    assert (request.reply_to, request.deadline, request.correlation_id) == (None, None, "c-1")


def test_a_broken_traceparent_is_as_good_as_none() -> None:
    request = from_proto.run_request(run_message(), "crm", {"traceparent": "nonsense", "tracestate": "a=b"})
    assert (request.traceparent, request.tracestate) == ("", "")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"request_id": "x" * 201}, "request_id"),
        ({"request_id": "müller"}, "request_id"),
        ({"request_id": "a\tb"}, "request_id"),
        ({"task": "t" * 201}, "task"),
        ({"labels": {f"k{n}": "" for n in range(33)}}, "labels"),
        ({"labels": {"ä" * 33: ""}}, "labels"),
        ({"labels": {"": "x"}}, "labels"),
        ({"labels": {"k": "ä" * 129}}, "labels"),
        ({"options": job_pb2.JobOptions(model="m" * 256)}, "options.model"),
        ({"payload": job_pb2.Payload(content_type="t" * 256)}, "payload.content_type"),
        ({"payload": job_pb2.Payload(charset="t" * 256)}, "payload.charset"),
    ],
)
def test_a_bad_field_is_named(changes: dict[str, object], field: str) -> None:
    assert fields_refused(lambda: from_proto.run_request(run_message(**changes), "crm", {})) == [field]


def test_what_is_just_allowed_passes() -> None:
    labels = {f"{n:02}".ljust(64, "k"): "v" * 256 for n in range(32)}
    request = from_proto.run_request(run_message(request_id="x" * 200, labels=labels), "crm", {})
    assert (len(request.request_id), request.labels) == (200, labels)


def test_every_bad_field_is_named_at_once() -> None:
    message = SubmitJobRequest(request_id="ü", reply_to=job_pb2.ReplyTo(), deadline=Timestamp(seconds=1 << 60))
    refused = fields_refused(lambda: from_proto.submit_request(message, "crm", {}))
    assert refused == ["task", "request_id", "payload", "reply_to.routing_key", "deadline"]


def test_a_key_is_one_of_the_two_ids() -> None:
    assert from_proto.job_key(GetJobRequest(job_id="j-1")) == ("j-1", "")
    assert from_proto.job_key(GetJobRequest(request_id="r-1")) == ("", "r-1")


@pytest.mark.parametrize(
    "message", [GetJobRequest(), GetJobRequest(job_id=""), GetJobRequest(job_id="ü"), GetJobRequest(job_id="j" * 201)]
)
def test_a_key_that_is_none_is_refused(message: GetJobRequest) -> None:
    assert fields_refused(lambda: from_proto.job_key(message)) == ["job_id"]


def test_a_filter_keeps_every_field() -> None:
    message = ListJobsRequest(
        task="classify-ticket",
        states=[job_pb2.STATE_FAILED, job_pb2.STATE_CANCELLED],
        verdict=job_pb2.VERDICT_NEEDS_REVIEW,
        reason="OUTPUT_INVALID",
        client="crm",
        labels={"batch": "42"},
        created_from=Timestamp(seconds=0),
        created_before=Timestamp(seconds=86_400),
    )
    assert from_proto.job_filter(message) == JobFilter(
        task="classify-ticket",
        states=(State.FAILED, State.CANCELLED),
        verdict=Verdict.NEEDS_REVIEW,
        reason="OUTPUT_INVALID",
        client="crm",
        labels={"batch": "42"},
        created_from=datetime(1970, 1, 1, tzinfo=UTC),
        created_before=datetime(1970, 1, 2, tzinfo=UTC),
    )


def test_an_empty_filter_selects_everything() -> None:
    assert from_proto.job_filter(ListJobsRequest()) == JobFilter()


def test_an_unknown_state_or_verdict_is_refused() -> None:
    message = ListJobsRequest()
    message.ParseFromString(b"\x10\x63\x18\x63")  # states and verdict with the number 99, from a newer client
    assert fields_refused(lambda: from_proto.job_filter(message)) == ["states", "verdict"]


@pytest.mark.parametrize(("asked", "given"), [(0, 50), (1, 1), (200, 200), (10_000, 200)])
def test_a_page_size_is_kept_within_bounds(asked: int, given: int) -> None:
    assert from_proto.page(asked, "t") == (given, "t")


def test_a_negative_page_size_is_refused() -> None:
    assert fields_refused(lambda: from_proto.page(-1, "")) == ["page_size"]
