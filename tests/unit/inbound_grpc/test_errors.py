"""Errors become statuses that every client can read and that fit into Java's metadata."""

import re

import grpc
import pytest
from google.rpc import status_pb2
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import (
    AdapterError,
    CallerDeadlineExceeded,
    InputInvalid,
    InvalidRequest,
    JobNotFound,
    ModelMisconfigured,
    ModelUnavailable,
    OutputInvalid,
    Overloaded,
    RateLimited,
    Violation,
    concrete_errors,
)
from adapter.inbound.grpc.errors import DEFAULT_PUSHBACK_SECONDS, MESSAGE_BYTES, STATUS_BYTES, answer_of, status_of
from tests.unit.inbound_grpc.details import info_of, read

JOB_ID = "0190f6c8-7a2e-7cc0-9f5e-0242ac120002"
ANY_TEXT = st.text(st.characters(), max_size=600)


def trailers_of(error: AdapterError) -> dict[str, str | bytes]:
    return dict(answer_of(error).trailers)


@pytest.mark.parametrize("kind", tuple(concrete_errors()), ids=lambda kind: kind.reason)
def test_every_reason_has_a_code_and_one_error_info(kind: type[AdapterError]) -> None:
    answer = answer_of(kind(metadata={"job_id": JOB_ID}))
    packed = dict(answer.trailers)["grpc-status-details-bin"]
    assert isinstance(packed, bytes)
    status = status_pb2.Status.FromString(packed)
    assert answer.code is not grpc.StatusCode.OK
    assert status.code == answer.code.value[0]
    assert status.message == answer.message != ""
    info = info_of(status)
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+[A-Z0-9]", info.reason)
    assert (info.reason, info.domain) == (kind.reason, "llm-adapter")
    assert info.metadata["job_id"] == JOB_ID
    assert info.metadata["retryable"] == kind.retryable


def test_the_job_id_is_a_trailer_too() -> None:
    assert trailers_of(JobNotFound(metadata={"job_id": JOB_ID}))["llm-job-id"] == JOB_ID


@pytest.mark.parametrize("job_id", ["", "über", "a\nb", "x" * 65])
def test_what_no_header_can_hold_is_no_trailer(job_id: str) -> None:
    assert "llm-job-id" not in trailers_of(JobNotFound(metadata={"job_id": job_id}))


@pytest.mark.parametrize("kind", [Overloaded, RateLimited, ModelUnavailable])
def test_an_error_that_a_retry_helps_says_when_to_retry(kind: type[AdapterError]) -> None:
    error = kind(retry_after_seconds=2.5)
    retry = read(status_of(error)).retry
    assert retry is not None
    assert retry.retry_delay.ToMilliseconds() == 2500
    assert trailers_of(error)["grpc-retry-pushback-ms"] == "2500"


def test_without_a_time_the_retry_waits_the_default() -> None:
    assert trailers_of(Overloaded())["grpc-retry-pushback-ms"] == str(round(DEFAULT_PUSHBACK_SECONDS * 1000))


@pytest.mark.parametrize("kind", [InvalidRequest, ModelMisconfigured, CallerDeadlineExceeded, OutputInvalid])
def test_no_retry_is_suggested_where_none_helps(kind: type[AdapterError]) -> None:
    error = kind(retry_after_seconds=1)
    assert "grpc-retry-pushback-ms" not in trailers_of(error)
    assert read(status_of(error)).retry is None


def test_a_quota_failure_names_the_client() -> None:
    quota = read(status_of(RateLimited(metadata={"client": "crm"}))).quota
    assert quota is not None
    assert [violation.subject for violation in quota.violations] == ["client:crm"]
    assert read(status_of(ModelUnavailable())).quota is None


def test_violations_are_listed_by_pointer() -> None:
    error = InputInvalid(violations=[Violation("/customer/id", "pattern", "must be six digits")])
    bad_request = read(status_of(error)).bad_request
    assert bad_request is not None
    (violation,) = bad_request.field_violations
    assert (violation.field, violation.reason, violation.description) == (
        "/customer/id",
        "pattern",
        "must be six digits",
    )


def test_of_many_violations_the_first_are_shown_and_the_rest_counted() -> None:
    error = InputInvalid(violations=[Violation(f"/lines/{n}/amount", "type", "must be a number") for n in range(1000)])
    status = status_of(error)
    bad_request = read(status).bad_request
    assert bad_request is not None
    *shown, last = bad_request.field_violations
    assert [violation.field for violation in shown] == [f"/lines/{n}/amount" for n in range(len(shown))]
    assert last.description == f"… {1000 - len(shown)} more"
    assert STATUS_BYTES - 300 < status.ByteSize() <= STATUS_BYTES


def test_a_long_message_is_cut_and_says_so() -> None:
    message = status_of(InvalidRequest("ä" * 400)).message
    assert len(message.encode()) <= MESSAGE_BYTES
    shown, _, more = message.partition(" … ")
    assert len(shown.encode()) + int(more.removesuffix(" more")) == 800


def test_much_metadata_keeps_the_job_id_and_says_what_was_left_out() -> None:
    metadata = {f"key_{n}": "x" * 100 for n in range(50)} | {"job_id": JOB_ID}
    info = info_of(status_of(InvalidRequest(metadata=metadata)))
    assert info.metadata["job_id"] == JOB_ID
    kept = [key for key in info.metadata if key not in {"retryable", "more"}]
    assert info.metadata["more"] == f"… {51 - len(kept)} more"


@given(
    message=ANY_TEXT,
    violations=st.lists(st.builds(Violation, ANY_TEXT, ANY_TEXT, ANY_TEXT), max_size=40),
    metadata=st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=40),
)
def test_no_error_is_too_large_for_a_client(
    message: str, violations: list[Violation], metadata: dict[str, str]
) -> None:
    for kind in (InputInvalid, Overloaded):
        status = status_of(kind(message, violations=violations, metadata=metadata))
        assert status.ByteSize() <= STATUS_BYTES
        assert len(status.message.encode()) <= MESSAGE_BYTES
