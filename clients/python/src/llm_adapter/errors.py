"""The one exception of the client, and how it is read from what gRPC raises and from a job that failed."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import grpc
from google.rpc import error_details_pb2, status_pb2

from llm_adapter.v1 import job_pb2

DOMAIN = "llm-adapter"
Retryable = Literal["NO", "YES", "FIX"]
# Ends of a call that the adapter did not write itself, after which the same request may be sent again.
_PASSING = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED"})


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule of a contract: where (JSON Pointer or name of a request field), which rule, what it asks for."""

    pointer: str
    rule: str
    message: str


class AdapterError(Exception):
    """A call or a job failed. Decide by `reason`; `message` is for developers, not for end users."""

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        retryable: Retryable = "NO",
        violations: tuple[Violation, ...] = (),
        job_id: str = "",
        request_id: str = "",
        grpc_code: str = "",
        pushback_seconds: float | None = None,
    ) -> None:
        broken = [f"{one.pointer or 'the whole'}: {one.message}" for one in violations]
        super().__init__("\n- ".join([f"{reason}: {message}", *broken]))
        self.reason = reason
        """Stable name in UPPER_SNAKE, see Reason. If the adapter said none, the name of the gRPC code."""
        self.message = message
        self.retryable: Retryable = retryable
        """Whether the same request can succeed later: NO, YES, or FIX (after somebody changed something)."""
        self.violations = violations
        self.job_id = job_id
        """Empty as long as there is no job."""
        self.request_id = request_id
        """What the call was sent with; send it again with this id, and the model is not paid twice."""
        self.grpc_code = grpc_code
        """How the call ended; empty for the error of a job that a call returned."""
        self.pushback_seconds = pushback_seconds
        """After how long the adapter wants to be asked again; infinite: not at all; None: it did not say."""

    @property
    def is_retryable(self) -> bool:
        """True if the same request, with the same request id, can succeed later without anybody doing anything."""
        return self.retryable == "YES"


def error_of_call(failure: grpc.RpcError, request_id: str = "") -> AdapterError:
    """Read the error of a call: google.rpc.Status and trailers, or gRPC's code alone when it never got that far."""
    # Every error of a call, synchronous or not, has these methods of grpc.Call.
    call = cast("grpc.Call", failure)
    trailers = dict(call.trailing_metadata() or ())
    code = _code_of(call)
    status = status_pb2.Status.FromString(cast("bytes", trailers.get("grpc-status-details-bin", b"")))
    info = next((one for one in _details(status, error_details_pb2.ErrorInfo) if one.domain == DOMAIN), None)
    details: Mapping[str, str] = info.metadata if info else {}
    return AdapterError(
        info.reason if info else code,
        status.message or call.details() or "the call ended without a message",
        retryable=_retryable(details.get("retryable", "YES" if info is None and code in _PASSING else "NO")),
        violations=tuple(_violations(status)),
        job_id=details.get("job_id", "") or str(trailers.get("llm-job-id", "")),
        request_id=request_id,
        grpc_code=code,
        pushback_seconds=_pushback_seconds(trailers, status),
    )


def _code_of(call: grpc.Call) -> str:
    """As gRPC has it, but for its word of a server that stops: that cancels calls which it never handed on."""
    code, trailers = call.code().name, dict(call.trailing_metadata() or ())
    is_goodbye = (code, call.details()) == ("CANCELLED", "CANCELLED") and "grpc-status-details-bin" not in trailers
    return "UNAVAILABLE" if is_goodbye else code


def error_of_job(job: job_pb2.Job) -> AdapterError:
    """Read the error of a job that FAILED or was CANCELLED."""
    return AdapterError(
        job.error.reason,
        job.error.message,
        retryable=_retryable(job_pb2.Retryable.Name(job.error.retryable).removeprefix("RETRYABLE_")),
        violations=tuple(Violation(one.pointer, one.rule, one.message) for one in job.error.violations),
        job_id=job.job_id,
        request_id=job.request_id,
    )


def _retryable(text: str) -> Retryable:
    """What a later version may say that this one does not know is no reason to send anything again."""
    return cast("Retryable", text) if text in {"YES", "FIX"} else "NO"


def _details(status: status_pb2.Status, kind: type[Any]) -> Iterator[Any]:
    for packed in status.details:
        if packed.Is(kind.DESCRIPTOR):
            yield kind.FromString(packed.value)


def _violations(status: status_pb2.Status) -> Iterator[Violation]:
    for request in _details(status, error_details_pb2.BadRequest):
        for one in request.field_violations:
            yield Violation(one.field, one.reason, one.description)


def _pushback_seconds(trailers: Mapping[str, str | bytes], status: status_pb2.Status) -> float | None:
    """The trailer of gRPC's retry design, where a negative or unreadable number means "do not"; else RetryInfo."""
    text = trailers.get("grpc-retry-pushback-ms")
    if text is not None:
        is_number = isinstance(text, str) and text.isascii() and text.isdigit()
        return int(text) / 1000 if is_number else math.inf
    for info in _details(status, error_details_pb2.RetryInfo):
        return float(info.retry_delay.seconds + info.retry_delay.nanos / 1e9)
    return None
