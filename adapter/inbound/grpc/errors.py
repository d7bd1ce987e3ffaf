"""The one translator from our error tree to google.rpc.Status and trailers, bounded so that Java's 8 KiB suffice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from adapter.errors import AdapterError, Retryable, Violation
from adapter.inbound.grpc.text import cut, foreign_text

DOMAIN = "llm-adapter"
MESSAGE_BYTES = 300
STATUS_BYTES = 4096
# What one value or violation may take of the whole.
PART_BYTES = 200
METADATA_BYTES = 1024
DEFAULT_PUSHBACK_SECONDS = 1.0
# The codes that clients and gRPC's own retry policies retry by themselves.
RETRIED_CODES = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED"})
# Room for the type of the last detail, and for its last violation, which says how many more there are.
_RESERVE_BYTES = 96
# Tags and lengths around an entry of a map, or around an element of a list.
_ENTRY_BYTES = 8
_ELEMENT_BYTES = 3
_JOB_ID_BYTES = 64

Trailer = tuple[str, str | bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """How a call ends: gRPC code, message, and trailers with the details among them."""

    code: grpc.StatusCode
    message: str
    trailers: tuple[Trailer, ...]


def answer_of(error: AdapterError) -> Answer:
    """Return how a call ends that met this error."""
    status = status_of(error)
    trailers: list[Trailer] = [("grpc-status-details-bin", status.SerializeToString())]
    trailers += job_id_trailer(error.metadata.get("job_id", ""))
    pushback = pushback_seconds(error)
    if pushback is not None:
        trailers.append(("grpc-retry-pushback-ms", str(round(pushback * 1000))))
    return Answer(grpc.StatusCode[error.grpc_code], status.message, tuple(trailers))


async def abort(context: grpc.aio.ServicerContext[Any, Any], error: AdapterError) -> NoReturn:
    """End the call with this error."""
    answer = answer_of(error)
    await context.abort(answer.code, answer.message, answer.trailers)


def job_id_trailer(job_id: str) -> tuple[Trailer, ...]:
    """Say which job it was; nothing when there is none, or when it is no id that a header could hold."""
    fits = 0 < len(job_id) <= _JOB_ID_BYTES and job_id.isascii() and job_id.isprintable()
    return (("llm-job-id", job_id),) if fits else ()


def pushback_seconds(error: AdapterError) -> float | None:
    """Return after how long a retry helps; None = not by itself. gRPC's own retries know only the trailer."""
    if error.retryable is not Retryable.YES or error.grpc_code not in RETRIED_CODES:
        return None
    return DEFAULT_PUSHBACK_SECONDS if error.retry_after_seconds is None else max(0.0, error.retry_after_seconds)


def status_of(error: AdapterError) -> status_pb2.Status:
    """Return the status with one ErrorInfo and the details that apply, at most STATUS_BYTES serialised."""
    status = status_pb2.Status(
        code=code_pb2.Code.Value(error.grpc_code), message=cut(foreign_text(error.message), MESSAGE_BYTES)
    )
    status.details.append(_packed(_error_info(error)))
    pushback = pushback_seconds(error)
    if pushback is not None:
        delay = Duration()
        delay.FromMilliseconds(round(pushback * 1000))
        status.details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    if error.grpc_code == "RESOURCE_EXHAUSTED":
        status.details.append(_packed(_quota_failure(error, status.message)))
    if error.violations:
        room = STATUS_BYTES - status.ByteSize() - _RESERVE_BYTES
        status.details.append(_packed(_bad_request(error.violations, room)))
    return status


def _packed(detail: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(detail)
    return packed


def _error_info(error: AdapterError) -> error_details_pb2.ErrorInfo:
    metadata = {"retryable": error.retryable.value, **_bounded(error.metadata)}
    return error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata)


def _bounded(metadata: Mapping[str, str]) -> dict[str, str]:
    """Keep the job's id and what else has room; `more` says how many entries were left out."""
    kept: dict[str, str] = {}
    size = 0
    for key in sorted(metadata, key=lambda name: name != "job_id"):
        name, value = cut(foreign_text(key), PART_BYTES), cut(foreign_text(metadata[key]), PART_BYTES)
        size += len(name.encode()) + len(value.encode()) + _ENTRY_BYTES
        if size > METADATA_BYTES:
            return {**kept, "more": f"… {len(metadata) - len(kept)} more"}
        kept[name] = value
    return kept


def _quota_failure(error: AdapterError, message: str) -> error_details_pb2.QuotaFailure:
    client = cut(foreign_text(error.metadata.get("client", "")), PART_BYTES)
    subject = f"client:{client}" if client else "server"
    violation = error_details_pb2.QuotaFailure.Violation(subject=subject, description=message)
    return error_details_pb2.QuotaFailure(violations=[violation])


def _bad_request(violations: tuple[Violation, ...], room: int) -> error_details_pb2.BadRequest:
    """Return as many violations as fit into so many bytes; the last one says how many more there are."""
    bad_request = error_details_pb2.BadRequest(field_violations=_that_fit(map(_field_violation, violations), room))
    left_out = len(violations) - len(bad_request.field_violations)
    if left_out:
        bad_request.field_violations.add(description=f"… {left_out} more")
    return bad_request


def _field_violation(violation: Violation) -> error_details_pb2.BadRequest.FieldViolation:
    return error_details_pb2.BadRequest.FieldViolation(
        field=cut(foreign_text(violation.pointer), PART_BYTES),
        reason=cut(foreign_text(violation.rule), PART_BYTES),
        description=cut(foreign_text(violation.message), PART_BYTES),
    )


def _that_fit(
    violations: Iterable[error_details_pb2.BadRequest.FieldViolation], room: int
) -> Iterable[error_details_pb2.BadRequest.FieldViolation]:
    for violation in violations:
        room -= violation.ByteSize() + _ELEMENT_BYTES
        if room < 0:
            return
        yield violation
