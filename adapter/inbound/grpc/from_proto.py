"""What callers send, checked and turned into our values. Raises InvalidRequest that names every bad field."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from llm_adapter.v1 import job_pb2
from llm_adapter.v1.admin_service_pb2 import JobSelection
from llm_adapter.v1.job_service_pb2 import (
    CancelJobRequest,
    GetJobRequest,
    ListJobsRequest,
    RunJobRequest,
    SubmitJobRequest,
    WatchJobRequest,
)

from adapter.domain.job import JobRequest, Route, State, Verdict
from adapter.domain.payload import Payload
from adapter.domain.trace import NO_TRACE, TraceContext
from adapter.inbound.grpc.checks import MAX_ID_BYTES, Checks
from adapter.inbound.grpc.enums import STATE_OF_NUMBER, VERDICT_OF_NUMBER
from adapter.ports import JobFilter

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
MAX_PAGE_TOKEN_BYTES = 1000
TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def run_request(message: RunJobRequest, client: str, metadata: Mapping[str, str]) -> JobRequest:
    """Return what RunJob asks for."""
    checks = Checks()
    _check_request(checks, message)
    checks.finish()
    return _request(message, client, metadata)


def submit_request(message: SubmitJobRequest, client: str, metadata: Mapping[str, str]) -> JobRequest:
    """Return what SubmitJob asks for."""
    checks = Checks()
    _check_request(checks, message)
    checks.short("correlation_id", message.correlation_id)
    has_route = message.HasField("reply_to")
    if has_route:
        _check_reply_to(checks, message.reply_to)
    deadline = _time(checks, "deadline", message.deadline) if message.HasField("deadline") else None
    checks.finish()
    # Everywhere inside, a correlation id is its bytes as latin-1 text.
    correlation_id = message.correlation_id.encode().decode("latin-1")
    reply_to = Route(message.reply_to.exchange, message.reply_to.routing_key, correlation_id) if has_route else None
    request = _request(message, client, metadata)
    return replace(request, deadline=deadline, reply_to=reply_to, correlation_id=correlation_id)


def job_key(message: GetJobRequest | WatchJobRequest | CancelJobRequest) -> tuple[str, str]:
    """Return job_id and request_id, exactly one of which is not empty."""
    checks = Checks()
    field = message.WhichOneof("key")
    if field is None:
        checks.broken("job_id", "required", "or request_id is required")
    else:
        checks.identifier(field, message.job_id if field == "job_id" else message.request_id)
    checks.finish()
    return message.job_id, message.request_id


def parked_id(text: str) -> str:
    """Return the id of a parked message."""
    checks = Checks()
    checks.identifier("parked_id", text)
    checks.finish()
    return text


def job_filter(message: ListJobsRequest | JobSelection) -> JobFilter:
    """Return which jobs are wanted."""
    checks = Checks()
    for field, text in (("task", message.task), ("reason", message.reason), ("client", message.client)):
        checks.short(field, text)
    checks.labels("labels", message.labels)
    has_from, has_before = message.HasField("created_from"), message.HasField("created_before")
    selection = JobFilter(
        task=message.task,
        states=_states(checks, message.states),
        verdict=_verdict(checks, message.verdict),
        reason=message.reason,
        client=message.client,
        labels=dict(message.labels),
        created_from=_time(checks, "created_from", message.created_from) if has_from else None,
        created_before=_time(checks, "created_before", message.created_before) if has_before else None,
    )
    checks.finish()
    return selection


def page(page_size: int, page_token: str) -> tuple[int, str]:
    """Return the page size within its bounds, and the token."""
    checks = Checks()
    if page_size < 0:
        checks.broken("page_size", "minimum", "must not be negative")
    checks.short("page_token", page_token, MAX_PAGE_TOKEN_BYTES)
    checks.finish()
    return min(page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE), page_token


def _check_request(checks: Checks, message: RunJobRequest | SubmitJobRequest) -> None:
    checks.required("task", present=bool(message.task))
    checks.short("task", message.task, MAX_ID_BYTES)
    if message.request_id:
        checks.identifier("request_id", message.request_id)
    checks.required("payload", present=message.HasField("payload"))
    checks.short("payload.content_type", message.payload.content_type)
    checks.short("payload.charset", message.payload.charset)
    checks.short("options.model", message.options.model)
    checks.labels("labels", message.labels)


def _check_reply_to(checks: Checks, reply_to: job_pb2.ReplyTo) -> None:
    checks.short("reply_to.exchange", reply_to.exchange)
    checks.short("reply_to.routing_key", reply_to.routing_key)
    checks.required("reply_to.routing_key", present=bool(reply_to.exchange or reply_to.routing_key))


def _request(message: RunJobRequest | SubmitJobRequest, client: str, metadata: Mapping[str, str]) -> JobRequest:
    payload = message.payload
    trace = trace_of(metadata)
    return JobRequest(
        client=client,
        task=message.task,
        payload=Payload(payload.content, payload.content_type, payload.charset),
        request_id=message.request_id,
        model=message.options.model,
        accept_review=message.options.accept_review,
        labels=dict(message.labels),
        traceparent=trace.traceparent,
        tracestate=trace.tracestate,
    )


def trace_of(metadata: Mapping[str, str]) -> TraceContext:
    """Return the trace that the caller's metadata name."""
    # A broken traceparent is as good as none, says W3C Trace Context; it is no reason to refuse the request.
    given = metadata.get("traceparent", "")
    return TraceContext(given, metadata.get("tracestate", "")) if TRACEPARENT.fullmatch(given) else NO_TRACE


def _time(checks: Checks, field: str, timestamp: Timestamp) -> datetime | None:
    try:
        return timestamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        checks.broken(field, "time", "must be a time of the years 1 to 9999")
        return None


def _states(checks: Checks, numbers: Iterable[int]) -> tuple[State, ...]:
    states = [STATE_OF_NUMBER.get(number) for number in numbers]
    if None in states:
        checks.broken("states", "enum", "must hold states of a job only")
    return tuple(state for state in states if state is not None)


def _verdict(checks: Checks, number: int) -> Verdict | None:
    verdict = VERDICT_OF_NUMBER.get(number)
    if verdict is None and number != job_pb2.VERDICT_UNSPECIFIED:
        checks.broken("verdict", "enum", "must be a verdict")
    return verdict
