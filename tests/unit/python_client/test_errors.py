"""What callers learn of an error: read from what gRPC raises, written by the adapter's own translator."""

import math
from typing import Any, cast

import grpc
import pytest
from llm_adapter import AdapterError, Reason, Violation
from llm_adapter.errors import error_of_call, error_of_job
from llm_adapter.v1 import job_pb2

from adapter import errors
from adapter.inbound.grpc.errors import answer_of


class FailedCall(grpc.RpcError):
    """What grpc raises: an error that is also its call."""

    def __init__(self, code: str, details: str = "", trailers: tuple[tuple[str, str | bytes], ...] = ()) -> None:
        self._parts: Any = (grpc.StatusCode[code], details, trailers)

    def code(self) -> grpc.StatusCode:
        return cast("grpc.StatusCode", self._parts[0])

    def details(self) -> str:
        return str(self._parts[1])

    def trailing_metadata(self) -> Any:
        return self._parts[2]


def read(error: errors.AdapterError) -> AdapterError:
    answer = answer_of(error)
    return error_of_call(FailedCall(answer.code.name, answer.message, answer.trailers), "order-1")


def test_reason_violations_and_job_are_read_as_the_adapter_wrote_them() -> None:
    violation = errors.Violation("/lines/0", "required", "is required")

    error = read(errors.InputInvalid(violations=[violation], metadata={"job_id": "j-1"}))

    assert (error.reason, error.is_retryable, error.job_id) == ("INPUT_INVALID", False, "j-1")
    assert error.violations == (Violation("/lines/0", "required", "is required"),)
    assert error.request_id == "order-1"
    assert error.message in str(error)


@pytest.mark.parametrize("kind", list(errors.concrete_errors()), ids=lambda kind: kind.reason)
def test_every_reason_of_the_adapter_is_known_to_the_client(kind: type[errors.AdapterError]) -> None:
    reason = Reason(kind.reason)

    assert reason.grpc_code == kind.grpc_code
    assert reason.retryable == kind.retryable
    assert reason.is_recorded == kind.recorded


def test_the_client_knows_no_reason_that_the_adapter_does_not_have() -> None:
    known = {kind.reason for kind in errors.concrete_errors()}

    assert {reason for reason in Reason if reason not in known} == {Reason.NOT_FINISHED}


def test_an_adapter_that_is_away_may_be_asked_again() -> None:
    error = error_of_call(FailedCall("UNAVAILABLE", "connection refused"))

    assert (error.reason, error.is_retryable, error.message) == ("UNAVAILABLE", True, "connection refused")


@pytest.mark.parametrize("code", ["INTERNAL", "UNKNOWN", "RESOURCE_EXHAUSTED", "CANCELLED"])
def test_other_ends_without_a_reason_are_not_for_trying_again(code: str) -> None:
    assert not error_of_call(FailedCall(code)).is_retryable


def test_the_adapter_says_after_how_long_to_come_again() -> None:
    assert read(errors.Overloaded(retry_after_seconds=2.5)).pushback_seconds == 2.5


@pytest.mark.parametrize("text", ["-1", "soon", "1.5"])
def test_a_pushback_that_is_no_number_means_not_to_come_again(text: str) -> None:
    error = error_of_call(FailedCall("UNAVAILABLE", "", (("grpc-retry-pushback-ms", text),)))

    assert error.pushback_seconds == math.inf


def test_an_answer_about_retries_from_a_newer_adapter_is_no_reason_to_send_again() -> None:
    job = job_pb2.Job(error=job_pb2.JobError(reason="NEW", message="…"))

    assert error_of_job(job).retryable == "NO"


def test_a_call_that_a_stopping_server_never_handed_on_is_unavailable_and_one_that_was_cancelled_is_not() -> None:
    goodbye = error_of_call(FailedCall("CANCELLED", "CANCELLED"), "order-1")
    ours = error_of_call(FailedCall("CANCELLED", "Channel closed!"), "order-1")

    assert (goodbye.reason, goodbye.grpc_code, goodbye.is_retryable) == ("UNAVAILABLE", "UNAVAILABLE", True)
    assert (ours.grpc_code, ours.is_retryable) == ("CANCELLED", False)
    assert read(errors.Cancelled()).grpc_code == "CANCELLED"
