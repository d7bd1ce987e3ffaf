"""Jobs and parked messages are shown with everything that the contract promises."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from llm_adapter.v1 import job_pb2

from adapter.domain.job import (
    Attempt,
    Change,
    Finding,
    Job,
    JobError,
    Result,
    Severity,
    State,
    Verdict,
)
from adapter.domain.message import ParkedMessage, Properties, ReceivedMessage
from adapter.domain.progress import Progress, ProgressKind
from adapter.domain.usage import Usage
from adapter.errors import Retryable, Violation
from adapter.inbound.grpc.parked_to_proto import MAX_BODY_BYTES, parked_message
from adapter.inbound.grpc.to_proto import job_message, progress_message

NOON = datetime(2026, 11, 23, 12, 0, 0, 250_000, tzinfo=UTC)
USAGE = Usage(100, 40, 30, 10, 2, Decimal("1.25E-5"), "EUR", 1.5, 0.002)
ATTEMPT = Attempt(
    "cloud", "gpt-5-mini-1", "fp_1", "json_schema", "stop", USAGE, NOON, 1.5, "OUTPUT_INVALID", ("temperature",)
)
JOB = Job(
    job_id="j-1",
    request_id="r-1",
    client="crm",
    task="classify-ticket",
    task_version="1.2.0",
    task_hash="abc",
    state=State.SUCCEEDED,
    revision=2,
    create_time=NOON,
    labels={"batch": "42"},
    result=Result(
        b'{"amount":1.10}',
        Verdict.ACCEPTED_REPAIRED,
        (Change("/amount", "trim", '"1.10 "', "1.10"),),
        (Finding("LOW_CONFIDENCE", "/amount", "look", Severity.REVIEW),),
    ),
    error=JobError("OUTPUT_INVALID", "why", Retryable.NO, (Violation("/amount", "type", "must be a number"),)),
    usage=USAGE,
    attempts=(ATTEMPT,),
    start_time=NOON + timedelta(seconds=1),
    finish_time=NOON + timedelta(seconds=3),
    remark=JobError("RESULT_TOO_LARGE", "fetch it", Retryable.FIX),
)


def test_every_field_of_a_job_is_shown() -> None:
    message = job_message(JOB)
    # The trace goes back in the headers of a result, not in the job.
    assert {field.name for field, _ in message.ListFields()} == {field.name for field in fields(Job)} - {"traceparent"}
    assert (message.job_id, message.state, message.revision) == ("j-1", job_pb2.STATE_SUCCEEDED, 2)
    assert message.finish_time.ToDatetime(tzinfo=UTC) == NOON + timedelta(seconds=3)
    assert dict(message.labels) == {"batch": "42"}
    assert message.remark.retryable == job_pb2.RETRYABLE_FIX
    (violation,) = message.error.violations
    assert (violation.pointer, violation.rule, violation.message) == ("/amount", "type", "must be a number")


def test_a_result_is_shown_with_its_ledger_and_findings() -> None:
    result = job_message(JOB).result
    assert (result.content, result.content_type) == (b'{"amount":1.10}', "application/json")
    assert result.verdict == job_pb2.VERDICT_ACCEPTED_REPAIRED
    assert list(result.changes) == [
        job_pb2.Change(pointer="/amount", rule="trim", from_json='"1.10 "', to_json="1.10"),
    ]
    assert list(result.findings) == [
        job_pb2.Finding(code="LOW_CONFIDENCE", pointer="/amount", message="look", severity=job_pb2.SEVERITY_REVIEW),
    ]


def test_an_attempt_is_shown_with_every_field() -> None:
    (attempt,) = job_message(JOB).attempts
    assert {field.name for field, _ in attempt.ListFields()} == {
        field.name.replace("duration_seconds", "duration") for field in fields(Attempt)
    }
    assert attempt.duration.ToMilliseconds() == 1500
    assert list(attempt.unsent_parameters) == ["temperature"]


def test_usage_has_an_exact_cost_without_exponent() -> None:
    usage = job_message(JOB).usage
    assert (usage.input_tokens, usage.cached_input_tokens, usage.output_tokens, usage.reasoning_tokens) == (
        100,
        40,
        30,
        10,
    )
    assert (usage.cost, usage.currency, usage.model_calls) == ("0.0000125", "EUR", 2)
    assert (usage.model_time.ToMicroseconds(), usage.overhead_time.ToMicroseconds()) == (1_500_000, 2_000)


def test_what_a_new_job_has_not_is_absent() -> None:
    message = job_message(Job("j-2", "", "crm", "t", "1.0.0", "h", State.PENDING, 1, NOON))
    for field in ("result", "error", "remark", "start_time", "finish_time"):
        assert not message.HasField(field)
    assert message.usage.cost == ""


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_number(state: State) -> None:
    job = Job("j-2", "", "crm", "t", "1.0.0", "h", state, 1, NOON)
    assert job_pb2.State.Name(job_message(job).state) == f"STATE_{state}"


def test_bytes_that_are_no_text_do_not_break_the_answer() -> None:
    job = Job("j-2", "", "crm", "t", "1.0.0", "h", State.PENDING, 1, NOON, labels={"l": "a\udce4"})
    assert dict(job_message(job).labels) == {"l": r"a\udce4"}


@pytest.mark.parametrize("kind", ProgressKind)
def test_progress_is_shown(kind: ProgressKind) -> None:
    message = progress_message(Progress("j-1", kind, "cloud", "429"))
    assert (message.job_id, message.model, message.detail) == ("j-1", "cloud", "429")
    assert job_pb2.ProgressKind.Name(message.kind) == f"PROGRESS_KIND_{kind}"


def parked(properties: Properties, body: bytes = b"\xff\x00") -> ParkedMessage:
    received = ReceivedMessage(body, properties, "adapter.requests", "classify-ticket", "q")
    return ParkedMessage("p-1", received, "INTERNAL", "why", "j-1", "classify-ticket", "crm", NOON, NOON)


def test_a_parked_message_is_shown_with_its_properties() -> None:
    properties = Properties(
        message_id="m-1",
        correlation_id="c-1",
        timestamp=1_800_000_000,
        delivery_mode=2,
        headers={"llm-label-a": "b", "raw": b"\xff", "n": 1, "when": NOON, "nested": {"price": Decimal("1.10")}},
    )
    message = parked_message(parked(properties), with_body=True)
    assert (message.body, message.body_size, message.reason) == (b"\xff\x00", 2, "INTERNAL")
    assert message.properties.timestamp == Timestamp(seconds=1_800_000_000)
    assert message.properties.HasField("delivery_mode")
    assert not message.properties.HasField("priority")
    assert dict(message.properties.headers) == {
        "llm-label-a": '"b"',
        "raw": r'"\\xff"',
        "n": "1",
        "when": '"2026-11-23 12:00:00.250000+00:00"',
        "nested": '{"price": "1.10"}',
    }


def test_a_list_shows_no_bodies_but_their_size() -> None:
    message = parked_message(parked(Properties()), with_body=False)
    assert (message.body, message.body_size) == (b"", 2)


def test_a_body_that_fits_no_answer_is_shown_in_part() -> None:
    message = parked_message(parked(Properties(), b"x" * (MAX_BODY_BYTES + 1)), with_body=True)
    assert (len(message.body), message.body_size) == (MAX_BODY_BYTES, MAX_BODY_BYTES + 1)


def test_a_time_that_no_sender_could_mean_is_left_out() -> None:
    message = parked_message(parked(Properties(timestamp=1_800_000_000_000_000)), with_body=False)
    assert not message.properties.HasField("timestamp")
